"""An approval that was given on CircleCI: whose it was, whether they may give it, and how long that took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.world import FakeWorld, fake_world
from tests.standins.circleci import SLUG, TOKEN, CircleStandin
from trunkline.adapters.circleci import CircleWorkflows
from trunkline.adapters.circleci.client import CircleClient
from trunkline.adapters.http import HttpClient
from trunkline.app.ci_consent import Consent, consent_of_ci
from trunkline.config.project import Environment
from trunkline.domain.attempts import Stage
from trunkline.errors import NotApproved

MINUTE = timedelta(minutes=1)


class Job:
    """A CI job that is about to deploy to production."""

    def __init__(self, standin: CircleStandin, fake: FakeWorld) -> None:
        self.standin, self.fake = standin, fake
        self.now = fake.clock.now()
        began = self.now - timedelta(hours=2)
        self.workflow = standin.history.start(fake.source.head.sha, began)
        self.build = standin.history.job(self.workflow, "build", began=began, ended=began + MINUTE)
        self.approve_qa = standin.history.hold(
            self.workflow, "approve-qa", after=(self.build,), approved_by="eve"
        )
        self.qa = standin.history.job(
            self.workflow,
            "deploy-qa",
            began=began + 10 * MINUTE,
            ended=began + 11 * MINUTE,
            after=(self.approve_qa,),
        )

    def consent(self, *approvers: str, after: tuple[str, ...], by_name: bool = False) -> Consent:
        job = self.standin.history.job(
            self.workflow, "deploy-prod", "running", began=self.now - 2 * MINUTE, after=after
        )
        ci = {"CIRCLE_WORKFLOW_ID": self.workflow, "CIRCLE_JOB": "deploy-prod"}
        if not by_name:
            ci["CIRCLE_WORKFLOW_JOB_ID"] = job
        surroundings = replace(self.fake.world.surroundings, ci=ci)
        world = replace(self.fake.world, surroundings=surroundings)
        client = CircleClient(HttpClient(), self.fake.clock, TOKEN, self.standin.url)
        return consent_of_ci(world, CircleWorkflows(client, self.fake.clock, SLUG), self._prod(approvers))

    def _prod(self, approvers: tuple[str, ...]) -> Environment:
        found = self.fake.world.project.environment("prod")
        assert found is not None
        return replace(found, approval=True, approvers=approvers)


@pytest.fixture
def job() -> Iterator[Job]:
    fake = fake_world()
    with CircleStandin(now=fake.clock.now) as standin:
        yield Job(standin, fake)


@pytest.mark.parametrize("by_name", [False, True])
def test_who_approved_is_remembered_once(job: Job, by_name: bool) -> None:
    """With the time from what came before the approval to what came after it."""
    hold = job.standin.history.hold(job.workflow, "approve-prod", after=(job.qa,), approved_by="Ada-L")
    job.consent("ada-l", "grace", after=(hold,), by_name=by_name)
    found = job.consent("ada-l", "grace", after=(hold,), by_name=by_name)
    assert (found.actor, found.waited_from, found.given_at) == (
        "Ada-L",
        job.now - timedelta(hours=2) + 11 * MINUTE,
        job.now - 2 * MINUTE,
    )
    [approval] = job.fake.ledger.approvals(job.workflow, "prod")
    assert (approval.actor, approval.reason) == ("Ada-L", "on CircleCI")
    [record] = job.fake.ledger.attempts(run_id=job.workflow)
    assert (record.attempt.stage, record.elapsed_s) == (Stage.APPROVAL, 107 * 60.0)


def test_others_may_not(job: Job) -> None:
    """A yes of somebody who is not on the list is none, and is not remembered as one."""
    hold = job.standin.history.hold(job.workflow, "approve-prod", after=(job.qa,), approved_by="eve")
    with pytest.raises(
        NotApproved, match="takes approvals of ada, grace, and approve-prod was approved by eve"
    ):
        job.consent("ada", "grace", after=(hold,))
    assert job.fake.ledger.approvals(job.workflow, "prod") == ()


def test_another_environments_approval_lets_nothing_in(job: Job) -> None:
    """QA's yes is before production's job as well, and says nothing of production."""
    with pytest.raises(NotApproved, match="none precedes this job"):
        job.consent("eve", after=(job.qa,))
    with pytest.raises(NotApproved, match="none precedes this job"):
        job.consent("eve", after=(job.approve_qa,))


def test_an_approval_further_back_counts(job: Job) -> None:
    """What lies between ran because of it."""
    hold = job.standin.history.hold(job.workflow, "release-hold", after=(job.qa,), approved_by="ada")
    notes = job.standin.history.job(
        job.workflow, "notes", began=job.now - 4 * MINUTE, ended=job.now - 3 * MINUTE, after=(hold,)
    )
    assert job.consent("ada", after=(notes,)).given_at == job.now - 4 * MINUTE


def test_an_approval_that_waits_is_none(job: Job) -> None:
    """A job that somebody started beside it has not got it."""
    hold = job.standin.history.hold(job.workflow, "approve-prod", after=(job.qa,))
    with pytest.raises(NotApproved, match="none precedes this job"):
        job.consent("ada", after=(hold,))
