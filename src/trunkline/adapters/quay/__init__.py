"""Quay's API, asked for what its scanner found and for its tags; the registry behind it is spoken to elsewhere."""

from trunkline.adapters.quay.scanner import QuayScanner
from trunkline.adapters.quay.tags import QuayTag, QuayTags

__all__ = ["QuayScanner", "QuayTag", "QuayTags"]
