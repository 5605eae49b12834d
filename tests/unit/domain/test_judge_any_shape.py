"""The judge before objects of any shape: it never breaks, is never too early, and does not depend on order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.states import WEB, container, deployment, pod, running, seen, terminated, waiting
from trunkline.domain.diagnosis import Judge, SoakJudge, hook_failures, progress
from trunkline.domain.rollouts import Observation, Resource

_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Pod", "Service", "PersistentVolumeClaim",
          "HorizontalPodAutoscaler", "CustomResourceDefinition", "Widget")  # fmt: skip
_KEYS = ("metadata", "spec", "status", "conditions", "containerStatuses", "initContainerStatuses", "state", "lastState",
         "waiting", "terminated", "running", "reason", "message", "type", "name", "uid", "labels", "annotations",
         "ownerReferences", "containers", "volumes", "phase", "replicas", "generation", "observedGeneration", "restartCount",
         "ready", "involvedObject", "note", "count", "series", "exitCode", "startedAt", "finishedAt", "managedFields",
         "readinessProbe", "httpGet", "loadBalancer", "updateStrategy", "strategy", "rollingUpdate",
         "maxUnavailable")  # fmt: skip
_WORDS = ("CrashLoopBackOff", "ErrImagePull", "Unschedulable", "PodScheduled", "Ready", "True", "False", "Failed", "u",
          "CreateContainerConfigError", "StartError", "FailedCreate", "Unhealthy", "Killing", "Stalled", "25%", "LoadBalancer",
          "FailedMount", "ContainerCreating", "ProgressDeadlineExceeded", "Progressing", "0/1 nodes: {what}")  # fmt: skip
_odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(_WORDS) | st.text(max_size=3) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, min_size=1, max_size=5)
    ),
    max_leaves=25,
)
_object = st.dictionaries(st.sampled_from(_KEYS), _odd, max_size=6)


@st.composite
def _observations(draw: st.DrawFn) -> Observation:
    resource = Resource(
        draw(st.sampled_from(_KINDS)), "team", "x", draw(st.sampled_from(["", "v1", "a.b/v1"]))
    )
    uid = {"metadata": {"uid": "u"}}
    live = draw(st.none() | _object | _object.map(lambda thing: thing | uid))
    things = st.lists(_object | _object.map(lambda thing: thing | uid), max_size=3).map(tuple)
    return Observation(
        draw(st.floats(0, 100)),
        {resource: live},
        {resource: draw(things)},
        {resource: draw(things)},
        draw(things),
        draw(st.sampled_from(["", "no route"])),
        draw(st.booleans()),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(_observations(), min_size=1, max_size=3))
def test_no_object_breaks_the_judges(observations: list[Observation]) -> None:
    """Whatever shape the API's objects have, there is a verdict or none, and an expired look always has one."""
    for observation in observations:
        judge = Judge(10)
        progress(observation)
        hook_failures(observation)
        SoakJudge(10).see(observation)
        judge.see(replace(observation, expired=False))
        assert judge.see(replace(observation, expired=True)) is not None


_STATES = {
    "ready": container(ready=True),
    "running": container(running()),
    "restarted": container(running(), restarts=1, last=terminated(3), ready=True),
    "crashed": container(terminated(3)),
    "loop": container(waiting("CrashLoopBackOff"), restarts=2, last=terminated(3)),
    "no image": container(waiting("ErrImagePull", "not found")),
    "pulling": container(waiting("ErrImagePull", "i/o timeout")),
    "creating": container(waiting("ContainerCreating")),
}
_states = st.lists(st.sampled_from(sorted(_STATES)), min_size=1, max_size=4)


def _shown(elapsed_s: float, names: list[str], *, probe: bool) -> Observation:
    pods = [pod(_STATES[name], name=f"web-{number}", probe=probe) | {} for number, name in enumerate(names)]
    count = len(names)
    return seen(elapsed_s, deployment(replicas=count, updated=count, available=count), *pods)


@given(st.lists(_states, min_size=1, max_size=6), st.booleans(), st.floats(0.5, 20))
def test_never_good_while_a_pod_is_not(steps: list[list[str]], probe: bool, step_s: float) -> None:
    """A success is said only when every new pod is ready, and a failure stays what it is."""
    judge = Judge(10)
    failed: Any = None
    for number, names in enumerate(steps):
        verdict = judge.see(_shown(number * step_s, names, probe=probe))
        if failed is not None:
            assert verdict is failed
        elif verdict is not None and verdict.succeeded:
            assert {"ready", "restarted"} >= set(names)
            assert (probe and "restarted" not in names) or number * step_s >= 10
        elif verdict is not None:
            failed = verdict


@given(_states, st.randoms())
def test_the_order_of_pods_does_not_matter(names: list[str], random: Any) -> None:
    """Whichever pod the API lists first, the causes are the same."""
    observation = replace(_shown(0, names, probe=True), expired=True)
    shuffled = list(observation.pods[WEB])
    random.shuffle(shuffled)
    first, second = (
        Judge(10).see(observation),
        Judge(10).see(replace(observation, pods={WEB: tuple(shuffled)})),
    )
    assert first is not None
    assert second is not None
    key = lambda failure: (failure.cause, failure.pod, failure.sentence)  # noqa: E731 - a key, used twice
    if first.failures and first.failures[0].pod and len(first.failures) > 1:
        assert sorted(map(key, first.failures)) == sorted(map(key, second.failures))
    assert {failure.cause for failure in first.failures} == {failure.cause for failure in second.failures}
