"""A CI system's workflows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from trunkline.domain.workflows import Pipeline, Workflow, WorkflowJob


class Workflows(Protocol):
    """What a CI system knows of one project's workflows, and what can be said to it.

    Raises (each method):
        Unreachable: it does not answer, or not sensibly. Refused: the token does not allow it.
    """

    def finished(self, since: datetime, branch: str = "") -> Iterator[Workflow]:
        """The workflows that ended and began at `since` or later, as far back as it remembers; in no order."""
        ...

    def recent(self, branch: str = "") -> Iterator[tuple[Pipeline, Workflow]]:
        """The workflows of the newest pipelines, newest first."""
        ...

    def workflow(self, workflow_id: str) -> Workflow:
        """One workflow."""
        ...

    def pipeline(self, pipeline_id: str) -> Pipeline:
        """What set a workflow off."""
        ...

    def jobs(self, workflow_id: str) -> tuple[WorkflowJob, ...]:
        """The jobs of a workflow."""
        ...

    def login(self, user_id: str) -> str:
        """The name that a person of that id logs in by; the id where nobody is known by it."""
        ...

    def approve(self, workflow_id: str, request: str) -> None:
        """Give an approval."""
        ...

    def cancel(self, workflow_id: str) -> None:
        """Stop a workflow; approvals that wait in it will not be given any more."""
        ...
