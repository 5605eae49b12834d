"""The stand-in for CircleCI is as strict as the real one: a client that knows nothing of it can use it."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import requests
from pycircleci.api import Api

from tests.standins.circleci import SECRET, TOKEN, CircleStandin, limit_rate
from tests.standins.receiver import Receiver

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SHA = "a" * 40


@pytest.fixture
def standin() -> Iterator[CircleStandin]:
    with CircleStandin(page=2, now=lambda: NOW) as made:
        yield made


@pytest.fixture
def client(standin: CircleStandin) -> Api:
    return Api(TOKEN, f"{standin.url}/api")


def _past(standin: CircleStandin, count: int) -> list[str]:
    """Workflows that ended, a day apart, the newest one a day ago."""
    made = []
    for days in range(count, 0, -1):
        at = NOW - timedelta(days=days)
        workflow = standin.history.start(SHA, at)
        standin.history.job(workflow, "test", began=at, ended=at + timedelta(minutes=2))
        standin.history.stop(workflow, at + timedelta(minutes=2))
        made.append(workflow)
    return made


def test_everything_is_found_page_by_page(standin: CircleStandin, client: Api) -> None:
    """Pipelines, their workflows and jobs, as a client reads them."""
    made = _past(standin, 5)
    pipelines = client.get_project_pipelines("acme", "sample", vcs_type="gh", paginate=True)
    assert [item["number"] for item in pipelines] == [5, 4, 3, 2, 1]
    [workflow] = client.get_pipeline_workflow(pipelines[0]["id"], paginate=True)
    assert workflow["id"] == made[-1]
    assert client.get_workflow(made[-1])["pipeline_id"] == pipelines[0]["id"]
    assert client.get_pipeline(pipelines[0]["id"])["vcs"]["revision"] == SHA
    assert [job["name"] for job in client.get_workflow_jobs(made[-1], paginate=True)] == ["test"]
    assert client.get_user_info(api_version="v2")["login"] == "ada"


def test_insights_have_windows(standin: CircleStandin, client: Api) -> None:
    """They know the names, the runs of a window, and nothing of what is older than 90 days."""
    _past(standin, 5)
    names = client.get_project_workflows_metrics("acme", "sample", vcs_type="gh", paginate=True)
    assert [item["name"] for item in names] == ["deliver"]
    window = {"start-date": (NOW - timedelta(days=3)).isoformat(), "end-date": NOW.isoformat()}
    runs = client.get_project_workflow_metrics(
        "acme", "sample", "deliver", params=window, vcs_type="gh", paginate=True
    )
    assert [(item["status"], item["duration"]) for item in runs] == [("success", 120)] * 3
    for wrong in (
        {},
        {"start-date": (NOW - timedelta(days=91)).isoformat()},
        {"start-date": NOW.isoformat(), "end-date": (NOW - timedelta(days=1)).isoformat()},
        {"start-date": "yesterday"},
        {**window, "branch": "main", "all-branches": "true"},
        {**window, "page-token": "made-up"},
    ):
        with pytest.raises(requests.HTTPError, match="400"):
            client.get_project_workflow_metrics("acme", "sample", "deliver", params=wrong, vcs_type="gh")


def test_approvals_are_given_once(standin: CircleStandin, client: Api) -> None:
    """What waits can be approved or cancelled, each once."""
    first = standin.history.start(SHA, NOW)
    request = standin.history.hold(first, "approve-qa")
    assert client.get_workflow(first)["status"] == "on_hold"
    assert client.approve_job(first, request) == {"message": "Accepted."}
    [job] = client.get_workflow_jobs(first)
    assert (job["status"], client.get_user_id_info(job["approved_by"])["login"]) == ("success", "ada")
    with pytest.raises(requests.HTTPError, match="400"):
        client.approve_job(first, request)
    with pytest.raises(requests.HTTPError, match="404"):
        client.approve_job(first, "11111111-2222-4333-8444-555555555555")
    client.cancel_workflow(first)
    with pytest.raises(requests.HTTPError, match="400"):
        client.cancel_workflow(first)


def test_webhooks_are_signed(standin: CircleStandin) -> None:
    """By the secret, over the very bytes that come; what comes twice has one id."""
    [workflow] = _past(standin, 1)
    [job] = standin.history.jobs[workflow]
    with Receiver() as receiver:
        standin.tell(receiver.url, "job-completed", workflow, job["id"], times=2)
        standin.tell(receiver.url, "workflow-completed", workflow)
    for headers, body in receiver.posts:
        expected = hmac.new(SECRET.encode(), body, "sha256").hexdigest()
        assert headers["circleci-signature"] == f"v1={expected}"
        assert headers["circleci-event-type"] == json.loads(body)["type"]
    first, again, last = (json.loads(body) for _, body in receiver.posts)
    assert first["id"] == again["id"] != last["id"]
    assert (first["job"]["status"], last["workflow"]["status"]) == ("success", "success")


def test_strangers_and_the_hasty_are_refused(standin: CircleStandin, client: Api) -> None:
    """A wrong token is 401, an unknown thing 404, and too much at once 429 with the seconds to wait."""
    with pytest.raises(requests.HTTPError, match="401"):
        Api("wrong", f"{standin.url}/api").get_workflow("x")
    with pytest.raises(requests.HTTPError, match="404"):
        client.get_workflow("x")
    standin.misbehave(limit_rate(7))
    answer = requests.get(f"{standin.url}/api/v2/me", headers={"Circle-Token": TOKEN}, timeout=10)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    by_query = requests.get(f"{standin.url}/api/v2/me?circle-token={TOKEN}", timeout=10)
    assert by_query.status_code == 400
