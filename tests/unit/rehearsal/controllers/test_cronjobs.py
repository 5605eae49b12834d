"""CronJobs and their schedules."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rehearsal.controllers.objects import template
from tests.unit.rehearsal.controllers.world import FakeKubelet, World
from trunkline.rehearsal.controllers.cronjobs import CronJobs
from trunkline.rehearsal.controllers.jobs import Jobs
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.schedules import BadSchedule, parse
from trunkline.rehearsal.objects import Object, at


class Cluster(World):
    def __init__(self, phase: str = "Succeeded") -> None:
        super().__init__()
        means = Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events)
        self.loop.add(CronJobs(means))
        self.loop.add(Jobs(means))
        FakeKubelet(self, lambda _: 1.0, lambda _: phase)

    def ask(self, **spec: Any) -> None:
        job = {"spec": {"template": template("work")}}
        spec = {"schedule": "*/5 * * * *", "jobTemplate": job, **spec}
        self.create({"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick"}, "spec": spec})
        self.settle()

    def jobs(self) -> list[str]:
        return [job["metadata"]["name"] for job in self.all("Job")]


# The minutes since the epoch of 12:00 on the day of the tests' clock.
NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()) // 60


def test_jobs_start_on_schedule() -> None:
    """A Job is started at each scheduled minute, named after it, noted while it runs and when it is done."""
    cluster = Cluster()
    cluster.ask()
    cluster.advance(299)
    assert cluster.jobs() == []
    cluster.advance(1.1)
    assert cluster.jobs() == [f"tick-{NOON + 5}"]
    status = cluster.get("CronJob", "tick")["status"]
    assert status["lastScheduleTime"] == "2026-03-01T12:05:00Z"
    assert [item["name"] for item in status["active"]] == cluster.jobs()
    cluster.advance(5)
    status = cluster.get("CronJob", "tick")["status"]
    assert "active" not in status
    assert status["lastSuccessfulTime"] == "2026-03-01T12:05:01Z"
    assert [entry[:2] for entry in cluster.told("tick")] == [
        ("SuccessfulCreate", f"Created job tick-{NOON + 5}"),
        ("SawCompletedJob", f"Saw completed job: tick-{NOON + 5}, condition: Complete"),
    ]


def test_old_jobs_go() -> None:
    """Of the Jobs that succeeded the last three are kept."""
    cluster = Cluster()
    cluster.ask()
    cluster.advance(5 * 300 + 10)
    assert cluster.jobs() == [f"tick-{NOON + minute}" for minute in (15, 20, 25)]


@pytest.mark.parametrize(("policy", "left"), [("Allow", (5, 10, 15)), ("Forbid", (5,)), ("Replace", (15,))])
def test_jobs_that_overlap(policy: str, left: tuple[int, ...]) -> None:
    """A Job that still runs is left, respected or replaced, as the policy says."""
    cluster = Cluster("Running")
    cluster.ask(concurrencyPolicy=policy)
    cluster.advance(3 * 300 + 1)
    assert cluster.jobs() == [f"tick-{NOON + minute}" for minute in left]


def test_nothing_starts_while_suspended() -> None:
    """A suspended CronJob starts nothing and waits for nothing."""
    cluster = Cluster()
    cluster.ask(suspend=True)
    assert cluster.loop.next_due() is None


def test_a_schedule_that_makes_no_sense_is_told() -> None:
    """A schedule that cannot be parsed is an event."""
    cluster = Cluster()
    cluster.ask(schedule="every day")
    assert cluster.told("tick")[0][0] == "UnparseableSchedule"


@pytest.mark.parametrize(
    ("text", "after", "found"),
    [
        ("*/15 * * * *", "2026-03-01T12:00:30", "2026-03-01T12:15:00"),
        ("0 3 * * *", "2026-03-01T12:00:00", "2026-03-02T03:00:00"),
        ("0 0 29 2 *", "2026-03-01T12:00:00", "2028-02-29T00:00:00"),
        ("30 8-10/2 * jan-mar mon,wed", "2026-03-01T12:00:00", "2026-03-02T08:30:00"),
        ("0 0 13 * 5", "2026-03-01T12:00:00", "2026-03-06T00:00:00"),
        ("0 0 * * 7", "2026-03-01T12:00:00", "2026-03-08T00:00:00"),
        ("@hourly", "2026-12-31T23:00:00", "2027-01-01T00:00:00"),
    ],
)
def test_the_next_moment(text: str, after: str, found: str) -> None:
    """A schedule's next moment is the one that cron means."""
    moment = parse(text).after(datetime.fromisoformat(after).replace(tzinfo=UTC))
    assert moment == datetime.fromisoformat(found).replace(tzinfo=UTC)


def test_a_day_that_never_comes() -> None:
    """A schedule for a day that no month has names no moment."""
    assert parse("0 0 31 2 *").after(datetime(2026, 1, 1, tzinfo=UTC)) is None


@given(st.text(alphabet="0123456789*/-,? @dailymon", max_size=20))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    """Whatever is given is parsed or refused, and nothing else happens."""
    with contextlib.suppress(BadSchedule):
        assert parse(text).minutes


def test_a_started_job_is_annotated() -> None:
    """A Job tells for which moment it was started, and belongs to its CronJob."""
    cluster = Cluster("Running")
    cluster.ask()
    cluster.advance(301)
    job: Object = cluster.all("Job")[0]
    assert job["metadata"]["annotations"] == {
        "batch.kubernetes.io/cronjob-scheduled-timestamp": "2026-03-01T12:05:00Z"
    }
    assert at(job, "metadata", "ownerReferences", 0, "kind") == "CronJob"
