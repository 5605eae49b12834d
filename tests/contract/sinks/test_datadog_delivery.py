"""DORA metrics and CI Visibility: the vendor's own client passes the stand-in first, then ours does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException
from datadog_api_client.v2.api.ci_visibility_pipelines_api import CIVisibilityPipelinesApi
from datadog_api_client.v2.api.dora_metrics_api import DORAMetricsApi

from tests.fakes.telling import COMMIT, ORIGIN, Bench, an_attempt, began, ended, send
from tests.standins.datadog import KEY, DatadogStandin
from tests.standins.faults import Fault
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.sinks.datadog import DatadogDora, DatadogPipelines
from trunkline.config.sinks import DatadogSettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.parcels import Parcel
from trunkline.domain.redaction import Redactor

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)


@pytest.fixture
def standin() -> Iterator[DatadogStandin]:
    with DatadogStandin() as server:
        yield server


@pytest.fixture
def client(standin: DatadogStandin) -> Iterator[ApiClient]:
    settings = Configuration(host=standin.url)
    settings.api_key["apiKeyAuth"] = KEY
    with ApiClient(settings) as made:
        yield made


def sinks(standin: DatadogStandin) -> tuple[DatadogDora, DatadogPipelines]:
    given = (DatadogSettings(api_key=KEY, url=standin.url), HttpClient(), SystemClock(), Redactor())
    return DatadogDora(*given), DatadogPipelines(*given)


def deployment(**changes: Any) -> dict[str, Any]:
    attributes = {
        "id": "deployment-0001-abc",
        "service": "shop",
        "env": "prod",
        "started_at": int(BEGAN.timestamp()),
        "finished_at": int(BEGAN.timestamp() * 1000) + 42_000,
        "git": {"commit_sha": COMMIT, "repository_url": "https://git.example/acme/shop"},
        "custom_tags": ["kind:release"],
    }
    return {"data": {"attributes": {**attributes, **changes}}}


def test_the_vendors_client_sends_deployments(standin: DatadogStandin, client: ApiClient) -> None:
    """What the vendor's client calls a deployment or an incident is taken and recorded."""
    api = DORAMetricsApi(client)
    body = deployment(finished_at=int(BEGAN.timestamp()) + 42)
    api.create_dora_deployment(body=body)
    failure = {
        "services": ["shop"],
        "env": "prod",
        "started_at": int(BEGAN.timestamp()),
        "id": "incident-0001-abc",
    }
    api.create_dora_failure(body={"data": {"attributes": failure}})
    assert standin.kept("deployment")["deployment-0001-abc"]["service"] == "shop"
    assert standin.kept("failure")["incident-0001-abc"]["services"] == ["shop"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "short"},
        {"git": {"commit_sha": "abc", "repository_url": "x"}},
        {"started_at": 1},
        {"custom_tags": ["x"]},
    ],
    ids=["id", "git", "old", "tags"],
)
def test_the_vendors_client_hears_of_mistakes(
    standin: DatadogStandin, client: ApiClient, changes: dict[str, Any]
) -> None:
    """A deployment that breaks a documented rule is refused, and nothing of it recorded."""
    body = deployment(**{"finished_at": int(BEGAN.timestamp()) + 42, **changes})
    with pytest.raises(ApiException) as caught:
        DORAMetricsApi(client).create_dora_deployment(body=body)
    assert caught.value.status == 400
    assert standin.kept("deployment") == {}


def test_the_vendors_client_sends_pipelines(standin: DatadogStandin, client: ApiClient) -> None:
    """What the vendor's client calls a pipeline and a job is taken and recorded."""
    times = {"start": BEGAN, "end": BEGAN + timedelta(seconds=42)}
    page = "https://ci.example/1"
    resources: list[dict[str, Any]] = [
        {"level": "pipeline", "unique_id": "run-1", "name": "shop", "status": "success", "partial_retry": False, "url": page},
        {"level": "job", "id": "j1", "name": "deploy", "pipeline_unique_id": "run-1", "pipeline_name": "shop", "status": "error", "url": page},
    ]  # fmt: skip
    for resource in resources:
        data = {"type": "cipipeline_resource_request", "attributes": {"resource": {**resource, **times}}}
        CIVisibilityPipelinesApi(client).create_ci_app_pipeline_event(body={"data": data})
    assert standin.kept("pipeline")["run-1"]["status"] == "success"
    assert standin.kept("job")["j1"]["status"] == "error"


def test_deployments(standin: DatadogStandin) -> None:
    """What came to stand is a deployment with its commit and times; what failed, or is no deployment, is none."""
    one = an_attempt(started_at=BEGAN, id="attempt-0000001")
    parcels = [
        ended(an_attempt(Stage.BUILD, id="attempt-0000000")),
        began(one),
        ended(one),
        ended(replace(one, id="attempt-0000002"), Outcome.FAILED, "Why."),
    ]
    send(sinks(standin)[0], parcels)
    assert standin.kept("deployment") == {
        "d-attempt-0000001": {
            "id": "d-attempt-0000001",
            "service": "shop",
            "env": "production",
            "version": COMMIT[:12],
            "started_at": int(BEGAN.timestamp()) * 10**9,
            "finished_at": int(BEGAN.timestamp() + 42) * 10**9,
            "git": {"commit_sha": COMMIT, "repository_url": "https://git.example/acme/shop"},
            "team": "payments",
            "custom_tags": ["kind:release", "release:shop-prod"],
        }
    }


def test_an_answer_that_was_lost(standin: DatadogStandin) -> None:
    """A deployment whose answer did not come is sent again under the same id: Datadog has it once."""
    bench = Bench(sinks(standin)[0])
    bench.write(ended(an_attempt()))
    [waiting] = bench.ledger.claim(f"datadog-dora {standin.url[7:]}", datetime.now(UTC), datetime.now(UTC), 9)
    sinks(standin)[0].send([waiting], datetime.now(UTC), 2.0)
    assert bench.flush()[0].delivered == 1
    assert len([seen for seen in standin.requests if seen.status == 202]) == 2
    assert len(standin.kept("deployment")) == 1


def test_incidents(standin: DatadogStandin) -> None:
    """An incident is told when it opens, and again with its end when it is closed."""
    said = (BEGAN, BEGAN + timedelta(minutes=2))
    for says, at in zip((Says.OPENED, Says.CLOSED), said, strict=True):
        mark = Mark(
            f"m-{says}", says, "shop", "prod", "", "incident-000000001", "Checkout fails", "ana", at, at
        )
        parcel = Parcel(mark.id, at, ORIGIN, mark=mark, since=BEGAN)
        delivery = sinks(standin)[0].send([message_of(parcel)], datetime.now(UTC), 2.0)
        assert delivery.taken == {parcel.id}
        assert ("finished_at" in standin.kept("failure")["incident-000000001"]) is (says is Says.CLOSED)
    [incident] = standin.kept("failure").values()
    assert incident["finished_at"] - incident["started_at"] == 120 * 10**9
    assert (incident["services"], incident["name"], incident["env"]) == (
        ["shop"],
        "Checkout fails",
        "production",
    )


def test_runs_and_stages(standin: DatadogStandin) -> None:
    """Each stage that ended is a job; the run is a pipeline once the last environment was reached."""
    one = an_attempt(started_at=BEGAN)
    build = replace(one, id="b1", stage=Stage.BUILD, environment="")
    send(sinks(standin)[1], [began(build), ended(build, seconds=30)])
    assert standin.kept("pipeline") == {}
    send(sinks(standin)[1], [ended(one)])
    assert {key: (job["name"], job["status"]) for key, job in standin.kept("job").items()} == {
        "b1": ("build", "success"),
        "a1": ("deploy prod", "success"),
    }
    [run] = standin.kept("pipeline").values()
    assert (run["name"], run["status"], run["unique_id"]) == ("shop", "success", "run-1")


def test_a_run_that_fails(standin: DatadogStandin) -> None:
    """A stage that failed ends the run, and says why."""
    send(sinks(standin)[1], [ended(an_attempt(), Outcome.FAILED, "Pod shop-1 crashes on start.")])
    [job] = standin.kept("job").values()
    assert job["error"] == {
        "type": "crash-loop",
        "message": "Pod shop-1 crashes on start.",
        "domain": "provider",
    }
    assert [run["status"] for run in standin.kept("pipeline").values()] == ["error"]


def test_one_interface_in_trouble(standin: DatadogStandin) -> None:
    """Where DORA's interface is refused to an organisation, the others go on, and the reason is told."""
    standin.misbehave(lasting=replace(Fault(404), on="/api/v2/dora"))
    bench = Bench(*sinks(standin))
    bench.tell(ended(an_attempt()))
    bench.close()
    assert len(standin.kept("job")) == 1
    assert bench.left() == (0, 1)
    assert bench.warnings[0].startswith("datadog-dora at ")


def message_of(parcel: Parcel) -> Any:
    from trunkline.domain.parcels import Message  # noqa: PLC0415 - only here

    return Message(parcel.id, "any", parcel)
