from __future__ import annotations

import pytest
from falcon import testing
from sample_api.api import create
from sample_api.settings import read

ENVIRON = {
    "COMMIT": "4f2a91c",
    "ENVIRONMENT": "qa",
    "GREETING": "Good morning",
}


@pytest.fixture
def client() -> testing.TestClient:
    return testing.TestClient(create(read(ENVIRON)))


def test_it_greets(client: testing.TestClient) -> None:
    """The greeting names the environment that it comes from."""
    assert client.simulate_get("/sample").json == {"greeting": "Good morning from qa"}


def test_it_is_healthy(client: testing.TestClient) -> None:
    """The probes get a 200 as soon as the service has started."""
    assert client.simulate_get("/healthz").status_code == 200


def test_it_says_what_runs(client: testing.TestClient) -> None:
    """The version is the commit of the image, and the environment is the pod's."""
    assert client.simulate_get("/version").json == {
        "service": "sample",
        "commit": "4f2a91c",
        "environment": "qa",
    }


def test_what_is_not_there_is_a_404(client: testing.TestClient) -> None:
    """An unknown path is the caller's mistake."""
    assert client.simulate_get("/nowhere").status_code == 404
