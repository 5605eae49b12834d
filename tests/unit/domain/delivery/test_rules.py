"""The rules by which deployments are counted, each with its awkward case; times are hours after the beginning."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.domain.delivery.history import DAY, at, deployed, said, tried
from trunkline.domain.attempts import Arrival, AttemptRecord, Kind, Outcome, Stage
from trunkline.domain.delivery.figures import Share, Spread, spread
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.delivery.measures import Delivery, delivery, durations
from trunkline.domain.delivery.stories import stories
from trunkline.domain.delivery.windows import Window, per_day

HOUR = 3600.0
WEEK = Window(DAY, DAY + timedelta(days=7))


def figures(
    deployments: Sequence[Arrival],
    marks: Sequence[Mark] = (),
    records: Sequence[AttemptRecord] = (),
    window: Window = WEEK,
) -> Delivery:
    return delivery("shop", "prod", stories(deployments, marks), records, window, UTC)


def test_only_successful_deployments_are_counted() -> None:
    """Rule 2: a failed attempt is in the attempts' failure rate and nowhere else."""
    records = [tried("1", 1), tried("2", 2, Outcome.FAILED, cause="crash-loop"), tried("3", 3)]
    found = figures([deployed("1", 1, "a"), deployed("3", 3, "b")], records=records)
    assert found.deployments == 2
    assert found.attempts == Share(1, 3)
    assert found.failed == Share(0, 2)
    assert found.causes == {"crash-loop": 1}


def test_stopped_attempts_say_nothing_of_the_commit() -> None:
    """Rule 2: who stops a deployment, or leaves one at work, makes no failure."""
    found = figures([], records=[tried("1", 1, Outcome.INTERRUPTED), tried("2", 2, None), tried("3", 3)])
    assert found.attempts == Share(0, 1)
    assert found.interrupted == 1


def test_lead_time_is_per_commit() -> None:
    """Rule 3: each commit has its own; the median is that of commits, not of deployments' medians."""
    found = figures(
        [
            deployed("1", 0, "a", base=""),
            deployed("2", 10, "d", base="a", brought=[("b", 9), ("c", 8), ("d", 6)]),
            deployed("3", 20, "e", base="d", brought=[("e", 10)]),
        ]
    )
    # One hour, two, four and ten: the middle is three.
    assert (found.lead.n, found.lead.p50_s) == (4, 3 * HOUR)
    assert found.lead.p90_s == pytest.approx(8.2 * HOUR)
    assert found.lead.p95_s == pytest.approx(9.1 * HOUR)


def test_the_first_deployment_has_no_lead_time() -> None:
    """Rule 4: what stood before is nothing to compare with."""
    found = figures([deployed("1", 5, "a", base="", brought=[("a", 1)])])
    assert (found.lead.n, found.unknown) == (0, 0)


def test_what_nobody_knows_is_unknown() -> None:
    """Rule 4: a shallow clone, or a ledger that did not look, is no lead time of zero."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("2", 2, "b", base="a", brought=None), deployed("3", 3, "c")]
    )
    assert (found.lead.n, found.unknown) == (0, 2)


def test_clocks_that_are_wrong_are_counted_apart() -> None:
    """Rule 4: a commit from the future is in no figure."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("2", 2, "c", base="a", brought=[("b", 1), ("c", 3)])]
    )
    assert (found.lead.n, found.lead.p50_s, found.skewed) == (1, HOUR, 1)


def test_a_commit_counts_when_it_comes_first() -> None:
    """Rule 5: back and forth again, it is not delivered a second time."""
    found = figures(
        [
            deployed("1", 1, "a", base=""),
            deployed("2", 3, "b", base="a", brought=[("b", 2)]),
            deployed("3", 4, "a", base="b", kind=Kind.ROLLBACK),
            deployed("4", 9, "c", base="a", brought=[("c", 8), ("b", 2)]),
        ]
    )
    assert found.lead == spread([HOUR, HOUR])


def test_the_same_commit_again_is_a_redeployment() -> None:
    """Rule 6: it counts as a deployment, brings nothing, and is no rollback."""
    found = figures(
        [
            deployed("1", 1, "a", base=""),
            deployed("2", 3, "b", base="a", brought=[("b", 2)]),
            deployed("3", 4, "b", base="b"),
        ]
    )
    assert (found.deployments, found.redeployments, found.rollbacks, found.lead.n) == (3, 1, 0, 1)
    assert found.unknown == 0


def test_a_failed_attempt_leaves_the_commits_to_the_next() -> None:
    """Rule 6: the base is the last deployment that succeeded."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("3", 5, "b", base="a", brought=[("b", 2)])],
        records=[tried("2", 3, Outcome.FAILED), tried("3", 4.9)],
    )
    assert found.lead == spread([3 * HOUR])


def test_a_rollback_blames_what_came_after_its_target() -> None:
    """Rule 7: of three deployments, the first behind the good one failed; the others only came on top."""
    known = stories(
        [
            deployed("1", 1, "a", base=""),
            deployed("2", 2, "b", base="a", brought=[("b", 1)]),
            deployed("3", 3, "c", base="b", brought=[("c", 2)]),
            deployed("4", 4, "a", base="c", kind=Kind.ROLLBACK),
        ]
    )
    assert [story.failed for story in known] == [False, True, False, False]
    assert known[1].recovery_s == 2 * HOUR
    assert not any(story.inferred for story in known)


def test_a_rollback_that_nobody_called_one_is_inferred() -> None:
    """Rule 7: an older commit that stood before, with nothing new in it."""
    deployments = [
        deployed("1", 1, "a", base=""),
        deployed("2", 2, "b", base="a", brought=[("b", 1)]),
        deployed("3", 3, "a", base="b"),
    ]
    found = figures(deployments)
    assert (found.rollbacks, found.inferred, found.failed) == (1, 2, Share(1, 2))
    # Nobody looked what lies between: it may as well be a revert that came back.
    found = figures([*deployments[:2], deployed("3", 3, "a")])
    assert (found.rollbacks, found.inferred) == (0, 0)


def test_two_rollbacks_have_one_culprit_each() -> None:
    """Rule 7: the second one goes back to the first, not to what stood before that."""
    known = stories(
        [
            deployed("1", 1, "a", base=""),
            deployed("2", 2, "b", base="a"),
            deployed("3", 3, "a", base="b", kind=Kind.ROLLBACK),
            deployed("4", 4, "c", base="a"),
            deployed("5", 6, "a", base="c", kind=Kind.ROLLBACK),
        ]
    )
    assert [story.deployment.id for story in known if story.failed] == ["2", "4"]
    assert [story.recovery_s for story in known if story.failed] == [HOUR, 2 * HOUR]


def test_a_rollback_to_what_the_ledger_never_saw() -> None:
    """Rule 7: then what stood failed."""
    known = stories([deployed("1", 1, "b"), deployed("2", 2, "older", kind=Kind.ROLLBACK)])
    assert [story.failed for story in known] == [True, False]


def test_a_hotfix_is_what_somebody_called_one() -> None:
    """Rule 8: a fix-forward is a deployment like any other until it is marked."""
    deployments = [deployed("1", 1, "a", base=""), deployed("2", 2, "b"), deployed("3", 5, "c")]
    assert figures(deployments).rework == Share(0, 3)
    found = figures(deployments, [said(Says.REMEDIATES, 6, deployment="3", subject="2")])
    assert found.rework == Share(1, 3)
    assert found.failed == Share(1, 3)
    assert found.recovery == spread([3 * HOUR])


def test_failures_are_distinct_deployments() -> None:
    """Rule 9: two incidents and a rollback of one deployment are one failure, and rollbacks are no changes."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("2", 2, "b"), deployed("3", 4, "a", kind=Kind.ROLLBACK)],
        [
            said(Says.OPENED, 3, deployment="2", subject="i1"),
            said(Says.OPENED, 3.5, deployment="2", subject="i2"),
            said(Says.FAILED, 5, deployment="2"),
        ],
    )
    assert found.failed == Share(1, 2)
    assert found.failed.rate == 0.5


def test_recovery_runs_between_ends() -> None:
    """Rule 10: from the end of the deployment that failed; what mended it first counts."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("2", 2, "b"), deployed("3", 9, "a", kind=Kind.ROLLBACK)],
        [
            said(Says.OPENED, 3, deployment="2", subject="i1"),
            said(Says.CLOSED, 6, subject="i1", later=20),
        ],
    )
    assert found.recovery == spread([4 * HOUR])


def test_several_incidents_are_over_with_the_last() -> None:
    """Rule 10: while one of them is open, nothing is mended."""
    deployments = [deployed("1", 1, "a", base=""), deployed("2", 2, "b")]
    marks = [
        said(Says.OPENED, 3, deployment="2", subject="i1"),
        said(Says.OPENED, 4, deployment="2", subject="i2"),
        said(Says.CLOSED, 5, subject="i1"),
    ]
    assert figures(deployments, marks).recovery == Spread(0)
    assert figures(deployments, [*marks, said(Says.CLOSED, 8, subject="i2")]).recovery == spread([6 * HOUR])


def test_what_is_not_mended_yet_is_shown_apart() -> None:
    """Rule 10: it is in no median, which would look better for it."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("2", 24, "b")], [said(Says.FAILED, 25, deployment="2")]
    )
    assert found.recovery == Spread(0)
    assert found.open_s == (6 * 24 * HOUR,)
    assert found.failed == Share(1, 2)


def test_an_incident_without_a_name_blames_what_stood() -> None:
    """Rule 8 and 9: that is inferred, and said so."""
    found = figures(
        [deployed("1", 1, "a", base=""), deployed("2", 4, "b")],
        [said(Says.OPENED, 3, subject="i1"), said(Says.CLOSED, 3.5, subject="i1")],
    )
    assert (found.failed, found.inferred) == (Share(1, 2), 1)
    assert found.recovery == spread([2.5 * HOUR])


def test_a_mark_can_be_taken_back() -> None:
    """Corrections are new rows, and the last word counts, whatever order they come in."""
    deployments = [deployed("1", 1, "a", base=""), deployed("2", 2, "b")]
    wrong = said(Says.FAILED, 3, deployment="2")
    right = said(Says.GOOD, 4, deployment="2")
    assert figures(deployments, [right, wrong]).failed == Share(0, 2)
    again = said(Says.FAILED, 5, deployment="2")
    assert figures(deployments, [again, right, wrong]).failed == Share(1, 2)


def test_rework_is_what_was_made_to_mend() -> None:
    """Rule 11: hotfixes, rollbacks and answers to incidents, each deployment once."""
    found = figures(
        [
            deployed("1", 1, "a", base=""),
            deployed("2", 2, "b"),
            deployed("3", 3, "a", kind=Kind.ROLLBACK),
            deployed("4", 4, "c"),
            deployed("5", 5, "d"),
        ],
        [
            said(Says.OPENED, 4.5, deployment="4", subject="i1"),
            said(Says.REMEDIATES, 5, deployment="5", subject="i1"),
            said(Says.REMEDIATES, 5, deployment="3", subject="2"),
        ],
    )
    assert found.rework == Share(2, 5)
    assert found.recovery == spread([HOUR, HOUR])


def test_windows_are_half_open() -> None:
    """Rule 12: the end of one is the beginning of the next, and nothing is in both."""
    deployments = [deployed("1", 0, "a"), deployed("2", 24, "b"), deployed("3", 48, "c")]
    day = Window(at(24), at(48))
    assert figures(deployments, window=day).deployments == 1
    assert figures(deployments, window=day.before()).deployments == 1
    assert day.before() == Window(at(0), at(24))


def test_a_day_without_deployments_is_a_day() -> None:
    """Rule 12: it is there, with none."""
    found = figures([deployed("1", 1, "a"), deployed("2", 49, "b")], window=Window(at(0), at(72)))
    assert list(found.by_day.values()) == [1, 0, 1]
    assert found.per_week == pytest.approx(2 * 7 / 3)


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 23), (10, 25, 25)])
def test_days_are_those_of_a_zone(month: int, day: int, hours: int) -> None:
    """Rule 12: when clocks change, a day has 23 or 25 hours, and no deployment falls between two days."""
    zone = ZoneInfo("Europe/Berlin")
    begin = DAY.replace(month=month, day=day, tzinfo=zone)
    window = Window(begin.astimezone(UTC), (begin + timedelta(days=1)).astimezone(UTC))
    assert window.days == pytest.approx(hours / 24)
    moments = [window.since + timedelta(hours=hour) for hour in range(-1, 26)]
    assert per_day(moments, window, zone) == {date(2026, month, day): hours}


def test_small_numbers_are_shown_with_their_n() -> None:
    """Rule 12: nothing of nothing is no rate of zero."""
    found = figures([])
    assert (found.failed.rate, found.rework.rate, found.attempts.rate) == (None, None, None)
    assert (found.lead, found.recovery, found.cadence) == (Spread(0), Spread(0), Spread(0))


def test_cadence_is_the_time_between_two() -> None:
    """The first of a window has one, too: since the last one before."""
    deployments = [deployed("0", -10, "z"), deployed("1", 0, "a"), deployed("2", 4, "b")]
    assert figures(deployments).cadence == spread([10 * HOUR, 4 * HOUR])


def test_stages_have_their_times() -> None:
    """Of attempts that ended well within the window."""
    records = [
        tried("1", 1, stage=Stage.BUILD, minutes=2),
        tried("2", 2, stage=Stage.BUILD, minutes=4),
        tried("3", 3, Outcome.FAILED, stage=Stage.BUILD, minutes=60),
        tried("4", -3, stage=Stage.BUILD, minutes=60),
        tried("5", 3, stage=Stage.GATE, minutes=1),
    ]
    assert durations(records, WEEK) == {Stage.BUILD: spread([120, 240]), Stage.GATE: spread([60])}
