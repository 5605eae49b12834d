"""Approvals on CircleCI: what waits, what is overtaken, and what may be cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.standins.circleci import SLUG, TOKEN, CircleStandin
from trunkline.adapters.circleci import CircleWorkflows
from trunkline.adapters.circleci.client import CircleClient
from trunkline.adapters.http import HttpClient
from trunkline.app.ci_approvals import Waiting, approve, cancel, cancel_superseded, waiting
from trunkline.errors import UsageError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
OLD, NEW, NEWEST = (character * 40 for character in "abc")


@pytest.fixture
def standin() -> Iterator[CircleStandin]:
    with CircleStandin(page=2, now=lambda: NOW) as made:
        yield made


@pytest.fixture
def workflows(standin: CircleStandin) -> CircleWorkflows:
    clock = FakeClock(NOW)
    return CircleWorkflows(CircleClient(HttpClient(), clock, TOKEN, standin.url), clock, SLUG)


def _held(standin: CircleStandin, commit: str, *, busy: bool = False, branch: str = "main") -> str:
    """A workflow that waits for QA since it came to development."""
    at = NOW - timedelta(hours=1)
    workflow = standin.history.start(commit, at, branch=branch, login="grace")
    dev = standin.history.job(workflow, "deploy-dev", began=at, ended=at + 5 * MINUTE)
    if busy:
        standin.history.job(workflow, "report", "running", began=at)
    standin.history.hold(workflow, "approve-qa", after=(dev,))
    return workflow


def test_what_waits_is_told_with_what_overtook_it(standin: CircleStandin, workflows: CircleWorkflows) -> None:
    """By a newer commit of the same branch that has come as far, and by nothing else."""
    first, second = _held(standin, OLD), _held(standin, NEW)
    other = _held(standin, NEWEST, branch="topic")
    standin.history.start(NEWEST, NOW)
    found = {item.workflow: item for item in waiting(workflows)}
    assert found[first] == Waiting(
        "approve-qa", found[first].request, first, 1, OLD, "main", "grace", NOW - 55 * MINUTE, NEW
    )
    assert (found[second].superseded_by, found[other].superseded_by) == ("", "")
    assert [item.workflow for item in waiting(workflows, "topic")] == [other]


def test_an_approval_is_given(standin: CircleStandin, workflows: CircleWorkflows) -> None:
    """By the workflow's id, the beginning of it, or the pipeline's number; where several wait, by name as well."""
    first, second, third = (_held(standin, commit) for commit in (OLD, NEW, NEWEST))
    standin.history.hold(third, "approve-docs")
    known = waiting(workflows)
    assert approve(workflows, known, "1").workflow == first
    assert approve(workflows, known, second[:13]).workflow == second
    with pytest.raises(UsageError, match="Several approvals wait"):
        approve(workflows, known, third)
    assert approve(workflows, known, third, "approve-docs").name == "approve-docs"
    for wrong in ("99", "nonsense", ""):
        with pytest.raises(UsageError, match="No approval waits"):
            approve(workflows, known, wrong)
    assert [(item.workflow, item.name) for item in waiting(workflows)] == [(third, "approve-qa")]


def test_what_is_overtaken_is_cancelled(standin: CircleStandin, workflows: CircleWorkflows) -> None:
    """Unless the workflow is at something; what nothing has overtaken is cancelled only by name."""
    first, busy, last = _held(standin, OLD), _held(standin, NEW, busy=True), _held(standin, NEWEST)
    spared: list[Waiting] = []
    done = cancel_superseded(workflows, waiting(workflows), spared.append)
    assert [item.workflow for item in done] == [first]
    assert [(item.workflow, item.busy) for item in spared] == [(busy, ("report",))]
    assert {item.workflow for item in waiting(workflows)} == {busy, last}
    assert cancel(workflows, waiting(workflows), last).workflow == last
    with pytest.raises(UsageError, match="No approval waits"):
        cancel(workflows, waiting(workflows), last)


def test_what_waits_for_something_newer_as_well_is_not_cancelled(
    standin: CircleStandin, workflows: CircleWorkflows
) -> None:
    """A workflow in which anything waits that nobody has overtaken goes on."""
    first = _held(standin, OLD)
    standin.history.hold(first, "approve-docs")
    _held(standin, NEW)
    assert cancel_superseded(workflows, waiting(workflows), lambda _: None) == ()
