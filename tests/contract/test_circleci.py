"""CircleCI as a port: all pages, the patience that its limit asks for, and troubles in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.http import ScriptedHttp, json_response
from tests.standins.circleci import SLUG, TOKEN, CircleStandin, limit_rate
from tests.standins.faults import BREAK, DROP, Fault
from trunkline.adapters.circleci import CircleWorkflows
from trunkline.adapters.circleci.client import CircleClient
from trunkline.adapters.http import HttpClient
from trunkline.domain.workflows import held, released
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Response

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHA = "b" * 40
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[CircleStandin]:
    with CircleStandin(page=2, now=clock.now) as made:
        yield made


def _client(clock: FakeClock, url: str, token: str = TOKEN, slug: str = SLUG) -> CircleWorkflows:
    return CircleWorkflows(CircleClient(HttpClient(), clock, token, url), clock, slug)


@pytest.fixture
def workflows(standin: CircleStandin, clock: FakeClock) -> CircleWorkflows:
    return _client(clock, standin.url)


def test_what_ended_in_the_window(standin: CircleStandin, workflows: CircleWorkflows) -> None:
    """Of all workflows and pages, on one branch or on all; however far back one asks, the window is one that is kept."""
    expected = {}
    for days, branch, name in ((89, "main", "deliver"), (5, "main", "nightly"), (4, "topic", "deliver"),
                               (3, "main", "deliver"), (2, "main", "deliver"), (1, "main", "deliver")):  # fmt: skip
        at = NOW - timedelta(days=days)
        workflow = standin.history.start(SHA, at, branch=branch, name=name)
        standin.history.stop(workflow, at + MINUTE, "failed" if days == 2 else "success")
        expected[workflow] = (name, branch, at, "failed" if days == 2 else "success")
    standin.history.start(SHA, NOW)
    found = {item.id: item for item in workflows.finished(NOW - timedelta(days=1000))}
    assert set(found) == set(expected)
    for ident, (name, _, at, status) in expected.items():
        item = found[ident]
        assert (item.name, item.created_at, item.stopped_at, item.status) == (name, at, at + MINUTE, status)
    main = {item.id for item in workflows.finished(NOW - timedelta(days=1000), "main")}
    assert main == {ident for ident, item in expected.items() if item[1] == "main"}
    assert len(list(workflows.finished(NOW - timedelta(days=3, hours=1), "main"))) == 3


def test_jobs_and_approvals(standin: CircleStandin, workflows: CircleWorkflows) -> None:
    """Who approved is known by name, since when it waited by what came before, and until when by what came after."""
    at = NOW - timedelta(hours=5)
    workflow = standin.history.start(SHA, at, login="grace")
    test = standin.history.job(workflow, "test", began=at, ended=at + MINUTE)
    hold = standin.history.hold(workflow, "approve-qa", after=(test,), approved_by="ada-l")
    standin.history.job(
        workflow, "deploy-qa", "failed", began=at + 61 * MINUTE, ended=at + 62 * MINUTE, after=(hold,)
    )
    whole = workflows.workflow(workflow)
    pipeline = workflows.pipeline(whole.pipeline)
    assert (pipeline.commit, pipeline.branch, pipeline.actor) == (SHA, "main", "grace")
    jobs = workflows.jobs(workflow)
    [approval] = [job for job in jobs if job.approval]
    assert workflows.login(approval.approved_by) == "ada-l"
    assert workflows.login("nobody") == "nobody"
    assert held(approval, jobs, whole.created_at) == at + MINUTE
    assert released(approval, jobs) == at + 61 * MINUTE
    assert [(job.succeeded, job.failed, job.waits) for job in jobs] == [
        (True, False, False), (True, False, False), (False, True, False)
    ]  # fmt: skip


def test_what_waits_is_approved_or_cancelled(standin: CircleStandin, workflows: CircleWorkflows) -> None:
    """By the very words of the API."""
    one, two = (standin.history.start(SHA, NOW, branch=branch) for branch in ("main", "topic"))
    for workflow in (one, two):
        standin.history.hold(workflow, "approve-qa")
    [(pipeline, found)] = workflows.recent("main")
    [job] = workflows.jobs(found.id)
    assert (pipeline.number, found.id, job.waits) == (1, one, True)
    workflows.approve(one, job.request)
    assert not workflows.jobs(one)[0].waits
    workflows.cancel(two)
    assert workflows.workflow(two).over
    with pytest.raises(Unreachable, match="HTTP 400"):
        workflows.cancel(two)


def test_it_comes_later_when_told_to(
    standin: CircleStandin, workflows: CircleWorkflows, clock: FakeClock
) -> None:
    """A full rate limit and a hiccup cost waiting, not the answer; what never ends is told."""
    workflow = standin.history.start(SHA, NOW)
    standin.misbehave(limit_rate(7), BREAK)
    assert workflows.workflow(workflow).id == workflow
    assert clock.slept == [7.0, 2.0]
    standin.misbehave(*[limit_rate(30)] * 9)
    with pytest.raises(Unreachable, match="too many questions"):
        workflows.workflow(workflow)
    assert sum(clock.slept) <= 9 + 90


def test_what_was_said_is_not_said_twice(
    standin: CircleStandin, workflows: CircleWorkflows, clock: FakeClock
) -> None:
    """An approval whose answer is lost may have been heard; one that came too fast was not."""
    workflow = standin.history.start(SHA, NOW)
    request = standin.history.hold(workflow, "approve-qa")
    for fault in (BREAK, DROP):
        standin.misbehave(fault)
        with pytest.raises(Unreachable):
            workflows.approve(workflow, request)
    assert clock.slept == []
    standin.misbehave(limit_rate(3))
    workflows.approve(workflow, request)
    assert clock.slept == [3.0]


def test_troubles_in_words(standin: CircleStandin, workflows: CircleWorkflows, clock: FakeClock) -> None:
    """A wrong token, a project of others, and a token that may not: each says what to do."""
    with pytest.raises(Refused, match="does not know the token") as wrong:
        _client(clock, standin.url, token="wr0ng-token").workflow("x")
    assert "wr0ng" not in str(wrong.value) + wrong.value.hint
    with pytest.raises(Refused, match="404"):
        list(_client(clock, standin.url, slug="gh/acme/other").finished(NOW - timedelta(days=1)))
    standin.misbehave(Fault(403))
    with pytest.raises(Refused, match="does not allow"):
        workflows.cancel("x")


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {}, b"<html>"),
        Response(200, {}, b"[" * 100_000),
        json_response([]),
        json_response({"items": 3}),
        json_response({"items": ["x"]}),
        json_response({"items": [{"id": 3}]}),
        json_response({"items": [{"id": "x", "name": "y", "status": "on_hold", "started_at": "soon"}]}),
        json_response({"items": [], "next_page_token": "again"}),
    ],
)
def test_answers_that_make_no_sense(answer: Response, clock: FakeClock) -> None:
    """They are told as what they are, and never end in a fault of ours or in a circle."""
    client = CircleClient(ScriptedHttp(answer), clock, TOKEN, "https://ci.example")
    with pytest.raises(Unreachable, match="makes no sense"):
        CircleWorkflows(client, clock, SLUG).jobs("x")
