"""An approval that was given on the CI: whose it was, whether they may give it, and how long the deployment waited for it."""

from __future__ import annotations

from datetime import datetime

from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Approval, Attempt, Decision, Ending, Outcome, Run, Stage
from trunkline.domain.job_stages import stage_of
from trunkline.domain.workflows import WorkflowJob, held, released
from trunkline.errors import NotApproved
from trunkline.ports import World
from trunkline.ports.workflows import Workflows
from trunkline.run.attempts import begin_run


@dataclass(frozen=True, slots=True)
class Consent:
    """An approval of the CI's, as it is to be remembered."""

    job: WorkflowJob
    actor: str
    waited_from: datetime
    given_at: datetime


def consent_of_ci(world: World, workflows: Workflows, environment: Environment) -> Consent:
    """The approval that let this CI job begin; it is written into the ledger, once, with the time that it took.

    Raises:
        NotApproved: none precedes this job, or whoever gave it may not. Unreachable: the CI or the ledger does not answer.
    """
    workflow_id = world.surroundings.ci.get("CIRCLE_WORKFLOW_ID", "")
    jobs = workflows.jobs(workflow_id)
    names = tuple(item.name for item in world.project.environments)
    job = _before(_ours(world, jobs), jobs, environment.name, names)
    if job is None:
        raise NotApproved(
            f"{environment.name} takes a deployment only with an approval, and none precedes this job on CircleCI.",
            "Let the job require an approval in .circleci/config.yml; `trunkline ci check` finds such gaps.",
        )
    actor = workflows.login(job.approved_by) if job.approved_by else ""
    allowed = {name.casefold() for name in environment.approvers}
    if allowed and actor.casefold() not in allowed:
        raise NotApproved(
            f"{environment.name} takes approvals of {', '.join(environment.approvers)}, and {job.name} was approved by"
            f" {actor or 'nobody that CircleCI names'}.",
            "Run the workflow again, and have one of them approve it.",
        )
    now = world.clock.now()
    began = held(job, jobs, workflows.workflow(workflow_id).created_at)
    consent = Consent(job, actor or "unknown", min(began, now), min(released(job, jobs) or now, now))
    _remember(world, environment, consent)
    return consent


def _ours(world: World, jobs: tuple[WorkflowJob, ...]) -> WorkflowJob | None:
    """The job that we are: by its id or, where CircleCI does not say that, by its name."""
    ident = world.surroundings.ci.get("CIRCLE_WORKFLOW_JOB_ID", "")
    name = world.surroundings.ci.get("CIRCLE_JOB", "")
    return next((job for job in jobs if job.id == ident), None) or next(
        (job for job in jobs if job.name == name and not job.approval), None
    )


def _before(
    ours: WorkflowJob | None, jobs: tuple[WorkflowJob, ...], environment: str, names: tuple[str, ...]
) -> WorkflowJob | None:
    """The nearest approval before a job that was given; one that is of another environment's lets nothing in here."""
    by_id = {job.id: job for job in jobs}
    level = list(ours.requires) if ours else []
    seen: set[str] = set()
    while level:
        known = [by_id[name] for name in level if name in by_id and name not in seen]
        seen.update(level)
        stages = {job.id: stage_of(job.name, names, {}, approval=job.approval) for job in known}
        unbound = [
            job
            for job in known
            if (stage := stages[job.id]) is None or stage.environment in {"", environment}
        ]
        given = next((job for job in unbound if job.approval and job.succeeded), None)
        if given is not None:
            return given
        level = [name for job in unbound for name in job.requires]
    return None


def _remember(world: World, environment: Environment, consent: Consent) -> None:
    commit = world.source.commit(world.project.trunk)
    run = begin_run(world, commit)
    name = f"circleci-{consent.job.id}"
    if any(item.id == name for item in world.ledger.approvals(run.id, environment.name)):
        return
    attempt = _attempt(world, run, environment, consent, name)
    known = {record.attempt.id for record in world.ledger.attempts(run_id=run.id, limit=1000)}
    if name not in known:
        world.ledger.begin(attempt)
        world.ledger.end(Ending(name, consent.given_at, Outcome.SUCCEEDED))
    world.ledger.decide(
        Approval(
            name, run.id, environment.name, Decision.APPROVED, consent.actor, consent.given_at, "on CircleCI"
        )
    )


def _attempt(world: World, run: Run, environment: Environment, consent: Consent, name: str) -> Attempt:
    return Attempt(
        id=name,
        run_id=run.id,
        service=world.project.service,
        stage=Stage.APPROVAL,
        commit=run.commit,
        actor=consent.actor,
        started_at=consent.waited_from,
        environment=environment.name,
        branch=run.branch,
        ci=world.surroundings.ci,
    )
