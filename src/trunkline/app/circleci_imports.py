"""What CircleCI still knows: workflows that ended become runs, their jobs attempts, and approvals tell what waited.

Each record gets an identifier that follows from CircleCI's own, so that an import can be repeated. A workflow that ran
Trunkline itself is in the ledger by its own word and is left alone. Workflows are taken in one by one, each of them
whole: an import that is stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from trunkline.app.changes import brought
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import (
    Approval,
    Attempt,
    Decision,
    Deployment,
    Ending,
    Kind,
    Outcome,
    Run,
    Stage,
)
from trunkline.domain.job_stages import JobStage, stage_of
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.workflows import CANCELED, Pipeline, Workflow, WorkflowJob, held, released
from trunkline.ports import World
from trunkline.ports.workflows import Workflows

_ALL = 2**62
_PREFIX = "import-"


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is to be imported.

    Attributes:
        since: workflows that began then, or later.
        branch: of this branch only; empty for all.
        stages: which stage a job is, where its name does not tell.
    """

    since: datetime
    branch: str
    stages: Mapping[str, JobStage]


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of it.

    Attributes:
        workflows: how many are new.
        records: how many records these became.
        known: workflows that were here already.
        stages: for each job that was taken in, how it was understood.
        left_out: names of jobs of which nobody knows what they are.
    """

    workflows: int
    records: int
    known: int
    stages: Mapping[str, JobStage]
    left_out: tuple[str, ...]


def import_workflows(
    world: World, workflows: Workflows, wishes: Wishes, tell: Callable[[str], None] = lambda _: None
) -> Imported:
    """Take in what ended since, oldest first.

    Raises:
        Unreachable: CircleCI or the ledger does not answer; what was taken in until then stays.
    """
    intake = _Intake(world, workflows, wishes)
    found = {item.id: item for item in workflows.finished(wishes.since, wishes.branch)}
    known = {run.id for run in world.ledger.runs(world.project.service, limit=_ALL)}
    new = [item for item in found.values() if item.id not in known and _name(item.id) not in known]
    # What was left out for its name may be understood now, and nothing that is known is taken in twice.
    again = [item for item in found.values() if wishes.stages and _name(item.id) in known]
    records = 0
    for item in sorted(new + again, key=lambda item: (item.created_at, item.id)):
        added = intake.take(item)
        records += added
        tell(f"{item.created_at:%Y-%m-%d %H:%M} {item.name}: {item.status}, {added} records")
    return Imported(
        len(new),
        records,
        len(found) - len(new),
        dict(sorted(intake.understood.items())),
        tuple(sorted(intake.left_out)),
    )


class _Intake:
    """Takes in one workflow after the other; later ones need to know what stood since earlier ones."""

    def __init__(self, world: World, workflows: Workflows, wishes: Wishes) -> None:
        self._world = world
        self._workflows = workflows
        self._wishes = wishes
        self._attempts = {
            record.attempt.id for record in world.ledger.attempts(service=world.project.service, limit=_ALL)
        }
        self._stood: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
        for item in world.ledger.arrivals(service=world.project.service):
            self._stood[item.environment].append((item.deployed_at, item.commit))
        for stood in self._stood.values():
            stood.sort()
        self.understood: dict[str, JobStage] = {}
        self.left_out: set[str] = set()

    def take(self, workflow: Workflow) -> int:
        """Write one down; how many records it became."""
        whole = self._workflows.workflow(workflow.id)
        pipeline = self._workflows.pipeline(whole.pipeline)
        jobs = self._workflows.jobs(workflow.id)
        run = Run(
            _name(workflow.id),
            self._world.project.service,
            pipeline.commit,
            pipeline.branch,
            pipeline.actor or "circleci",
            whole.created_at,
            ci={"CIRCLE_WORKFLOW_ID": whole.id, "CIRCLE_PIPELINE_ID": pipeline.id},
        )
        records: list[LedgerRecord] = [run]
        for job in jobs:
            stage = self._stage(job)
            # A workflow that was run again brings along the jobs that had been done before.
            if stage is None or _name(job.id) in self._attempts:
                continue
            made = list(self._records(run, job, stage, jobs, pipeline))
            records += made
            if made:
                self._attempts.add(_name(job.id))
        return self._world.ledger.add(records).new

    def _stage(self, job: WorkflowJob) -> JobStage | None:
        environments = [item.name for item in self._world.project.environments]
        found = stage_of(job.name, environments, self._wishes.stages, approval=job.approval)
        if found is None:
            self.left_out.add(job.name)
        else:
            self.understood[job.name] = found
        return found

    def _records(
        self, run: Run, job: WorkflowJob, stage: JobStage, jobs: Sequence[WorkflowJob], pipeline: Pipeline
    ) -> Iterator[LedgerRecord]:
        span = _span(job, tuple(jobs), run.started_at)
        if span is None:
            return
        began, ended, outcome = span
        name = _name(job.id)
        approver = self._workflows.login(job.approved_by) if job.approved_by else ""
        yield Attempt(
            id=name,
            run_id=run.id,
            service=run.service,
            stage=stage.stage,
            commit=run.commit,
            actor=approver or run.actor,
            started_at=began,
            environment=stage.environment,
            branch=run.branch,
            ci={"CIRCLE_JOB": job.name, "CIRCLE_WORKFLOW_JOB_ID": job.id, **run.ci},
        )
        reason = "" if outcome is Outcome.SUCCEEDED else f"the job {job.name} {job.status} on CircleCI"
        yield Ending(name, ended, outcome, reason)
        if outcome is not Outcome.SUCCEEDED:
            return
        if stage.stage is Stage.APPROVAL:
            yield Approval(name, run.id, stage.environment, Decision.APPROVED, approver or "unknown", ended)
        elif stage.stage is Stage.DEPLOY:
            yield self._deployment(run, name, stage.environment, pipeline.commit, ended)

    def _deployment(self, run: Run, name: str, place: str, commit: str, ended: datetime) -> Deployment:
        stood = self._stood[place]
        index = bisect_left(stood, (ended, ""))
        base = stood[index - 1][1] if index else ""
        stood.insert(index, (ended, commit))
        environment = next((item for item in self._world.project.environments if item.name == place), None)
        return Deployment(
            id=name,
            attempt_id=name,
            run_id=run.id,
            service=run.service,
            environment=place,
            commit=commit,
            image="",
            digest="",
            release=str(environment.target) if environment else "",
            revision=0,
            kind=Kind.RELEASE,
            actor=run.actor,
            deployed_at=ended,
            changes=brought(self._world, base, commit).dump(),
        )


def _span(
    job: WorkflowJob, jobs: tuple[WorkflowJob, ...], created_at: datetime
) -> tuple[datetime, datetime, Outcome] | None:
    """From when to when it lasted, and how it ended; None where it never began."""
    if job.approval:
        given = released(job, jobs)
        began = held(job, jobs, created_at)
        return None if given is None else (began, max(began, given), Outcome.SUCCEEDED)
    if job.started_at is None or job.stopped_at is None:
        return None
    if job.succeeded:
        return job.started_at, job.stopped_at, Outcome.SUCCEEDED
    if job.failed or job.status == CANCELED:
        outcome = Outcome.FAILED if job.failed else Outcome.INTERRUPTED
        return job.started_at, job.stopped_at, outcome
    return None


def _name(ident: str) -> str:
    return _PREFIX + hashlib.sha256(f"circleci\0{ident}".encode()).hexdigest()[:20]
