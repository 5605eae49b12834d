"""Image references and digests: `registry/path:tag@digest`, read and written as registries spell them.

The grammar is that of the OCI distribution specification (v1.1, "Pulling manifests") and of Docker's
reference format: a first component with a dot, a colon or `localhost` is the registry's address.
"""

from __future__ import annotations

from dataclasses import replace

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_DIGEST = expression(r"sha256:[0-9a-f]{64}")
_TAG = expression(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_COMPONENT = expression(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_HOST = expression(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?")
_LOOPBACK = expression(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?")
DEFAULT_REGISTRY = "docker.io"


@dataclass(frozen=True, slots=True)
class ImageReference:
    """An image: where it is (`registry`, `path`), its `tag` and its `digest` where they are known."""

    registry: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """The registry and the path, as Kubernetes and Helm values spell a repository."""
        return f"{self.registry}/{self.path}"

    @property
    def name(self) -> str:
        """The last component of the path."""
        return self.path.rpartition("/")[2]

    @property
    def on_loopback(self) -> bool:
        """Whether the registry is on this machine; such a registry is spoken to in plain HTTP."""
        return _LOOPBACK.fullmatch(self.registry) is not None

    def with_tag(self, tag: str) -> ImageReference:
        """The same repository with another tag and no digest."""
        return replace(self, tag=tag, digest=None)

    def with_digest(self, digest: str) -> ImageReference:
        """The same reference, pinned."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.repository}{tag}{digest}"


def is_digest(text: str) -> bool:
    """Whether `text` is a sha256 digest in its canonical spelling."""
    return _DIGEST.fullmatch(text) is not None


def parse_image(text: str) -> ImageReference:
    """Read `[registry/]path[:tag][@digest]`.

    Raises:
        ValueError: one sentence with what is wrong.
    """
    rest, at, digest = text.partition("@")
    if at and not is_digest(digest):
        raise ValueError(f"the digest of image {text!r} is not 'sha256:' and 64 hexadecimal digits")
    head, colon, tag = rest.rpartition(":")
    if not colon or "/" in tag:
        head, tag = rest, ""
    elif not _TAG.fullmatch(tag):
        raise ValueError(f"the tag of image {text!r} is not 1 to 128 letters, digits, '_', '.' or '-'")
    first, slash, remainder = head.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, remainder
    else:
        registry, path = DEFAULT_REGISTRY, head
    if not _HOST.fullmatch(registry):
        raise ValueError(f"the registry of image {text!r} is not a host name with an optional port")
    if not path or not all(_COMPONENT.fullmatch(part) for part in path.split("/")):
        raise ValueError(f"the name of image {text!r} is not lower-case words joined by '/', '.', '_' or '-'")
    return ImageReference(registry, path, tag or None, digest or None)
