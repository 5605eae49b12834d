"""What CircleCI still knows becomes history, once, and approvals tell what waited."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.records import a_run
from tests.fakes.world import FakeWorld, fake_world
from tests.standins.circleci import SLUG, TOKEN, CircleStandin
from tests.standins.faults import Fault
from trunkline.adapters.circleci import CircleWorkflows
from trunkline.adapters.circleci.client import CircleClient
from trunkline.adapters.http import HttpClient
from trunkline.app.circleci_imports import Imported, Wishes, import_workflows
from trunkline.app.delivery import measure
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.delivery.windows import Window
from trunkline.domain.job_stages import JobStage
from trunkline.errors import Refused

MINUTE = timedelta(minutes=1)
_EVER = datetime.min.replace(tzinfo=UTC)
SHAS = [character * 40 for character in "0123456789abcdef"]


class Past:
    """A project on CircleCI, and a ledger that takes it in."""

    def __init__(self, standin: CircleStandin, fake: FakeWorld) -> None:
        self.standin, self.fake = standin, fake
        self.service = fake.world.project.service

    def delivery(
        self, number: int, at: datetime, *, qa: str = "success", waited: timedelta = 60 * MINUTE
    ) -> str:
        """A workflow as the article has it: build, development, an approval that was waited for, QA."""
        history = self.standin.history
        workflow = history.start(SHAS[number], at, login="grace")
        build = history.job(workflow, "build", began=at, ended=at + 3 * MINUTE)
        dev = history.job(
            workflow, "deploy_dev", began=at + 3 * MINUTE, ended=at + 4 * MINUTE, after=(build,)
        )
        hold = history.hold(workflow, "approval_qa", after=(dev,), approved_by="ada-l")
        begun = at + 4 * MINUTE + waited
        history.job(workflow, "deploy_qa", qa, began=begun, ended=begun + MINUTE, after=(hold,))
        history.job(workflow, "notify", began=begun, ended=begun + MINUTE)
        history.stop(workflow, begun + MINUTE, "success" if qa == "success" else "failed")
        return workflow

    def take(self, tell: Callable[[str], None] = lambda _: None, **stages: JobStage) -> Imported:
        clock = self.fake.clock
        client = CircleClient(HttpClient(), clock, TOKEN, self.standin.url)
        workflows = CircleWorkflows(client, clock, SLUG)
        return import_workflows(self.fake.world, workflows, Wishes(_EVER, "main", stages), tell)


@pytest.fixture
def past() -> Iterator[Past]:
    fake = fake_world()
    with CircleStandin(page=2, now=fake.clock.now) as standin:
        yield Past(standin, fake)


def test_workflows_become_runs(past: Past) -> None:
    """Each with its attempts, what was deployed, what failed, who approved, and how long that waited."""
    now = past.fake.clock.now()
    past.delivery(1, now - timedelta(days=3))
    past.delivery(2, now - timedelta(days=2), waited=30 * MINUTE)
    past.delivery(3, now - timedelta(days=1), qa="failed")
    found = past.take()
    assert (found.workflows, found.known, found.left_out) == (3, 0, ("notify",))
    assert found.stages["approval_qa"] == JobStage(Stage.APPROVAL, "qa")
    ledger = past.fake.ledger
    assert [item.commit for item in ledger.deployments(environment="dev")] == [SHAS[3], SHAS[2], SHAS[1]]
    assert [item.commit for item in ledger.deployments(environment="qa")] == [SHAS[2], SHAS[1]]
    failed = [item for item in ledger.attempts(environment="qa", limit=99)
              if item.ending and item.ending.outcome is Outcome.FAILED]  # fmt: skip
    assert [item.ending.reason for item in failed if item.ending] == ["the job deploy_qa failed on CircleCI"]
    [approval] = ledger.approvals(ledger.runs(past.service)[0].id)
    assert (approval.actor, approval.environment) == ("ada-l", "qa")
    window = Window(now - timedelta(days=7), now)
    [service] = measure(ledger, past.service, "", window, UTC, "UTC").services
    waited = service.stages[Stage.APPROVAL]
    assert (waited.n, waited.p50_s) == (3, 3600.0)
    assert service.stages[Stage.BUILD].p50_s == 180.0


def test_an_import_can_be_repeated(past: Past) -> None:
    """What is known is asked for no more, what ended since is taken in, and nothing is there twice."""
    now = past.fake.clock.now()
    past.delivery(1, now - timedelta(days=3))
    assert past.take().workflows == 1
    past.delivery(2, now - timedelta(days=2))
    past.standin.requests.clear()
    found = past.take()
    assert (found.workflows, found.known) == (1, 1)
    assert len({path for _, path in past.standin.requests if path.endswith("/job")}) == 1
    assert len(past.fake.ledger.deployments(limit=99)) == 4
    again = past.take()
    assert (again.workflows, again.records, again.known) == (0, 0, 2)


def test_an_import_goes_on_where_it_was_stopped(past: Past) -> None:
    """Workflows are taken in oldest first, each of them whole."""
    now = past.fake.clock.now()
    for number in (1, 2, 3):
        past.delivery(number, now - timedelta(days=9 - number))

    def refuse_then(_: str) -> None:
        if len(past.fake.ledger.runs(past.service)) == 2:
            past.standin.misbehave(Fault(403))

    with pytest.raises(Refused):
        past.take(refuse_then)
    assert [run.commit for run in past.fake.ledger.runs(past.service)] == [SHAS[2], SHAS[1]]
    assert past.take().workflows == 1
    assert len(past.fake.ledger.deployments(limit=99)) == 6


def test_what_ran_trunkline_is_left_alone(past: Past) -> None:
    """Such a workflow's id is its run's, and what the ledger knows by its own word is better."""
    workflow = past.delivery(1, past.fake.clock.now() - timedelta(days=3))
    past.fake.ledger.open_run(a_run(workflow, service=past.service))
    found = past.take()
    assert (found.workflows, found.known) == (0, 1)


def test_what_was_run_again_counts_once(past: Past) -> None:
    """A workflow that goes on from where another failed brings along the jobs that had been done."""
    now = past.fake.clock.now()
    first = past.delivery(1, now - timedelta(days=3), qa="failed")
    history = past.standin.history
    second = history.start(SHAS[1], now - timedelta(days=2))
    history.jobs[second] = [dict(job) for job in history.jobs[first] if job["name"] != "deploy_qa"]
    history.job(second, "deploy_qa", began=now - timedelta(days=2), ended=now - timedelta(days=2) + MINUTE)
    history.stop(second, now - timedelta(days=2) + MINUTE)
    past.take()
    assert len(past.fake.ledger.deployments(environment="dev")) == 1
    assert len(past.fake.ledger.deployments(environment="qa")) == 1


def test_somebody_says_what_a_job_is(past: Past) -> None:
    """Where its name does not tell."""
    past.delivery(1, past.fake.clock.now() - timedelta(days=3))
    assert past.take().left_out == ("notify",)
    found = past.take(notify=JobStage(Stage.TEST))
    assert (found.workflows, found.left_out) == (0, ())
    assert [item.attempt.stage for item in past.fake.ledger.attempts(limit=99)].count(Stage.TEST) == 1
    assert len(past.fake.ledger.deployments(limit=99)) == 2
    assert found.stages["notify"] == JobStage(Stage.TEST)
