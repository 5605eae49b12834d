"""The figures that are shown, each with its unit and the formula by which it came about.

The reference in docs/ is made of this table, so that what is told and what is done are one.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from trunkline.dataclass import dataclass
from trunkline.domain.delivery.figures import Share, Spread
from trunkline.domain.delivery.measures import Delivery

Value = tuple[float | None, int]
"""The figure (None where there is nothing to sum up), and the number of things that it rests on."""


class Unit(StrEnum):
    """What a figure counts."""

    COUNT = "count"
    PER_WEEK = "per week"
    SECONDS = "s"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Formula:
    """One figure.

    Attributes:
        heading: what people read.
        how: how it is computed, in a sentence.
    """

    name: str
    heading: str
    unit: Unit
    how: str
    read: Callable[[Delivery], Value]


def _median(read: Callable[[Delivery], Spread]) -> Callable[[Delivery], Value]:
    return lambda found: (read(found).p50_s, read(found).n)


def _p90(read: Callable[[Delivery], Spread]) -> Callable[[Delivery], Value]:
    return lambda found: (read(found).p90_s, read(found).n)


def _p95(read: Callable[[Delivery], Spread]) -> Callable[[Delivery], Value]:
    return lambda found: (read(found).p95_s, read(found).n)


def _share(read: Callable[[Delivery], Share]) -> Callable[[Delivery], Value]:
    return lambda found: (read(found).rate, read(found).whole)


FORMULAS = (
    Formula(
        "deployments", "deployments", Unit.COUNT,
        "Deployments that ended well; redeployments of the same commit and rollbacks are among them.",
        lambda found: (found.deployments, found.deployments),
    ),
    Formula(
        "deployment_frequency", "per week", Unit.PER_WEEK,
        "Deployments that ended well / days of the window * 7.",
        lambda found: (found.per_week, found.deployments),
    ),
    Formula(
        "release_cadence_p50", "time between two, p50", Unit.SECONDS,
        "Median of the times between one deployment and the one before it.",
        _median(lambda found: found.cadence),
    ),
    Formula(
        "change_lead_time_p50", "change lead time, p50", Unit.SECONDS,
        "Median over commits: from the commit to the end of the first deployment that brought it here.",
        _median(lambda found: found.lead),
    ),
    Formula(
        "change_lead_time_p90", "change lead time, p90", Unit.SECONDS,
        "The same for the 90th percentile.",
        _p90(lambda found: found.lead),
    ),
    Formula(
        "change_fail_rate", "change fail rate", Unit.RATIO,
        "Distinct deployments that had to be mended / (deployments - rollbacks).",
        _share(lambda found: found.failed),
    ),
    Formula(
        "failed_deployment_recovery_time_p50", "recovery time, p50", Unit.SECONDS,
        "Median: from the end of a failed deployment to the end of what mended it first; open ones are told apart.",
        _median(lambda found: found.recovery),
    ),
    Formula(
        "failed_deployments_open", "not mended yet", Unit.COUNT,
        "Failed deployments of the window that nothing has mended yet.",
        lambda found: (len(found.open_s), found.failed.part),
    ),
    Formula(
        "rework_rate", "rework rate", Unit.RATIO,
        "Deployments that were made to mend (rollbacks, hotfixes, answers to incidents) / deployments.",
        _share(lambda found: found.rework),
    ),
    Formula(
        "attempt_failure_rate", "attempts that failed", Unit.RATIO,
        "Attempts to deploy that failed / those that ended well or failed; interrupted ones are in neither.",
        _share(lambda found: found.attempts),
    ),
    Formula(
        "rollout_p50", "deployment took, p50", Unit.SECONDS,
        "Median of the time that a deployment that ended well took.",
        _median(lambda found: found.rollout),
    ),
    Formula(
        "rollout_p95", "deployment took, p95", Unit.SECONDS,
        "The same for the 95th percentile.",
        _p95(lambda found: found.rollout),
    ),
)  # fmt: skip
"""In the order in which they are shown."""
