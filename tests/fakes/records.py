"""Records for tests: complete ones, of which a test changes what it is about with `dataclasses.replace` or keywords."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.gates import GateOutcome, GateRecord
from trunkline.domain.ingredients import ChartOrigin, Ingredients, LayerOrigin

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DIGEST = "sha256:" + "ab" * 32
INGREDIENTS = Ingredients(
    ChartOrigin("backend", "1.0.0", "cd" * 32, "s3://charts/backend-1.0.0.tgz"),
    (LayerOrigin("base.yaml", "ef" * 32, "s3://values/base.yaml", "v1"),),
)


def at(seconds: float) -> datetime:
    """So many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def a_run(run_id: str = "run-1", seconds: float = 0, service: str = "sample") -> Run:
    return Run(
        id=run_id,
        service=service,
        commit=COMMIT,
        branch="main",
        actor="ada",
        started_at=at(seconds),
        until="prod",
        ci={"CIRCLE_JOB": "release", "CIRCLE_BUILD_NUM": "7"},
    )


def an_attempt(
    attempt_id: str = "attempt-1",
    seconds: float = 0,
    *,
    run_id: str = "run-1",
    stage: Stage = Stage.DEPLOY,
    environment: str = "dev",
    service: str = "sample",
) -> Attempt:
    return Attempt(
        id=attempt_id,
        run_id=run_id,
        service=service,
        stage=stage,
        commit=COMMIT,
        actor="ada",
        started_at=at(seconds),
        environment=environment,
        branch="main",
        image="registry.example/sample:0123456",
        release="sample",
        kind=Kind.PROMOTION,
        ci={"CIRCLE_JOB": "release"},
    )


def an_ending(
    attempt_id: str = "attempt-1", seconds: float = 30, outcome: Outcome = Outcome.SUCCEEDED
) -> Ending:
    failed = outcome is not Outcome.SUCCEEDED
    return Ending(
        attempt_id=attempt_id,
        finished_at=at(seconds),
        outcome=outcome,
        reason="The container crashes on start." if failed else "",
        cause="crash-loop" if failed else "",
        undone="returned to revision 3" if failed else "",
        digest=DIGEST,
        revision=4,
    )


def an_approval(
    approval_id: str = "approval-1",
    seconds: float = 0,
    decision: Decision = Decision.APPROVED,
    *,
    run_id: str = "run-1",
    environment: str = "qa",
) -> Approval:
    return Approval(
        id=approval_id,
        run_id=run_id,
        environment=environment,
        decision=decision,
        actor="grace",
        decided_at=at(seconds),
        reason="seen it work",
    )


def a_gate(
    gate_id: str = "gate-1",
    seconds: float = 20,
    *,
    digest: str = DIGEST,
    service: str = "sample",
    attempt_id: str = "attempt-1",
    run_id: str = "run-1",
) -> GateRecord:
    return GateRecord(
        id=gate_id,
        attempt_id=attempt_id,
        run_id=run_id,
        service=service,
        environment="",
        image="registry.example/sample:0123456",
        digest=digest,
        outcome=GateOutcome.WARNED,
        source="quay",
        summary="1 medium",
        judged_at=at(seconds),
        details={"rows": [{"id": "CVE-2026-1", "score": 5.5, "fixed_in": "", "aliases": []}], "notes": ["ü"]},
    )


def a_mark(
    mark_id: str = "mark-1", seconds: float = 30, service: str = "sample", environment: str = "dev"
) -> Mark:
    return Mark(
        id=mark_id,
        says=Says.OPENED,
        service=service,
        environment=environment,
        deployment="deployment-1",
        subject="incident-1",
        title="slow \u00fc",
        actor="ada",
        at=at(seconds - 5),
        said_at=at(seconds),
    )


def a_deployment(
    deployment_id: str = "deployment-1",
    seconds: float = 30,
    *,
    attempt_id: str = "attempt-1",
    run_id: str = "run-1",
    environment: str = "dev",
    service: str = "sample",
) -> Deployment:
    return Deployment(
        id=deployment_id,
        attempt_id=attempt_id,
        run_id=run_id,
        service=service,
        environment=environment,
        commit=COMMIT,
        image="registry.example/sample:0123456",
        digest=DIGEST,
        release="sample",
        revision=4,
        kind=Kind.PROMOTION,
        actor="ada",
        deployed_at=at(seconds),
        ingredients=INGREDIENTS.dump(),
    )
