"""DORA's figures of one service in one environment over a window, and what else tells how delivery goes.

Formulas, in the words that `trunkline measure` shows as well:

- deployment frequency: successful deployments, by day; cadence: the time between two of them
- change lead time: from a commit to the end of the first successful deployment that brought it here, per commit
- change fail rate: deployments that had to be mended / (deployments - rollbacks)
- failed deployment recovery time: from the end of a failed deployment to the end of what mended it
- rework rate: deployments that were made to mend / deployments
- attempt failure rate: failed attempts / (failed + successful attempts)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, tzinfo
from itertools import pairwise

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import AttemptRecord, Outcome, Stage
from trunkline.domain.delivery.figures import Share, Spread, spread
from trunkline.domain.delivery.stories import Story
from trunkline.domain.delivery.windows import Window, per_day

NO_CAUSE = "other"


@dataclass(frozen=True, slots=True)
class Delivery:
    """How one service came to one environment.

    Attributes:
        deployments: successful ones, all of them.
        rollbacks, redeployments: how many of these were that.
        inferred: how many figures rest on the order of things, as nobody said what was a failure or a rollback.
        by_day: successful deployments for each day of the window, in the zone that was asked for.
        unknown: deployments of which nobody knows the commits.
        skewed: commits that seem younger than their deployment; they are in no figure.
        open_s: for each failed deployment that is not mended, the seconds since, at the end of the window.
        attempts: failed ones of all that ended well or badly.
        interrupted: attempts that somebody stopped.
        causes: failed attempts by cause, most frequent first.
    """

    service: str
    environment: str
    window: Window
    deployments: int
    rollbacks: int
    redeployments: int
    inferred: int
    by_day: Mapping[date, int]
    cadence: Spread
    lead: Spread
    unknown: int
    skewed: int
    failed: Share
    recovery: Spread
    open_s: tuple[float, ...]
    rework: Share
    attempts: Share
    interrupted: int
    rollout: Spread
    causes: Mapping[str, int]

    @property
    def per_week(self) -> float:
        """Deployments in seven days."""
        return self.deployments / self.window.days * 7 if self.window.days else 0.0


def delivery(
    service: str,
    environment: str,
    known: Sequence[Story],
    records: Iterable[AttemptRecord],
    window: Window,
    zone: tzinfo,
) -> Delivery:
    """The figures.

    Args:
        service: whose figures they are.
        environment: where.
        window: the time that they are of.
        known: all deployments there, as `stories` has them; those before the window say what came when.
        records: attempts of any stage; those to deploy there that began in the window count.
        zone: whose days are counted.
    """
    inside = [story for story in known if story.deployment.deployed_at in window]
    rollbacks = sum(story.rollback for story in inside)
    failed = [story for story in inside if story.failed]
    recoveries = [story.recovery_s for story in failed]
    tries = _tries(records, environment, window)
    bad = [record for record in tries if _outcome(record) is Outcome.FAILED]
    good = [record for record in tries if record.succeeded]
    return Delivery(
        service=service,
        environment=environment,
        window=window,
        deployments=len(inside),
        rollbacks=rollbacks,
        redeployments=sum(story.redeployment for story in inside),
        inferred=sum(story.inferred for story in inside),
        by_day=per_day((story.deployment.deployed_at for story in inside), window, zone),
        cadence=spread(_gaps(known, window)),
        lead=spread(lead for story in inside for lead in story.leads_s),
        unknown=sum(story.unknown for story in inside),
        skewed=sum(story.skewed for story in inside),
        failed=Share(len(failed), len(inside) - rollbacks),
        recovery=spread(seconds for seconds in recoveries if seconds is not None),
        open_s=tuple(_age(story, window.until) for story in failed if story.recovery_s is None),
        rework=Share(sum(story.rework for story in inside), len(inside)),
        attempts=Share(len(bad), len(bad) + len(good)),
        interrupted=sum(_outcome(record) is Outcome.INTERRUPTED for record in tries),
        # What was imported does not tell how long it took.
        rollout=spread(record.elapsed_s for record in good if record.elapsed_s),
        causes=_causes(bad),
    )


def durations(records: Iterable[AttemptRecord], window: Window) -> Mapping[Stage, Spread]:
    """How long the stages of a service took that began in the window and ended well."""
    times: dict[Stage, list[float]] = {stage: [] for stage in Stage}
    for record in records:
        if record.succeeded and record.elapsed_s and record.attempt.started_at in window:
            times[record.attempt.stage].append(record.elapsed_s)
    return {stage: spread(found) for stage, found in times.items() if found}


def _tries(records: Iterable[AttemptRecord], environment: str, window: Window) -> list[AttemptRecord]:
    return [
        record
        for record in records
        if record.attempt.stage is Stage.DEPLOY
        and record.attempt.environment == environment
        and record.attempt.started_at in window
    ]


def _outcome(record: AttemptRecord) -> Outcome | None:
    return record.ending.outcome if record.ending else None


def _gaps(known: Sequence[Story], window: Window) -> Iterable[float]:
    for before, after in pairwise(known):
        if after.deployment.deployed_at in window:
            yield (after.deployment.deployed_at - before.deployment.deployed_at).total_seconds()


def _age(story: Story, until: datetime) -> float:
    return (until - story.deployment.deployed_at).total_seconds()


def _causes(bad: Iterable[AttemptRecord]) -> Mapping[str, int]:
    counted = Counter((record.ending.cause if record.ending else "") or NO_CAUSE for record in bad)
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))
