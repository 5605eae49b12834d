"""Plays a script to its end, or as long as one looks."""

from __future__ import annotations

from trunkline.rehearsal.nodes.files import Files, Tree
from trunkline.rehearsal.nodes.shell.process import Container, Process


def container(files: Files | None = None, **environment: str) -> Container:
    """A container of an image of which nothing is told."""
    return Container(files or Files(Tree()), environment, lambda name: None, 1_000_000_000.0)


def begun(script: str, files: Files | None = None, **environment: str) -> Process:
    """A container's first process, `sh -c`, at its start."""
    return Process(container(files, **environment), ["sh", "-c", script])


def played(process: Process, until_s: float = 1_000.0) -> Process:
    """The process after that time."""
    while process.due_s <= until_s:
        process.go_on(process.due_s)
    process.go_on(until_s)
    return process


def said(process: Process) -> list[str]:
    """Its lines."""
    return [line for _, line in process.log]
