"""What waits to be sent to Datadog: a lane for metrics and one for events, as each has its own address and health.

Datadog keeps the last value that it gets for a metric, its tags and a second. Sending a point again is therefore
harmless; and when two deployments with the same tags end within one second, their sum is sent as that second's
value. That works within one process only: of two processes, the later one wins. A gauge is simply the last one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import replace
from typing import Generic, TypeVar

from trunkline.adapters.datadog.wire import OLDEST_EVENT_S, OLDEST_METRIC_S, Api
from trunkline.domain.measurements import Metric, MetricKind, Notice
from trunkline.ports import Request

_SERIES_AT_ONCE = 100
_STALE = "it could not be reached before they were too old for it"
_Point = tuple[str, tuple[str, ...], int]
Batch = TypeVar("Batch")


class Lane(ABC, Generic[Batch]):
    """Things of one kind on their way.

    Attributes:
        lost: how many were given up.
        tries: failures in a row.
        not_before: when, on the monotonic clock, to try again.
        told_to_wait: whether Datadog itself named that moment.
        cause: why the last one failed, in a few words.
    """

    def __init__(self) -> None:
        self.lost = 0
        self.tries = 0
        self.not_before = 0.0
        self.told_to_wait = False
        self.cause = ""

    @property
    @abstractmethod
    def waiting(self) -> int:
        """How many are to be sent."""

    @property
    def missing(self) -> int:
        """How many Datadog has not confirmed."""
        return self.lost + self.waiting

    @abstractmethod
    def batch(self) -> Batch:
        """What goes into the next request."""

    @abstractmethod
    def request(self, api: Api, batch: Batch, timeout_s: float) -> Request:
        """That request."""

    @abstractmethod
    def remove(self, batch: Batch) -> int:
        """Forget a batch; how many it was."""

    @abstractmethod
    def drop_stale(self, now_s: float) -> None:
        """Give up what Datadog would no longer take; `now_s` is POSIX time."""

    def succeed(self, batch: Batch) -> None:
        """Datadog has it."""
        self.remove(batch)
        self._answered()
        if not self.lost:
            self.cause = ""

    def lose(self, batch: Batch, cause: str) -> None:
        """Datadog will never take it."""
        self._answered()
        self.lost += self.remove(batch)
        self.cause = cause

    def shrink(self, batch: Batch, cause: str) -> None:
        """It was too large for one request."""
        self.lose(batch, cause)

    def _answered(self) -> None:
        self.tries, self.not_before, self.told_to_wait = 0, 0.0, False


class MetricLane(Lane[tuple[Metric, ...]]):
    """Points, many of them to a request."""

    def __init__(self) -> None:
        super().__init__()
        # What was sent stays here until it is stale: a later value of the same second has to include it.
        self._totals: dict[_Point, Metric] = {}
        self._waiting: dict[_Point, None] = {}
        self._at_once = _SERIES_AT_ONCE

    @property
    def waiting(self) -> int:
        """See `Lane`."""
        return len(self._waiting)

    def add(self, metric: Metric) -> None:
        """Take one more."""
        point = _point(metric)
        earlier = self._totals.get(point)
        if earlier is not None and metric.kind is MetricKind.COUNT:
            metric = replace(metric, value=earlier.value + metric.value)
        self._totals[point] = metric
        self._waiting[point] = None

    def batch(self) -> tuple[Metric, ...]:
        """See `Lane`."""
        return tuple(self._totals[point] for point in list(self._waiting)[: self._at_once])

    def request(self, api: Api, batch: tuple[Metric, ...], timeout_s: float) -> Request:
        """See `Lane`."""
        return api.series(batch, timeout_s)

    def remove(self, batch: tuple[Metric, ...]) -> int:
        """See `Lane`; a point whose total has grown since stays."""
        before = len(self._waiting)
        for metric in batch:
            if self._totals.get(_point(metric)) is metric:
                self._waiting.pop(_point(metric), None)
        return before - len(self._waiting)

    def drop_stale(self, now_s: float) -> None:
        """See `Lane`."""
        stale = [point for point in self._totals if point[2] < now_s - OLDEST_METRIC_S]
        for point in stale:
            del self._totals[point]
            if point in self._waiting:
                del self._waiting[point]
                self.lost, self.cause = self.lost + 1, _STALE

    def shrink(self, batch: tuple[Metric, ...], cause: str) -> None:
        """See `Lane`; what is more than one point is sent in halves."""
        if len(batch) > 1:
            self._at_once = len(batch) // 2
        else:
            self.lose(batch, cause)


class NoticeLane(Lane[Notice]):
    """Events, each a request of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._waiting: deque[Notice] = deque()

    @property
    def waiting(self) -> int:
        """See `Lane`."""
        return len(self._waiting)

    def add(self, notice: Notice) -> None:
        """Take one more."""
        self._waiting.append(notice)

    def batch(self) -> Notice:
        """See `Lane`."""
        return self._waiting[0]

    def request(self, api: Api, batch: Notice, timeout_s: float) -> Request:
        """See `Lane`."""
        return api.event(batch, timeout_s)

    def remove(self, batch: Notice) -> int:
        """See `Lane`."""
        if not self._waiting or self._waiting[0] is not batch:
            return 0
        self._waiting.popleft()
        return 1

    def drop_stale(self, now_s: float) -> None:
        """See `Lane`."""
        while self._waiting and self._waiting[0].at.timestamp() < now_s - OLDEST_EVENT_S:
            self._waiting.popleft()
            self.lost, self.cause = self.lost + 1, _STALE


def _point(metric: Metric) -> _Point:
    return metric.name, metric.tags, int(metric.at.timestamp())
