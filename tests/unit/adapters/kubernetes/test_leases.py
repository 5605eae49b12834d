"""The lease: when it is taken over, when it is lost, and that trouble on leaving hides nothing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.http import status_response
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.kubernetes import incarnation
from trunkline.adapters.kubernetes.leases import HeldLease, LeaseTimes, hold
from trunkline.domain.releases import ClusterTarget, ReleaseTarget
from trunkline.errors import Locked, Unreachable
from trunkline.ports import LeaseHolder

TARGET = ReleaseTarget(ClusterTarget(), "qa", "sample")
PATH = "/apis/coordination.k8s.io/v1/namespaces/qa/leases/trunkline-sample"
ALICE = LeaseHolder("run-1", "alice at laptop")
# The thread does not interfere: each test renews when it wants to.
QUIET = LeaseTimes(renew_s=3600.0)
AWAY = Unreachable("10.0.0.1:6443 cannot be reached: the connection was refused.")


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    made.put("/api/v1/namespaces/qa", {"metadata": {}})
    yield made
    made.close()


def foreign(api: FakeKubernetesApi, **spec: Any) -> None:
    """A lease that somebody on another machine holds."""
    values = {
        "holderIdentity": "run-2.abc",
        "leaseDurationSeconds": 15,
        "acquireTime": "2001-01-01T00:00:00.000000Z",
        "renewTime": "2001-01-01T00:00:00.000000Z",
        **spec,
    }
    annotations = {"trunkline.dev/holder-description": "bob in CI"}
    api.put(PATH, {"metadata": {"name": "trunkline-sample", "annotations": annotations}, "spec": values})


class RenewingClock(FakeClock):
    """While somebody sleeps on it, the foreign holder renews."""

    def __init__(self, api: FakeKubernetesApi, until: float) -> None:
        super().__init__()
        self._api = api
        self._until = self.monotonic() + until

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.monotonic() < self._until:
            foreign(self._api, renewTime=f"{self.now():%Y-%m-%dT%H:%M:%S.%fZ}")


def held(api: FakeKubernetesApi, clock: FakeClock, wait_s: float = 0.0) -> str:
    """Take the lease and give it back; its holder meanwhile."""
    with hold(make_client(api, clock=clock), clock, TARGET, ALICE, wait_s, QUIET) as lease:
        lease.ensure_held()
        return str(api.at(PATH)["spec"]["holderIdentity"])


def test_what_lies_in_the_cluster(api: FakeKubernetesApi) -> None:
    """The lease names its holder and its process while it is held, and neither afterwards."""
    clock = FakeClock()
    with hold(make_client(api, clock=clock), clock, TARGET, ALICE, 0.0, QUIET):
        lease = api.at(PATH)
        assert lease["spec"]["holderIdentity"].startswith("run-1.")
        assert lease["spec"]["leaseDurationSeconds"] == 15
        assert lease["spec"]["renewTime"] == "2026-03-01T12:00:00.000000Z"
        assert lease["metadata"]["annotations"] == {
            "trunkline.dev/holder-description": "alice at laptop",
            "trunkline.dev/holder-process": incarnation.own().text(),
        }
    lease = api.at(PATH)
    assert lease["spec"]["holderIdentity"] == ""
    assert lease["metadata"]["annotations"] == {}


def test_a_living_holder(api: FakeKubernetesApi) -> None:
    """A holder that renews is told by name and time as soon as it is seen to renew, however wrong its clock is."""
    foreign(api)
    clock = RenewingClock(api, until=3600)
    with pytest.raises(Locked) as caught:
        held(api, clock)
    assert (
        "Release qa/sample is being deployed by bob in CI since 2001-01-01 00:00:00 UTC"
        in caught.value.message
    )
    assert "--wait-for-lock" in caught.value.hint
    assert sum(clock.slept) < 1


def test_a_silent_holder(api: FakeKubernetesApi) -> None:
    """A holder that does not renew is replaced after its time, measured by our own clock."""
    foreign(api, renewTime="2999-01-01T00:00:00.000000Z")
    clock = FakeClock()
    assert held(api, clock).startswith("run-1.")
    assert 15 <= sum(clock.slept) < 16


def test_a_holder_that_dies_while_we_wait(api: FakeKubernetesApi) -> None:
    """Who waits gets the lease once its holder has stopped renewing for long enough."""
    foreign(api)
    clock = RenewingClock(api, until=20)
    assert held(api, clock, wait_s=60).startswith("run-1.")
    assert 34 <= sum(clock.slept) < 36


def test_waiting_ends(api: FakeKubernetesApi) -> None:
    """Who waits for a holder that lives is told so when the time is up."""
    foreign(api)
    clock = RenewingClock(api, until=3600)
    with pytest.raises(Locked):
        held(api, clock, wait_s=10)
    assert 10 <= sum(clock.slept) < 11


def test_who_waits_is_told(api: FakeKubernetesApi) -> None:
    """Who waits hears at once and then every minute who is at work, since when, and how long it will still wait."""
    foreign(api)
    clock = RenewingClock(api, until=3600)
    told: list[str] = []
    with (
        pytest.raises(Locked),
        hold(make_client(api, clock=clock), clock, TARGET, ALICE, 100.0, QUIET, told.append),
    ):
        pass
    assert len(told) == 2
    assert "waiting for bob in CI, at work on qa/sample since 2001-01-01 00:00:00 UTC" in told[0]


def test_an_endless_lease_is_not_waited_for(api: FakeKubernetesApi) -> None:
    """A lease that promises hours of silence is told as held instead of being watched for hours."""
    foreign(api, leaseDurationSeconds=86400)
    with pytest.raises(Locked):
        held(api, FakeClock())


@pytest.mark.parametrize("spec", [{"holderIdentity": ""}, {"holderIdentity": None}])
def test_a_free_lease(api: FakeKubernetesApi, spec: dict[str, Any]) -> None:
    """A lease without a holder is taken at once."""
    foreign(api, **spec)
    clock = FakeClock()
    assert held(api, clock).startswith("run-1.")
    assert clock.slept == []


def test_a_killed_holder_of_this_machine(api: FakeKubernetesApi) -> None:
    """A holder that was a process of this machine and has ended is replaced at once."""
    foreign(api)
    lease = api.at(PATH)
    dead = replace(incarnation.own(), started="1")
    lease["metadata"]["annotations"]["trunkline.dev/holder-process"] = dead.text()
    api.put(PATH, lease)
    clock = FakeClock()
    assert held(api, clock).startswith("run-1.")
    assert clock.slept == []


@pytest.mark.parametrize("spec", ["text", None, {"leaseDurationSeconds": "x", "holderIdentity": 5}])
def test_a_damaged_lease(api: FakeKubernetesApi, spec: Any) -> None:
    """A lease that makes no sense is no fault: it is free, or runs out."""
    api.put(PATH, {"metadata": {"annotations": {"trunkline.dev/holder-process": "?"}}, "spec": spec})
    assert held(api, FakeClock()).startswith("run-1.")


def open_lease(api: FakeKubernetesApi, clock: FakeClock) -> Any:
    return hold(make_client(api, clock=clock), clock, TARGET, ALICE, 0.0, QUIET)


def test_an_overdue_renewal_is_made_up_for(api: FakeKubernetesApi) -> None:
    """After a long sleep of the machine the lease is still ours if nobody took it meanwhile."""
    clock = FakeClock()
    with open_lease(api, clock) as lease:
        clock.advance(10_000)
        lease.ensure_held()
        assert api.at(PATH)["spec"]["renewTime"] == f"{clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"


def test_a_lease_that_cannot_be_renewed_is_lost(api: FakeKubernetesApi) -> None:
    """An API that is away is borne for the lease's duration, and not longer."""
    clock = FakeClock()
    times = replace(QUIET, renew_s=1.0)
    client = make_client(api, clock=clock)
    with hold(client, clock, TARGET, ALICE, 0.0, QUIET) as lease:
        assert isinstance(lease, HeldLease)
        lease._times = times
        clock.advance(14)
        api.faults = [AWAY]
        lease.ensure_held()
        clock.advance(2)
        api.faults = [AWAY]
        with pytest.raises(
            Locked, match=r"lost: it could not be renewed for 16 s: .*the connection was refused"
        ):
            lease.ensure_held()


def test_a_change_of_the_record_is_no_loss(api: FakeKubernetesApi) -> None:
    """Somebody who annotates the lease does not take it away."""
    clock = FakeClock()
    with open_lease(api, clock) as lease:
        changed = api.at(PATH)
        changed["metadata"]["annotations"]["note"] = "hello"
        api.put(PATH, changed)
        clock.advance(10_000)
        lease.ensure_held()
        assert api.at(PATH)["metadata"]["annotations"]["note"] == "hello"
    assert api.at(PATH)["spec"]["holderIdentity"] == ""


def test_a_removed_lease_is_lost(api: FakeKubernetesApi) -> None:
    """Who removes the lease by hand takes it away from its holder."""
    clock = FakeClock()
    with open_lease(api, clock) as lease:
        api.remove(PATH)
        clock.advance(10_000)
        with pytest.raises(Locked, match="somebody removed it"):
            lease.ensure_held()


def test_a_taken_lease_is_lost(api: FakeKubernetesApi) -> None:
    """Who was replaced is told by whom, and leaves the lease to its new holder."""
    clock = FakeClock()
    with open_lease(api, clock) as lease:
        foreign(api)
        clock.advance(10_000)
        with pytest.raises(Locked, match="lost: bob in CI holds it now"):
            lease.ensure_held()
    assert api.at(PATH)["spec"]["holderIdentity"] == "run-2.abc"


def test_the_heartbeat_renews(api: FakeKubernetesApi) -> None:
    """A thread renews the lease while it is held, and ends with it."""
    clock = FakeClock()
    client = make_client(api, clock=clock)
    with hold(client, clock, TARGET, ALICE, 0.0, LeaseTimes(renew_s=0.01)):
        changes = client.watch("/apis/coordination.k8s.io/v1/namespaces/qa/leases", "0")
        assert [next(changes)[0] for _ in range(4)] == ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED"]
    assert not [thread for thread in threading.enumerate() if thread.name == "lease of qa/sample"]


@pytest.mark.parametrize("fault", [AWAY, status_response(500, "InternalError", "no")])
@pytest.mark.parametrize("outcome", [contextlib.nullcontext(), pytest.raises(ZeroDivisionError)])
def test_trouble_on_leaving_hides_nothing(api: FakeKubernetesApi, fault: Any, outcome: Any) -> None:
    """A lease that cannot be given back neither fails a good deployment nor hides a bad one's reason."""
    with outcome, open_lease(api, FakeClock()):
        api.faults = [fault]
        if not isinstance(outcome, contextlib.nullcontext):
            raise ZeroDivisionError
    assert api.faults == []


def test_missing_namespace(api: FakeKubernetesApi) -> None:
    """A namespace that is not there is told as such."""
    api.remove("/api/v1/namespaces/qa")
    with pytest.raises(Unreachable, match="namespace qa of release qa/sample does not exist"):
        held(api, FakeClock())


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_leases_are_forbidden(api: FakeKubernetesApi, method: str) -> None:
    """Credentials that may not use leases are told which rights are missing."""
    api.denied.add((method, "leases"))
    with pytest.raises(Unreachable) as caught:
        held(api, FakeClock())
    assert "get, create and update on leases" in caught.value.hint
