"""Asks OCI registries: which digest a tag stands for, what an image says of itself."""

from trunkline.adapters.registry.oci import OciRegistry

__all__ = ["OciRegistry"]
