"""How many there have ever been: for backends that want counters which only grow, computed from the ledger.

Names follow Prometheus' conventions (https://prometheus.io/docs/practices/naming/): the dots of the metrics' names
become underscores, units are in the name, a counter ends in `total`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.measurements import Labels, Status, measured_word, metric_prefix

Family = tuple[str, str, Sequence[tuple[str, float]]]
"""A name, a type, and values by their labels as they are written."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What a service has had of one stage with one outcome in one environment.

    Attributes:
        total_s: how long all of them took together.
        last_at: when the newest of them ended.
        last_s: how long that one took.
    """

    stage: Stage
    outcome: Outcome
    count: int
    total_s: float
    last_at: datetime
    last_s: float


def totals(tallies: Iterable[Tally], labels: Labels) -> list[Family]:
    """The families of a service's totals in an environment, for the stages that are measured."""
    found: dict[tuple[str, str], Tally] = {}
    for tally in tallies:
        if word := measured_word(tally.stage):
            status = Status.SUCCESS if tally.outcome is Outcome.SUCCEEDED else Status.FAILURE
            key = word, status.value
            found[key] = _added(found.get(key), tally)
    prefix = metric_prefix(labels.prefix).replace(".", "_")
    families: list[Family] = []
    for word in sorted({word for word, _ in found}):
        sums = {status: item for (other, status), item in sorted(found.items()) if other == word}
        base = f"{prefix}_{word}"
        families += [
            (f"{base}_total", "counter", [(_labels(s, labels), float(i.count)) for s, i in sums.items()]),
            (f"{base}_seconds_total", "counter", [(_labels(s, labels), i.total_s) for s, i in sums.items()]),
            (f"{base}_last_seconds", "gauge", [(_labels(s, labels), i.last_s) for s, i in sums.items()]),
            (
                f"{base}_last_timestamp_seconds",
                "gauge",
                [(_labels(s, labels), i.last_at.timestamp()) for s, i in sums.items()],
            ),
        ]
    return families


def _added(known: Tally | None, tally: Tally) -> Tally:
    if known is None:
        return tally
    newest = max(known, tally, key=lambda item: item.last_at)
    return replace(newest, count=known.count + tally.count, total_s=known.total_s + tally.total_s)


def _labels(status: str, labels: Labels) -> str:
    pairs = [("status", status), *([("role", labels.role)] if labels.role else [])]
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in pairs) + "}"


def _escaped(text: str) -> str:
    """https://prometheus.io/docs/instrumenting/exposition_formats/#comments-help-text-and-type-information."""
    sound = text.encode("utf-8", "replace").decode()
    return sound.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
