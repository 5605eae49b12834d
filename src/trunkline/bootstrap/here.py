"""What git says of a directory before there is a project in it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trunkline.adapters.git import GitSource
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError


def branch_here(root: Path, environ: Mapping[str, str]) -> str:
    """The branch that is checked out; empty where git knows none."""
    processes = SubprocessProcesses(environ, Redactor.from_environment(environ))
    try:
        return GitSource(processes, root, environ).commit("main").branch or ""
    except TrunklineError:
        return ""
