"""Deploy images: finding out once what goes into them, building those that the registry has not, and naming them."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from trunkline.config.deploy_image_settings import DeployImageSettings
from trunkline.config.project import Environment, ImageSettings, Project
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference, parse_image
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.plan.deploy_images import (
    LOCK_FILE,
    DeployImage,
    Lock,
    LockedTool,
    deploy_image,
    helm_url,
    kubectl_url,
    read_lock,
    wheel_name,
)
from trunkline.ports import Http, Request, TlsSettings, World

_SHA256 = expression(r"\s*([0-9a-f]{64})\b[^\n]*\s*")
_VERSION = expression(r"v?([0-9]+)\.([0-9]+)(?:\.[0-9]+\S*)?")
_EXACT = expression(r"v?([0-9]+\.[0-9]+\.[0-9]+)\s*")
_TIMEOUT_S = 30.0
_LARGEST = 4096


@dataclass(frozen=True, slots=True)
class Made:
    """An environment's image.

    Attributes:
        image: repository and tag, and the digest where the registry has it.
        reused: whether it was there already.
    """

    environment: str
    image: str
    helm: str
    kubectl: str
    dockerfile: str
    reused: bool


def lock_tools(world: World) -> Lock:
    """Find out versions and sums, and write them into the lock file beside `trunkline.yaml`.

    Raises:
        Unreachable: a download site or a cluster does not answer. UsageError: the file cannot be written.
    """
    settings, http = world.project.deploy_images, world.http(TlsSettings())
    url = helm_url(settings)
    helm = LockedTool(settings.helm, url, _sum_at(http, f"{url}.sha256sum"))
    found: dict[str, LockedTool] = {}
    known: dict[str, LockedTool] = {}
    for environment in world.project.environments:
        version = settings.kubectl.get(environment.name) or _version_for(world, http, environment)
        if version not in known:
            url = kubectl_url(settings, version)
            known[version] = LockedTool(version, url, _sum_at(http, f"{url}.sha256"))
        found[environment.name] = known[version]
    lock = Lock(helm, found)
    try:
        (world.project.root / LOCK_FILE).write_text(lock.dump(), encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{LOCK_FILE} cannot be written: {error.strerror}.", "Make the project's directory writable."
        ) from None
    return lock


def has_lock(project: Project) -> bool:
    """Whether deploy images were ever thought of."""
    return (project.root / LOCK_FILE).is_file()


def planned(project: Project, names: Sequence[str] = ()) -> tuple[DeployImage, ...]:
    """The images of environments, or of those that are named; nothing is built or asked.

    Raises:
        UsageError: there is no lock file, or it does not fit; the wheel is not there.
    """
    try:
        lock = read_lock((project.root / LOCK_FILE).read_text(encoding="utf-8"))
    except OSError:
        raise UsageError(
            f"There is no {LOCK_FILE} beside {project.source}.", "Make it: trunkline ci images --lock"
        ) from None
    wheel = _wheel(project)
    return tuple(
        deploy_image(project.deploy_images, lock, item.name, wheel)
        for item in project.environments
        if not names or item.name in names
    )


def known(world: World) -> Mapping[str, str]:
    """The images that the registry has, with their digests, by environment.

    Raises:
        UsageError: as `planned`. Unreachable: the registry does not answer.
    """
    found: dict[str, str] = {}
    for item in planned(world.project):
        reference = _reference(world.project, item)
        digest = world.registry.digest(reference, _settings(world.project, reference))
        if digest is not None:
            found[item.environment] = str(reference.with_digest(digest))
    return found


def make(
    world: World, names: Sequence[str], tell: Callable[[str], None], *, build: bool, push: bool
) -> tuple[Made, ...]:
    """The images of environments; those that the registry has not are built and pushed where that is wished.

    What the registry has is never made again: a tag stands for what went into it.

    Raises:
        UsageError: as `planned`. DeploymentFailed: a build failed. Unreachable: registry or builder do not answer.
    """
    return tuple(_made(world, item, tell, build=build, push=push) for item in planned(world.project, names))


def _made(world: World, item: DeployImage, tell: Callable[[str], None], *, build: bool, push: bool) -> Made:
    project = world.project
    reference = _reference(project, item)
    settings = _settings(project, reference)
    there = world.registry.digest(reference, settings) if build or push else None
    if there is None and (build or push):
        with tempfile.TemporaryDirectory(prefix="trunkline-deploy-image-") as folder:
            context = Path(folder)
            (context / "Dockerfile").write_text(item.dockerfile, encoding="utf-8")
            if project.deploy_images.wheel:
                shutil.copy(project.root / project.deploy_images.wheel, context)
            builder = world.builder()
            tell(f"building {reference} with {builder.name}")
            builder.build(reference, settings, context, {}, tell)
            if push:
                reference = reference.with_digest(builder.push(reference, settings, tell))
    elif there is not None:
        reference = reference.with_digest(there)
    return Made(item.environment, str(reference), item.helm, item.kubectl, item.dockerfile, there is not None)


def _reference(project: Project, item: DeployImage) -> ImageReference:
    repository = project.deploy_images.repository
    if not repository:
        if project.image.repository is None:
            raise UsageError("Nothing says where deploy images are kept.", "Set ci.images.repository.")
        repository = f"{project.image.repository.repository}-deploy"
    return parse_image(repository).with_tag(item.tag)


def _settings(project: Project, reference: ImageReference) -> ImageSettings:
    """As the service's own image is built, with nothing of what goes into that."""
    login = project.image
    return replace(
        ImageSettings(reference), builder=login.builder, username=login.username, password=login.password
    )


def _wheel(project: Project) -> tuple[str, str] | None:
    path = project.deploy_images.wheel
    if not path:
        return None
    try:
        content = (project.root / path).read_bytes()
    except OSError as error:
        raise UsageError(
            f"The wheel {path} cannot be read: {error.strerror}.", "Build it, or correct ci.images.wheel."
        ) from None
    return wheel_name(path), hashlib.sha256(content).hexdigest()


def _version_for(world: World, http: Http, environment: Environment) -> str:
    """The newest kubectl of the cluster's own minor version: one that is more than one away is not supported."""
    said = world.cluster(environment.target.cluster).version()
    found = _VERSION.match(said)
    if found is None:
        raise Unreachable(
            f"The cluster of {environment.name} says that it is version {said!r}.",
            f"Set ci.images.kubectl.{environment.name}.",
        )
    minor = f"{found[1]}.{found[2]}"
    settings: DeployImageSettings = world.project.deploy_images
    url = f"{settings.kubectl_from.rstrip('/')}/release/stable-{minor}.txt"
    newest = _EXACT.fullmatch(_text_at(http, url))
    if newest is None:
        raise Unreachable(f"{url} names no version.", f"Set ci.images.kubectl.{environment.name}.")
    return newest[1]


def _sum_at(http: Http, url: str) -> str:
    found = _SHA256.fullmatch(_text_at(http, url))
    if found is None:
        raise Unreachable(
            f"{url} holds no SHA-256.", "Correct ci.images.helm_from or ci.images.kubectl_from."
        )
    return found[1]


def _text_at(http: Http, url: str) -> str:
    response = http.send(Request("GET", url, timeout_s=_TIMEOUT_S, largest=_LARGEST))
    if response.status != _FOUND:
        raise Refused(
            f"{url} answers with HTTP {response.status}.",
            "Correct the version, or where it comes from (ci.images.helm_from, ci.images.kubectl_from).",
        )
    return response.text


_FOUND = 200
