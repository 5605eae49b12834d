"""Pulling images: what is on the node already, what the registry says, and the kubelet's words for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from trunkline.expressions import expression
from trunkline.rehearsal.nodes.behaviour import Pull
from trunkline.rehearsal.nodes.runs import Run

# The grammar of references (OCI distribution, "Pulling manifests"): only the registry and the tag may have capitals.
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME = expression(
    r"(?:[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]+)?/)?"
    rf"{_PART}(?:/{_PART})*(?::\w[\w.-]{{0,127}})?(?:@sha256:[0-9a-f]{{64}})?",
    re.ASCII,
)

_STATUSES: dict[Pull, str] = {
    "unauthorized": "401 Unauthorized",
    "forbidden": "403 Forbidden",
    "broken": "500 Internal Server Error",
}


def is_valid_name(image: str) -> bool:
    """Whether a runtime can read the image's name at all."""
    return bool(_NAME.fullmatch(image))


def parse_failure(image: str) -> str:
    """What the kubelet says of a name that it cannot read."""
    said = f'couldn\'t parse image reference "{image}": invalid reference format'
    path = _without_tag(image).partition("/")[2] or _without_tag(image)
    lowered = path != path.lower() and is_valid_name(image.replace(path, path.lower(), 1))
    return f"{said}: repository name ({path}) must be lowercase" if lowered else said


def policy_of(run: Run) -> str:
    """When it is pulled: what the spec says, else by the tag."""
    said = run.spec.get("imagePullPolicy")
    if said:
        return str(said)
    return (
        "Always"
        if run.image.endswith(":latest") or ":" not in run.image.rpartition("/")[2]
        else "IfNotPresent"
    )


def failure_message(run: Run) -> str:
    """What the runtime says of a pull that failed."""
    image, head = (
        run.image,
        f'failed to pull and unpack image "{run.image}": failed to resolve reference "{run.image}"',
    )
    stumbles = run.failed_pulls < run.behaviour.failing_pulls
    pull: Pull = "broken" if stumbles else run.behaviour.pull
    host, _, repository = image.partition("/")
    if pull == "not found":
        return f"rpc error: code = NotFound desc = {head}: {image}: not found"
    if pull == "denied":
        said = "pull access denied, repository does not exist or may require authorization: server message: unauthorized"
        return f"rpc error: code = Unknown desc = {head}: {said}: authentication required"
    tag = _tag(repository)
    if pull in _STATUSES:
        said = f"pulling from host {host} failed with status code [manifests {tag}]: {_STATUSES[pull]}"
        return f"rpc error: code = Unknown desc = {head}: {said}"
    scheme = "http" if host.startswith(("127.0.0.1", "localhost")) else "https"
    asked = f'failed to do request: Head "{scheme}://{host}/v2/{_without_tag(repository)}/manifests/{tag}"'
    name = host.partition(":")[0]
    found = (
        f"lookup {name}: no such host" if pull == "unknown host" else f"{host}: connect: connection refused"
    )
    tcp = "dial tcp:" if pull == "unknown host" else "dial tcp"
    return f"rpc error: code = Unknown desc = {head}: {asked}: {tcp} {found}"


def _tag(name: str) -> str:
    """What of an image's name its manifest is asked for by."""
    head, at, digest = name.partition("@")
    return digest if at else head.rpartition("/")[2].partition(":")[2] or "latest"


def image_id(image: str) -> str:
    """The id of an image: its digest where the name has one, else one that is made of the name."""
    name, at, digest = image.partition("@")
    if at:
        return f"{_without_tag(name)}@{digest}"
    return f"{_without_tag(name)}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _without_tag(name: str) -> str:
    name = name.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


class Images:
    """What is on one node."""

    def __init__(self) -> None:
        self._there: set[str] = set()

    def has(self, image: str) -> bool:
        """Whether it was pulled before."""
        return image in self._there

    def add(self, image: str) -> None:
        """It is there from now on."""
        self._there.add(image)


Say = Callable[[Run, str, str, str], None]
"""Records an event about a container: type, reason, message."""
