"""Looking at a repository for what a first `trunkline.yaml` has to say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from trunkline.config.circleci.carry_over import carried_from
from trunkline.plan.first_project import Clues

_OLD = Path(".circleci") / "config.yml"
_PASSED_OVER = frozenset({"node_modules", "vendor", "dist", "build", "venv"})
_DEEPEST = 4
_LARGEST = 1024 * 1024
_PYTHON = ("pytest.ini", "conftest.py", "tox.ini", "tests/conftest.py")


def look(root: Path, trunk: str, old: Path | None = None) -> Clues:
    """What a directory tells.

    Args:
        root: the repository.
        trunk: the branch that is checked out, or empty.
        old: a configuration of CircleCI; that of the repository where None is given.
    """
    charts = tuple(str(path.parent.relative_to(root)) for path in _found(root, "Chart.yaml"))
    content = _read(old or root / _OLD)
    return Clues(
        name=root.resolve().name,
        trunk=trunk,
        dockerfile=next((str(path.relative_to(root)) for path in _found(root, "Dockerfile")), ""),
        charts=charts,
        values=_values(root),
        test=_test(root),
        carried=carried_from(content) if content else None,
    )


def _found(root: Path, name: str) -> list[Path]:
    """The files of that name, those nearest to the root first."""
    found: list[Path] = []
    folders = [root]
    for _ in range(_DEEPEST):
        found += sorted(folder / name for folder in folders if (folder / name).is_file())
        folders = [inner for folder in folders for inner in _folders(folder)]
    return found


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(
            inner
            for inner in folder.iterdir()
            if inner.is_dir()
            and not inner.is_symlink()
            and inner.name not in _PASSED_OVER
            and inner.name[0] != "."
        )
    except OSError:
        return []


def _values(root: Path) -> tuple[str, tuple[str, ...]]:
    for name in ("values", "deploy/values", "helm/values", "deploy", "helm"):
        folder = root / name
        names = tuple(sorted(path.name for path in folder.glob("*.y*ml"))) if folder.is_dir() else ()
        if names and not (folder / "Chart.yaml").exists():
            return name, names
    return "", ()


def _test(root: Path) -> tuple[str, str]:
    """A command that runs the tests, and what tells so."""
    makefile = _read(root / "Makefile")
    if any(line.startswith("test:") for line in makefile.splitlines()):
        return "make test", "the Makefile"
    scripts = _json(root / "package.json").get("scripts")
    if isinstance(scripts, dict) and "test" in scripts and "no test specified" not in str(scripts["test"]):
        return ("yarn test" if (root / "yarn.lock").exists() else "npm test"), "package.json"
    if any((root / name).exists() for name in _PYTHON) or "[tool.pytest" in _read(root / "pyproject.toml"):
        return "python -m pytest -q", "pytest's settings"
    for name, command in (
        ("go.mod", "go test ./..."),
        ("Cargo.toml", "cargo test"),
        ("gradlew", "./gradlew test"),
        ("pom.xml", "mvn --batch-mode test"),
    ):
        if (root / name).exists():
            return command, name
    return "", ""


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(_read(path) or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
