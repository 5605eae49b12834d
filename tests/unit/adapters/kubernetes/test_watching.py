"""Watches that live through what happens to them: broken, refused, too old, gone for a while."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.fakes.http import status_response
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.kubernetes.watching import KubernetesWatch
from trunkline.domain.redaction import Redactor
from trunkline.domain.rollouts import Observation, Resource
from trunkline.errors import Unreachable

WEB = Resource("Deployment", "qa", "web")
AWAY = Unreachable("10.0.0.1:6443 cannot be reached: the connection was refused.")
DEPLOYMENT = "/apis/apps/v1/namespaces/qa/deployments/web"
# Longer than anything here takes; a test that hangs must end.
PATIENCE_S = 20.0


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    made.put("/api/v1/namespaces/qa", {"metadata": {}})
    put(api=made, replicas=1)
    yield made
    made.close()


@contextlib.contextmanager
def watching(api: FakeKubernetesApi) -> Iterator[KubernetesWatch]:
    watch = KubernetesWatch(make_client(api, clock=SystemClock()), SystemClock(), Redactor(), "qa")
    with contextlib.closing(watch):
        yield watch


def put(api: FakeKubernetesApi, replicas: int) -> None:
    api.put(DEPLOYMENT, {"kind": "Deployment", "metadata": {}, "spec": {"replicas": replicas}, "status": {}})


def replicas(seen: Observation) -> int:
    live = seen.objects[WEB]
    return int(live["spec"]["replicas"]) if live else 0


def until(seen: Iterator[Observation], wanted: Callable[[Observation], Any]) -> Observation:
    """The first observation that is wanted; the last one, expired, never is."""
    for observation in seen:
        assert not observation.expired, "it was never seen"
        if wanted(observation):
            return observation
    raise AssertionError("the watch ended")


def test_a_change_is_seen_when_it_happens(api: FakeKubernetesApi) -> None:
    """What changes while somebody watches is shown without waiting for the next look, and what is deleted is None."""
    with watching(api) as watch:
        seen = watch.observe([WEB], PATIENCE_S)
        assert replicas(next(seen)) == 1
        put(api, 2)
        assert replicas(until(seen, lambda found: replicas(found) == 2)) == 2
        api.remove(DEPLOYMENT)
        until(seen, lambda found: found.objects[WEB] is None)


def test_something_is_said_also_while_nothing_changes(api: FakeKubernetesApi) -> None:
    """There is an observation at least every half second, and a last one when the time is up."""
    with watching(api) as watch:
        seen = list(watch.observe([WEB], 1.2))
    assert 3 <= len(seen) <= 12
    assert [found.expired for found in seen] == [False] * (len(seen) - 1) + [True]
    assert seen[-1].elapsed_s >= 1.2


@pytest.mark.parametrize("forget", [False, True], ids=["goes on", "lists again"])
def test_a_broken_watch_loses_nothing(api: FakeKubernetesApi, forget: bool) -> None:
    """What happened while the connection was broken is seen afterwards, also where the server has forgotten it."""
    with watching(api) as watch:
        seen = watch.observe([WEB], PATIENCE_S)
        next(seen)
        api.watch_faults = [AWAY] * 4
        api.break_watches(forget=forget)
        put(api, 3)
        assert replicas(until(seen, lambda found: replicas(found) == 3)) == 3


@pytest.mark.parametrize(
    "fault",
    [AWAY, status_response(429, "TooManyRequests", "later"), status_response(500, "InternalError", "oops")],
    ids=["away", "busy", "broken"],
)
def test_an_api_that_is_away_is_told_and_forgiven(api: FakeKubernetesApi, fault: Any) -> None:
    """An API that does not answer for a while shows as trouble beside what was seen last, until it answers again."""
    with watching(api) as watch:
        seen = watch.observe([WEB], PATIENCE_S)
        next(seen)
        api.watch_faults = [fault] * 40
        api.break_watches()
        troubled = until(seen, lambda found: found.trouble)
        assert replicas(troubled) == 1
        put(api, 4)
        api.watch_faults.clear()
        well = until(seen, lambda found: not found.trouble and replicas(found) == 4)
        assert well.elapsed_s > troubled.elapsed_s


def test_an_api_that_never_answers(api: FakeKubernetesApi) -> None:
    """The last observation comes in time, shows every resource, and says why nothing is known of it."""
    api.faults = [AWAY] * 500
    with watching(api) as watch:
        last = list(watch.observe([WEB], 3.0))[-1]
    assert last.expired
    assert last.objects == {WEB: None}
    assert "refused" in last.trouble


def test_who_may_only_list_is_served_by_lists(api: FakeKubernetesApi) -> None:
    """Credentials that may list and not watch see every change a moment later, and that is no trouble."""
    api.denied.add(("WATCH", "deployments"))
    with watching(api) as watch:
        seen = watch.observe([WEB], PATIENCE_S)
        next(seen)
        put(api, 5)
        assert until(seen, lambda found: replicas(found) == 5).trouble == ""


def test_who_may_not_read_events_sees_the_rollout(api: FakeKubernetesApi) -> None:
    """Events are evidence: without them a rollout can be judged all the same."""
    api.denied.add(("GET", "events"))
    with watching(api) as watch:
        found = list(watch.observe([WEB], 2.5))
    assert all(replicas(item) == 1 and not item.trouble for item in found)


def test_who_may_not_read_pods_is_told(api: FakeKubernetesApi) -> None:
    """Where pods may not be read nothing can be judged, and the refusal is shown."""
    api.denied.add(("GET", "pods"))
    with watching(api) as watch:
        assert "forbidden" in until(watch.observe([WEB], PATIENCE_S), lambda found: found.trouble).trouble


def test_hooks(api: FakeKubernetesApi) -> None:
    """Hooks that were made since are shown with their pods; those of earlier deployments and other Jobs are not."""
    jobs, pods = "/apis/batch/v1/namespaces/qa/jobs", "/api/v1/namespaces/qa/pods"
    hook = {"annotations": {"helm.sh/hook": "pre-upgrade"}}
    api.put(f"{jobs}/before", {"metadata": hook})
    with watching(api) as watch:
        next(watch.observe([WEB], PATIENCE_S))
        assert watch.hooks().objects == {}
        made = api.put(f"{jobs}/migrate", {"metadata": hook})
        owners = [{"kind": "Job", "name": "migrate", "uid": made["metadata"]["uid"]}]
        api.put(f"{pods}/migrate-x", {"metadata": {"ownerReferences": owners}})
        api.put(f"{jobs}/report", {"metadata": {}})
        changed = threading.Event()
        seen = watch.hooks()
        while not seen.pods or not any(seen.pods.values()):
            assert seen.elapsed_s < PATIENCE_S
            changed.wait(0.02)
            seen = watch.hooks()
        assert [resource.name for resource in seen.objects] == ["migrate"]
        assert [pod["metadata"]["name"] for found in seen.pods.values() for pod in found] == ["migrate-x"]


def test_nothing_is_left_running(api: FakeKubernetesApi) -> None:
    """Whoever leaves leaves no thread and no open stream behind."""
    before = threading.active_count()
    with watching(api) as watch:
        next(watch.observe([WEB], PATIENCE_S))
        assert threading.active_count() > before
    assert threading.active_count() == before
    assert api.watches == 0


def test_secrets_in_what_containers_say(api: FakeKubernetesApi) -> None:
    """The status of a pod is shown to people, and bears no secret."""
    status = {"containerStatuses": [{"state": {"waiting": {"message": "token s3cret-value refused"}}}]}
    api.put("/api/v1/namespaces/qa/pods/probe", {"metadata": {}, "status": status})
    probe = Resource("Pod", "qa", "probe", "v1")
    client = make_client(api, clock=SystemClock())
    with contextlib.closing(
        KubernetesWatch(client, SystemClock(), Redactor(["s3cret-value"]), "qa")
    ) as watch:
        seen = until(watch.observe([probe], PATIENCE_S), lambda found: found.objects[probe])
        assert "s3cret" not in str(seen.objects) + str(watch.look([probe]).objects)
