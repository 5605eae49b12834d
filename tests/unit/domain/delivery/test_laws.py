"""What never changes the answer: the order in which things arrive, doubles, and in what zone a moment is written."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.delivery.history import DAY, at, deployed, said, sha, tried
from trunkline.domain.attempts import Arrival, AttemptRecord, Kind, Outcome
from trunkline.domain.delivery.changes import Changes, Shipped, parse_changes
from trunkline.domain.delivery.figures import percentile
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.delivery.measures import Delivery, delivery
from trunkline.domain.delivery.stories import stories
from trunkline.domain.delivery.windows import Window, per_day

WEEK = Window(DAY, DAY + timedelta(days=7))
_hours = st.integers(-48, 7 * 24)
_names = st.sampled_from("abcdefgh")


@st.composite
def _histories(draw: st.DrawFn) -> tuple[list[Arrival], list[Mark], list[AttemptRecord]]:
    """Anything that could be in a ledger, sensible or not."""
    made = []
    for index, hour in enumerate(draw(st.lists(_hours, max_size=12))):
        brought = draw(st.none() | st.lists(st.tuples(_names, _hours), max_size=3))
        kind = draw(st.sampled_from([Kind.RELEASE, Kind.RELEASE, Kind.PROMOTION, Kind.ROLLBACK]))
        base = draw(st.none() | st.just("") | _names)
        made.append(deployed(str(index), hour, draw(_names), kind=kind, base=base, brought=brought))
    ids = st.sampled_from([item.id for item in made] or ["none"]) | st.just("")
    marks = [
        said(
            says,
            hour,
            deployment=draw(ids),
            subject=draw(ids | _names),
            later=draw(st.integers(0, 9)),
            number=index,
        )
        for index, (says, hour) in enumerate(
            draw(st.lists(st.tuples(st.sampled_from(Says), _hours), max_size=8))
        )
    ]
    records = [
        tried(str(index), hour, outcome, cause=draw(st.sampled_from(["", "crash-loop"])))
        for index, (hour, outcome) in enumerate(
            draw(st.lists(st.tuples(_hours, st.none() | st.sampled_from(Outcome)), max_size=6))
        )
    ]
    return made, marks, records


def figures(
    deployments: list[Arrival], marks: list[Mark], records: list[AttemptRecord], window: Window = WEEK
) -> Delivery:
    return delivery("shop", "prod", stories(deployments, marks), records, window, UTC)


@given(_histories(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_and_doubles_change_nothing(
    history: tuple[list[Arrival], list[Mark], list[AttemptRecord]], dice: random.Random
) -> None:
    """Ledgers that were brought together hold their rows in any order, and imports repeat themselves."""
    deployments, marks, records = history
    twice, said_twice, tries = deployments * 2, marks * 2, list(records)
    for rows in (twice, said_twice, tries):
        dice.shuffle(rows)
    assert figures(twice, said_twice, tries) == figures(*history)


@given(_histories(), st.sampled_from(["Asia/Kolkata", "America/St_Johns", "Pacific/Auckland"]))
def test_the_zone_in_which_a_moment_is_written_changes_nothing(
    history: tuple[list[Arrival], list[Mark], list[AttemptRecord]], name: str
) -> None:
    """A moment is a moment."""
    deployments, marks, records = history
    zone = ZoneInfo(name)
    moved = [item._replace(deployed_at=item.deployed_at.astimezone(zone)) for item in deployments]
    told = [
        replace(mark, at=mark.at.astimezone(zone), said_at=mark.said_at.astimezone(zone)) for mark in marks
    ]
    window = Window(WEEK.since.astimezone(zone), WEEK.until.astimezone(zone))
    assert figures(moved, told, records, window) == figures(*history)


@given(_histories(), st.integers(1, 7 * 24 - 1))
def test_what_is_counted_adds_up_over_windows(
    history: tuple[list[Arrival], list[Mark], list[AttemptRecord]], cut: int
) -> None:
    """A window that is cut in two loses nothing and counts nothing twice."""
    whole = figures(*history)
    parts = [figures(*history, Window(WEEK.since, at(cut))), figures(*history, Window(at(cut), WEEK.until))]
    for name in ("deployments", "rollbacks", "redeployments", "unknown", "skewed", "interrupted"):
        assert sum(getattr(part, name) for part in parts) == getattr(whole, name), name
    for name in ("failed", "rework", "attempts"):
        assert sum(getattr(part, name).part for part in parts) == getattr(whole, name).part, name
        assert sum(getattr(part, name).whole for part in parts) == getattr(whole, name).whole, name
    for name in ("lead", "recovery", "cadence", "rollout"):
        assert sum(getattr(part, name).n for part in parts) == getattr(whole, name).n, name
    assert sum(len(part.open_s) for part in parts) == len(whole.open_s)
    assert sum(sum(part.by_day.values()) for part in parts) == sum(whole.by_day.values()) == whole.deployments


@given(_histories())
def test_no_figure_is_absurd(history: tuple[list[Arrival], list[Mark], list[AttemptRecord]]) -> None:
    """Whatever is in the ledger."""
    found = figures(*history)
    assert 0 <= found.rollbacks <= found.deployments
    assert 0 <= found.rework.part <= found.rework.whole == found.deployments
    assert found.recovery.n + len(found.open_s) == found.failed.part
    assert all((times.p50_s or 0.0) <= (times.p90_s or 0.0) for times in (found.lead, found.recovery))
    assert min((*found.open_s, found.lead.p50_s or 0.0, found.recovery.p50_s or 0.0)) >= 0


@given(_histories())
def test_a_commit_is_delivered_once(
    history: tuple[list[Arrival], list[Mark], list[AttemptRecord]],
) -> None:
    """However often it goes and comes again."""
    known = stories(history[0], history[1])
    assert sum(len(story.leads_s) + story.skewed for story in known) <= len("abcdefgh")


@given(st.lists(st.integers(-100, 300)), st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kathmandu"]))
def test_each_moment_of_a_window_falls_on_one_of_its_days(hours: list[int], name: str) -> None:
    """In any zone."""
    window = Window(at(0), at(200))
    counted = per_day([at(hour) for hour in hours], window, ZoneInfo(name))
    assert sum(counted.values()) == sum(0 <= hour < 200 for hour in hours)
    days = list(counted)
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days))


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 1))
def test_a_percentile_lies_between_the_ends(times: list[float], share: float) -> None:
    """And is the smallest at 0, the greatest at 1."""
    ordered = sorted(times)
    assert ordered[0] <= percentile(ordered, share) * (1 + 1e-12)
    assert percentile(ordered, share) <= ordered[-1] * (1 + 1e-12)
    assert (percentile(ordered, 0.0), percentile(ordered, 1.0)) == (ordered[0], ordered[-1])


@given(
    st.text(st.sampled_from("0123456789abcdef"), min_size=40, max_size=40) | st.just(""),
    st.none() | st.lists(st.tuples(_names, _hours), max_size=4),
)
def test_changes_survive_the_ledger(base: str, brought: list[tuple[str, int]] | None) -> None:
    """As they were, to the second."""
    commits = None if brought is None else tuple(Shipped(sha(name), at(hour)) for name, hour in brought)
    changes = Changes(base, commits)
    assert parse_changes(changes.dump()) == changes


@given(st.text() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr))
def test_anything_else_is_no_changes(text: str) -> None:
    """Nothing that is in the column makes a report fail."""
    assert parse_changes(text) is None
