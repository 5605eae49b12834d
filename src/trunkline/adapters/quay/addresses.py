"""Where Quay is, and whether a secret may be sent there."""

from __future__ import annotations

from urllib.parse import urlsplit

from trunkline.domain.images import ImageReference
from trunkline.errors import Refused

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def base_of(image: ImageReference, url: str) -> str:
    """The address of the Quay that has `image`: `url` where it is given, else the image's registry."""
    return url.rstrip("/") or f"{'http' if image.on_loopback else 'https'}://{image.registry}"


def check_secret(base: str, who: str) -> None:
    """See to it that nobody on the way can read the secret of `who`.

    Raises:
        Refused: there is a network on the way, and no TLS.
    """
    parts = urlsplit(base)
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise Refused(f"{parts.hostname} would be given {who} without TLS.", "Write `gate.url` with https.")
