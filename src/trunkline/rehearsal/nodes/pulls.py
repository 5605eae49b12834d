"""Pulling images: what is on the node already, what the registry says, and the kubelet's words for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from trunkline.rehearsal.nodes.runs import Run

_NAME = re.compile(r"[a-z0-9]+(?:[._/:-]+[a-z0-9A-Z_.]+)*(?::[\w][\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?")


def is_valid_name(image: str) -> bool:
    """Whether a runtime can read the image's name at all."""
    return bool(_NAME.fullmatch(image)) and not image.rsplit("/", maxsplit=1)[-1].startswith(":")


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
    pull = run.behaviour.pull
    if pull == "not found":
        return f"rpc error: code = NotFound desc = {head}: {image}: not found"
    if pull == "denied":
        said = "pull access denied, repository does not exist or may require authorization: server message: unauthorized"
        return f"rpc error: code = Unknown desc = {head}: {said}: authentication required"
    host = image.partition("/")[0]
    return f'rpc error: code = Unknown desc = {head}: failed to do request: Head "https://{host}/v2/": dial tcp {host}: connect: connection refused'


def image_id(image: str) -> str:
    """The id of an image: its digest where the name has one, else one that is made of the name."""
    name, at, digest = image.partition("@")
    if at:
        return f"{_without_tag(name)}@{digest}"
    return f"{_without_tag(name)}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"


def _without_tag(name: str) -> str:
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
