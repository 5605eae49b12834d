"""What the ledger's facts amount to: what stands where, and what happened.

`trunkline status` and `trunkline history` print these rows. Nothing here depends on the order in which the
records come: time decides, and the (time-ordered) id where two moments are equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from trunkline.domain.attempts import AttemptRecord, Deployment, Kind, Outcome, Stage


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of `trunkline status`: what an environment runs, and what became of the last try to change it.

    Attributes:
        commit: the full sha of what stands; empty where nothing was ever deployed, as are its other texts.
        revision: the Helm revision that was made for it, 0 for none.
        age_s: seconds since it came to stand; never negative, whatever the clocks say.
        last_attempt_outcome: None where there was no attempt, or the last one has not ended (see
            `last_attempt_at` to tell them apart).
        last_attempt_commit: what the last attempt was to deploy; differs from `commit` after a failure.
    """

    environment: str
    service: str = ""
    commit: str = ""
    image: str = ""
    digest: str = ""
    release: str = ""
    revision: int = 0
    deployed_at: datetime | None = None
    age_s: float | None = None
    actor: str = ""
    kind: Kind | None = None
    run_id: str = ""
    last_attempt_id: str = ""
    last_attempt_at: datetime | None = None
    last_attempt_outcome: Outcome | None = None
    last_attempt_commit: str = ""
    last_attempt_reason: str = ""

    @property
    def in_doubt(self) -> bool:
        """Whether the last attempt has no ending: it is at work, or its process died."""
        return self.last_attempt_at is not None and self.last_attempt_outcome is None


def standings(
    environments: Iterable[str],
    deployments: Iterable[Deployment],
    records: Iterable[AttemptRecord],
    now: datetime,
) -> tuple[Standing, ...]:
    """One line for each of `environments`, in that order.

    Args:
        environments: their names, as the project has them.
        deployments: of one service; the newest of each environment is what stands there.
        records: attempts of that service; those at other stages than deploy do not matter.
        now: the moment that ages are told from, in UTC.
    """
    current: dict[str, Deployment] = {}
    for deployment in sorted(deployments, key=lambda item: (item.deployed_at, item.id)):
        current[deployment.environment] = deployment
    tried: dict[str, AttemptRecord] = {}
    for record in sorted(records, key=_began):
        if record.attempt.stage is Stage.DEPLOY:
            tried[record.attempt.environment] = record
    return tuple(_standing(name, current.get(name), tried.get(name), now) for name in environments)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A line of `trunkline history`: one attempt.

    Attributes:
        outcome: None while it is at work, or when its process died.
        elapsed_s: how long it took; None while it has no ending.
        age_s: seconds since it began; never negative.
        reason: why it failed, one sentence.
        undone: what was taken back.
    """

    attempt_id: str
    run_id: str
    service: str
    stage: Stage
    environment: str
    commit: str
    branch: str
    image: str
    kind: Kind
    actor: str
    started_at: datetime
    age_s: float
    outcome: Outcome | None = None
    elapsed_s: float | None = None
    reason: str = ""
    cause: str = ""
    undone: str = ""
    digest: str = ""
    revision: int = 0


def history(records: Iterable[AttemptRecord], now: datetime) -> tuple[HistoryRow, ...]:
    """One line for each attempt, newest first.

    Args:
        records: attempts of whatever stages and environments.
        now: the moment that ages are told from, in UTC.
    """
    return tuple(_history_row(record, now) for record in sorted(records, key=_began, reverse=True))


def _began(record: AttemptRecord) -> tuple[datetime, str]:
    return record.attempt.started_at, record.attempt.id


def _age_s(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _standing(
    environment: str, deployment: Deployment | None, record: AttemptRecord | None, now: datetime
) -> Standing:
    standing = Standing(environment)
    if record is not None:
        attempt, ending = record.attempt, record.ending
        standing = replace(
            standing,
            service=attempt.service,
            last_attempt_id=attempt.id,
            last_attempt_at=attempt.started_at,
            last_attempt_outcome=ending.outcome if ending else None,
            last_attempt_commit=attempt.commit,
            last_attempt_reason=ending.reason if ending else "",
        )
    if deployment is not None:
        standing = replace(
            standing,
            service=deployment.service,
            commit=deployment.commit,
            image=deployment.image,
            digest=deployment.digest,
            release=deployment.release,
            revision=deployment.revision,
            deployed_at=deployment.deployed_at,
            age_s=_age_s(deployment.deployed_at, now),
            actor=deployment.actor,
            kind=deployment.kind,
            run_id=deployment.run_id,
        )
    return standing


def _history_row(record: AttemptRecord, now: datetime) -> HistoryRow:
    attempt, ending = record.attempt, record.ending
    row = HistoryRow(
        attempt_id=attempt.id,
        run_id=attempt.run_id,
        service=attempt.service,
        stage=attempt.stage,
        environment=attempt.environment,
        commit=attempt.commit,
        branch=attempt.branch,
        image=attempt.image,
        kind=attempt.kind,
        actor=attempt.actor,
        started_at=attempt.started_at,
        age_s=_age_s(attempt.started_at, now),
    )
    if ending is None:
        return row
    return replace(
        row,
        outcome=ending.outcome,
        elapsed_s=record.elapsed_s,
        reason=ending.reason,
        cause=ending.cause,
        undone=ending.undone,
        digest=ending.digest,
        revision=ending.revision,
    )
