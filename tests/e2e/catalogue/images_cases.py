"""Cases: the image cannot be had."""

from __future__ import annotations

from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.objects import container, deployment
from trunkline.domain.rollouts import Cause


def _image(name: str) -> tuple[dict[str, object], ...]:
    return (deployment(container(image=name)),)


CASES = (
    Case(
        "tag-not-found",
        "the tag was never pushed; the revision before was good",
        _image("@REGISTRY@/catalogue/tools:never-built"),
        Cause.IMAGE_NOT_FOUND,
        says=("catalogue/tools:never-built",),
        evidence=("not found",),
        advice="trunkline build",
        before=(deployment(),),
    ),
    Case(
        "repository-not-found",
        "the repository does not exist",
        _image("@REGISTRY@/catalogue/no-such-repository:1"),
        Cause.IMAGE_NOT_FOUND,
        says=("no-such-repository",),
        evidence=("not found",),
        advice="repository",
    ),
    Case(
        "pull-needs-login",
        "the registry wants a login that the namespace does not have (401)",
        _image("@NEIGHBOUR@/denied/tools:1"),
        Cause.IMAGE_DENIED,
        says=("denied/tools:1",),
        evidence=("401", "authorization|Unauthorized|no basic auth"),
        advice="pull secret",
    ),
    Case(
        "pull-forbidden",
        "the registry knows us and says no (403)",
        _image("@NEIGHBOUR@/forbidden/tools:1"),
        Cause.IMAGE_DENIED,
        says=("forbidden/tools:1",),
        evidence=("403",),
        advice="pull secret",
    ),
    Case(
        "registry-refuses-connections",
        "nobody listens at the registry's port",
        _image("127.0.0.1:1/team/tools:1"),
        Cause.REGISTRY_UNREACHABLE,
        says=("127.0.0.1:1",),
        evidence=("connection refused",),
        advice="reach",
    ),
    Case(
        "registry-name-unknown",
        "no DNS knows the registry's name",
        _image("registry.catalogue.invalid/team/tools:1"),
        Cause.REGISTRY_UNREACHABLE,
        says=("registry.catalogue.invalid",),
        evidence=("lookup registry.catalogue.invalid",),
        advice="reach",
    ),
    Case(
        "registry-answers-500",
        "the registry is out of order for good",
        _image("@NEIGHBOUR@/broken/tools:1"),
        Cause.REGISTRY_UNREACHABLE,
        says=("broken/tools:1",),
        evidence=("500 Internal Server Error",),
        advice="registry",
    ),
    Case(
        "image-name-invalid",
        "the image's name has capital letters",
        _image("@REGISTRY@/Catalogue/Tools:1"),
        Cause.IMAGE_NAME,
        says=("Catalogue/Tools",),
        evidence=("couldn't parse image reference",),
        advice="values",
    ),
    Case(
        "image-never-pull",
        "the image is not on the node and may not be pulled",
        (deployment(container(image="@REGISTRY@/catalogue/absent:1", imagePullPolicy="Never")),),
        Cause.IMAGE_PULL,
        says=("catalogue/absent:1",),
        evidence=("not present with pull policy of Never",),
        advice="imagePullPolicy",
    ),
)
