"""How delivery goes, from the ledger alone: no cluster is asked, and no project is needed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import tzinfo
from functools import cache

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Stage
from trunkline.domain.delivery.changes import parse_changes
from trunkline.domain.delivery.drift import Standing, drift
from trunkline.domain.delivery.figures import Spread
from trunkline.domain.delivery.formulas import FORMULAS, Formula, Value
from trunkline.domain.delivery.measures import Delivery, delivery, durations
from trunkline.domain.delivery.stories import Story, stories
from trunkline.domain.delivery.windows import Window
from trunkline.errors import UsageError
from trunkline.ports.ledger import Ledger

# Everything: what came when can only be said of a whole history.
_ALL = 2**62


@dataclass(frozen=True, slots=True)
class Compared:
    """One service in one environment, now and in the window before."""

    now: Delivery
    before: Delivery
    standing: Standing

    def figures(self) -> Iterable[tuple[Formula, Value, Value]]:
        """Each figure, now and before."""
        for formula in FORMULAS:
            yield formula, formula.read(self.now), formula.read(self.before)


@dataclass(frozen=True, slots=True)
class Service:
    """One service: its environments in the order in which commits came to them, and its stages."""

    name: str
    places: tuple[Compared, ...]
    stages: Mapping[Stage, Spread]
    stages_before: Mapping[Stage, Spread]


@dataclass(frozen=True, slots=True)
class Report:
    """How delivery goes."""

    window: Window
    zone: str
    services: tuple[Service, ...]


def measure(
    ledger: Ledger, service: str, environment: str, window: Window, zone: tzinfo, zone_name: str
) -> Report:
    """The figures of one service or of all, in one environment or in each.

    Raises:
        UsageError: the ledger knows no such deployment. Unreachable: it cannot be read.
    """
    places: dict[str, dict[str, tuple[Story, ...]]] = defaultdict(dict)
    marks = ledger.marks(service=service, limit=_ALL)
    grouped = defaultdict(list)
    for item in ledger.arrivals(service=service):
        grouped[item.service, item.environment].append(item)
    parse = cache(parse_changes)
    for (name, place), items in sorted(grouped.items()):
        said = [mark for mark in marks if (mark.service, mark.environment) == (name, place)]
        places[name][place] = stories(items, said, parse)
    if environment and not any(environment in known for known in places.values()):
        places.clear()
    if not places:
        what = f" of {service}" if service else ""
        where = f" to {environment}" if environment else ""
        raise UsageError(
            f"The ledger knows no deployment{what}{where}.",
            "Deploy first, correct the name, or set TRUNKLINE_LEDGER to the ledger that your jobs write to.",
        )
    return Report(
        window,
        zone_name,
        tuple(_service(ledger, name, known, environment, window, zone) for name, known in places.items()),
    )


def _service(
    ledger: Ledger,
    name: str,
    places: Mapping[str, tuple[Story, ...]],
    environment: str,
    window: Window,
    zone: tzinfo,
) -> Service:
    records = ledger.attempts(service=name, since=window.before().since, limit=_ALL)
    standing = drift(places)
    compared = [
        Compared(
            delivery(name, place, places[place], records, window, zone),
            delivery(name, place, places[place], records, window.before(), zone),
            standing[place],
        )
        for place in standing
        if environment in {"", place}
    ]
    return Service(name, tuple(compared), durations(records, window), durations(records, window.before()))
