"""What a CI system knows of its workflows: which ran for which commit, of which jobs, and who approved what when."""

from __future__ import annotations

from datetime import datetime

from trunkline.dataclass import dataclass

SUCCESS, FAILED, CANCELED, ON_HOLD = "success", "failed", "canceled", "on_hold"
_OVER = frozenset({SUCCESS, FAILED, CANCELED, "error", "unauthorized", "not_run"})
_BAD = frozenset({FAILED, "error", "infrastructure_fail", "timedout", "terminated-unknown"})


@dataclass(frozen=True, slots=True)
class Workflow:
    """One execution of a workflow.

    Attributes:
        pipeline: the id of what set it off; its commit is known there.
        number: the pipeline's number: newer ones have greater numbers.
        stopped_at: None while it is at work, or on hold.
    """

    id: str
    name: str
    status: str
    pipeline: str
    number: int
    created_at: datetime
    stopped_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing will happen in it any more."""
        return self.status in _OVER and self.stopped_at is not None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What set workflows off.

    Attributes:
        branch: empty for a tag.
        actor: the login of whoever did, or empty.
    """

    id: str
    number: int
    commit: str
    branch: str
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class WorkflowJob:
    """A job of a workflow, or an approval in it.

    Attributes:
        requires: ids of jobs before it.
        request: what an approval is given by; empty for jobs that run.
        approved_by: the id of whoever approved it, or empty.
    """

    id: str
    name: str
    status: str
    approval: bool = False
    number: int = 0
    started_at: datetime | None = None
    stopped_at: datetime | None = None
    requires: tuple[str, ...] = ()
    request: str = ""
    approved_by: str = ""

    @property
    def waits(self) -> bool:
        """Whether it waits for somebody's approval now."""
        return self.approval and self.status == ON_HOLD

    @property
    def succeeded(self) -> bool:
        """Whether it ran, or was approved, and all was well."""
        return self.status == SUCCESS

    @property
    def failed(self) -> bool:
        """Whether it ran and something was wrong."""
        return self.status in _BAD


def held(job: WorkflowJob, jobs: tuple[WorkflowJob, ...], created_at: datetime) -> datetime:
    """Since when an approval waited: the last thing before it ended then.

    Args:
        job: the approval.
        jobs: all of its workflow.
        created_at: when the workflow began, which is the answer where nothing comes before the approval.
    """
    before = [other.stopped_at or other.started_at for other in jobs if other.id in job.requires]
    known = [moment for moment in before if moment is not None]
    return max(known, default=job.started_at or created_at)


def released(job: WorkflowJob, jobs: tuple[WorkflowJob, ...]) -> datetime | None:
    """When an approval was given: its own end or, as CircleCI often has none, the beginning of what it let go on."""
    if not job.succeeded:
        return None
    after = [other.started_at for other in jobs if job.id in other.requires and other.started_at is not None]
    return job.stopped_at or min(after, default=None)
