"""A tiny service in a namespace of its own, whose releases are made through a proxy or directly."""

from __future__ import annotations

import json
import secrets
import time
from pathlib import Path
from typing import Any

from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.catalogue.objects import container, deployment
from tests.e2e.workbench import Workbench


def make_service(folder: Path, environment: dict[str, str], registry: str) -> Workbench:
    """A project below `folder` with no commit yet; its release is called `sample`."""
    name = f"kill-{secrets.token_hex(4)}"
    directory = folder / name
    (directory / "chart" / "templates").mkdir(parents=True)
    chart = {"apiVersion": "v2", "name": "sample", "version": "1.0.0"}
    (directory / "chart" / "Chart.yaml").write_text(json.dumps(chart), encoding="utf-8")
    project = {
        "version": 1,
        "service": "sample",
        "image": {"repository": f"{registry}/catalogue/tools"},
        "chart": {"path": "chart"},
        "environments": {"dev": {"namespace": name, "timeout": "90s", "settle": "1s"}},
        "measure": {"sinks": {"datadog": False}},
    }
    (directory / "trunkline.yaml").write_text(json.dumps(project), encoding="utf-8")
    ledger = f"sqlite:///{folder / name}.db"
    bench = Workbench(directory, {**environment, "TRUNKLINE_LEDGER": ledger}, {"dev": name})
    bench.tool("git", "init", "--quiet", "--initial-branch", "main")
    bench.tool("git", "config", "user.name", "Test")
    bench.tool("git", "config", "user.email", "test@example.com")
    bench.tool("kubectl", "create", "namespace", name)
    return bench


def write_version(bench: Workbench, image: ToolsImage, *, crashes: bool = False, main: Any = None) -> str:
    """Commit the next version and push its image; the commit."""
    return write_objects(
        bench, image, deployment(main or (container("echo no way; exit 3") if crashes else container()))
    )


def write_objects(bench: Workbench, image: ToolsImage, *objects: Any) -> str:
    """Commit a chart of these objects and push the image of that commit; the commit."""
    template = bench.directory / "chart" / "templates" / "objects.yaml"
    documents = "\n---\n".join(json.dumps(item, indent=1) for item in objects)
    template.write_text(f"# {time.time_ns()}\n{documents}\n", encoding="utf-8")
    sha = bench.commit()
    image.push(bench.tool("git", "rev-parse", "--short=7", "HEAD").strip())
    return sha
