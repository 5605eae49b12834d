"""Composes what the commands for the registry of this machine need: no project at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trunkline.adapters.local_registry import LocalRegistry


def local_registry(environ: Mapping[str, str]) -> LocalRegistry:
    """The registry of this machine."""
    return LocalRegistry(environ, Path.home())
