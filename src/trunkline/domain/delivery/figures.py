"""Figures with the number of things that they rest on."""

from __future__ import annotations

import math
from collections.abc import Iterable

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    part: int
    whole: int

    @property
    def rate(self) -> float | None:
        """Between 0 and 1 as a rule; None of nothing."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Spread:
    """How times are spread, in seconds; None where there are none.

    Attributes:
        n: how many there are.
    """

    n: int
    p50_s: float | None = None
    p90_s: float | None = None
    p95_s: float | None = None


def spread(times_s: Iterable[float]) -> Spread:
    """Median and percentiles of times."""
    ordered = sorted(times_s)
    if not ordered:
        return Spread(0)
    return Spread(len(ordered), *(percentile(ordered, share) for share in (0.5, 0.9, 0.95)))


def percentile(ordered: list[float], share: float) -> float:
    """The value below which that share of an ordered list lies, interpolated between two neighbours.

    This is definition 7 of Hyndman and Fan, "Sample Quantiles in Statistical Packages" (1996), which spreadsheets,
    NumPy and PostgreSQL's `percentile_cont` have as well. For a share of one half it is the median.
    """
    place = (len(ordered) - 1) * share
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
