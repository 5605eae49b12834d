"""Approvals on the CI system: what waits there, since when, and which of it a newer commit has overtaken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.domain.workflows import Pipeline, Workflow, WorkflowJob, held
from trunkline.errors import UsageError
from trunkline.ports.workflows import Workflows

_AT_WORK = frozenset({"running", "queued", "not_running"})


@dataclass(frozen=True, slots=True)
class Waiting:
    """An approval that somebody could give now.

    Attributes:
        request: what it is given by.
        number: the pipeline's.
        superseded_by: the commit of a newer pipeline whose workflow has come as far; empty where there is none.
        busy: jobs of the workflow that run meanwhile: to cancel it would stop them.
    """

    name: str
    request: str
    workflow: str
    number: int
    commit: str
    branch: str
    actor: str
    since: datetime
    superseded_by: str = ""
    busy: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Seen:
    pipeline: Pipeline
    workflow: Workflow
    jobs: tuple[WorkflowJob, ...]


def waiting(workflows: Workflows, branch: str = "") -> tuple[Waiting, ...]:
    """The approvals that wait in the newest pipelines, newest first.

    Raises:
        Unreachable: the CI does not answer.
    """
    seen = [
        _Seen(pipeline, workflow, workflows.jobs(workflow.id))
        for pipeline, workflow in workflows.recent(branch)
    ]
    return tuple(
        _waiting(item, job, seen) for item in seen if not item.workflow.over for job in item.jobs if job.waits
    )


def approve(workflows: Workflows, known: Sequence[Waiting], workflow: str, name: str = "") -> Waiting:
    """Give the approval of a workflow, or that of a name where several wait in it.

    Raises:
        UsageError: none waits there, or several do. Unreachable: the CI does not answer, or refuses.
    """
    found = [item for item in _of(known, workflow) if name in {"", item.name}]
    if len(found) != 1:
        names = ", ".join(sorted(item.name for item in found))
        raise UsageError(
            f"Several approvals wait in {workflow}: {names}."
            if found
            else f"No approval waits in {workflow}{f' by the name of {name}' if name else ''}.",
            "Name one of them: trunkline ci approvals approve WORKFLOW NAME"
            if found
            else "Look at what waits: trunkline ci approvals list",
        )
    workflows.approve(found[0].workflow, found[0].request)
    return found[0]


def cancel(workflows: Workflows, known: Sequence[Waiting], workflow: str) -> Waiting:
    """Stop a workflow that waits: what it would go on with will not be done.

    Raises:
        UsageError: none waits there. Unreachable: the CI does not answer, or refuses.
    """
    found = _of(known, workflow)
    if not found:
        raise UsageError(
            f"No approval waits in {workflow}.", "Look at what waits: trunkline ci approvals list"
        )
    workflows.cancel(found[0].workflow)
    return found[0]


def cancel_superseded(
    workflows: Workflows, known: Iterable[Waiting], tell: Callable[[Waiting], None]
) -> tuple[Waiting, ...]:
    """Stop the workflows in which all that waits is overtaken; of those that are at something `tell` hears instead.

    Raises:
        Unreachable: the CI does not answer, or refuses.
    """
    known = tuple(known)
    still = {item.workflow for item in known if not item.superseded_by}
    done: dict[str, Waiting] = {}
    for item in known:
        if item.workflow in still or item.workflow in done:
            continue
        if item.busy:
            tell(item)
            continue
        workflows.cancel(item.workflow)
        done[item.workflow] = item
    return tuple(done.values())


def _waiting(item: _Seen, job: WorkflowJob, seen: Iterable[_Seen]) -> Waiting:
    newer = [
        other.pipeline
        for other in seen
        if other.pipeline.number > item.pipeline.number
        and (other.pipeline.branch, other.workflow.name) == (item.pipeline.branch, item.workflow.name)
        and any(twin.name == job.name and (twin.waits or twin.succeeded) for twin in other.jobs)
    ]
    newest = max(newer, key=lambda pipeline: pipeline.number, default=None)
    return Waiting(
        job.name,
        job.request,
        item.workflow.id,
        item.pipeline.number,
        item.pipeline.commit,
        item.pipeline.branch,
        item.pipeline.actor,
        held(job, item.jobs, item.workflow.created_at),
        newest.commit if newest else "",
        tuple(other.name for other in item.jobs if other.status in _AT_WORK),
    )


def _of(known: Iterable[Waiting], workflow: str) -> list[Waiting]:
    """What waits in a workflow: of that id, of the only id that begins so, or of the pipeline of that number.

    Raises:
        UsageError: several begin so.
    """
    found = [item for item in known if item.workflow == workflow or str(item.number) == workflow.lstrip("#")]
    found = found or [item for item in known if workflow and item.workflow.startswith(workflow)]
    if len({item.workflow for item in found}) > 1:
        raise UsageError(
            f"Several workflows go by {workflow!r}.", "Write the whole id, as in: trunkline ci approvals list"
        )
    return found
