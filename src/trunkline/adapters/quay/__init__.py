"""Quay's API, asked for what its scanner found; the registry behind it is spoken to elsewhere."""

from trunkline.adapters.quay.scanner import QuayScanner

__all__ = ["QuayScanner"]
