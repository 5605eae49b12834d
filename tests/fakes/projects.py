"""A service with three environments, of which a test changes what it is about by keywords."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trunkline.config.project import ChartSettings, Environment, ImageSettings, Project
from trunkline.domain.images import parse_image

REPOSITORY = parse_image("registry.example/team/sample")


def an_environment(name: str = "dev", **changes: Any) -> Environment:
    settings: dict[str, Any] = {
        "namespace": f"team-{name}",
        "release": "sample",
        "context": name,
        "values": ("base.yaml", f"{name}.yaml"),
        "timeout_s": 60.0,
        "settle_s": 5.0,
    }
    return Environment(name, **settings | changes)


def a_project(root: Path = Path("/project"), **changes: Any) -> Project:
    """dev; qa, which needs dev and an approval; prod, which needs qa and an approval."""
    settings: dict[str, Any] = {
        "service": "sample",
        "root": root,
        "image": ImageSettings(REPOSITORY),
        "chart": ChartSettings(name="backend", repository="s3://charts"),
        "environments": (
            an_environment("dev"),
            an_environment("qa", needs=("dev",), approval=True),
            an_environment("prod", needs=("qa",), approval=True),
        ),
        "values_location": "s3://values",
    }
    return Project(**settings | changes)
