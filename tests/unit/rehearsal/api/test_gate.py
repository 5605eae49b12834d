"""Trouble with the API itself, as clients meet it."""

from __future__ import annotations

import pytest

from tests.unit.rehearsal.api.asking import Asking, deployment
from trunkline.rehearsal.api.gate import Away

NAMESPACES = "/api/v1/namespaces"


@pytest.mark.parametrize(
    ("code", "reason"),
    [(429, "TooManyRequests"), (500, "InternalError"), (503, "ServiceUnavailable")],
)
def test_refusing(api: Asking, code: int, reason: str) -> None:
    """Every second request is refused with the status that is asked for, until all is well."""
    api.cluster.gate.refuse(code)
    seen = [api.raw("GET", NAMESPACES) for _ in range(4)]
    assert sorted(answer.code for answer in seen) == [200, 200, code, code]
    refused = next(answer for answer in seen if answer.code == code)
    assert reason.encode() in refused.body
    assert refused.headers.get("Retry-After") == ("1" if code == 429 else None)
    api.cluster.gate.well()
    assert {api.raw("GET", NAMESPACES).code for _ in range(4)} == {200}


def test_health_is_told_while_refusing(api: Asking) -> None:
    """A health check answers while all else is refused."""
    api.cluster.gate.refuse(503)
    assert {api.raw("GET", "/readyz").code for _ in range(4)} == {200}


def test_slow(api: Asking) -> None:
    """A slow API takes its time on the cluster's clock."""
    api.cluster.gate.slow(2.5)
    assert api.raw("GET", NAMESPACES).code == 200
    assert api.clock.passed_s == 2.5


def test_away(api: Asking) -> None:
    """An API that is away breaks connections off, and its watches too."""
    watching = api.watch(NAMESPACES)
    assert watching.parts is not None
    next(watching.parts)
    api.cluster.gate.away()
    with pytest.raises(Away):
        api.raw("GET", NAMESPACES)
    assert all(b"MODIFIED" not in line for line in watching.parts)
    api.cluster.gate.well()
    assert api.raw("GET", NAMESPACES).code == 200


def test_held_for_one_client_only(api: Asking) -> None:
    """Whoever is not the client that is held is served, and so is what changes no workload."""
    api.cluster.gate.hold("helm")
    made, _ = api.ask("POST", "/apis/apps/v1/namespaces/default/deployments", deployment("web"))
    assert made == 201
    assert not api.cluster.gate.held
