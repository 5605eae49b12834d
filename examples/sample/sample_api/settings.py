"""Owns what the service is told by its environment; nothing else reads environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What the service is told once, at its start."""

    commit: str
    environment: str
    greeting: str


def read(environ: Mapping[str, str]) -> Settings:
    """The settings from environment variables; the defaults are for a run without a cluster."""
    return Settings(
        commit=environ.get("COMMIT", "unknown"),
        environment=environ.get("ENVIRONMENT", "local"),
        greeting=environ.get("GREETING", "Hello"),
    )
