"""Object states as kubelets, schedulers and controllers of Kubernetes 1.20 and of current versions show them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.domain.states import (
    WEB,
    container,
    deployment,
    event,
    pod,
    replica_set,
    running,
    seen,
    terminated,
    unschedulable,
    waiting,
)
from trunkline.domain.diagnosis import Judge, SoakJudge, hook_failures, progress, with_log
from trunkline.domain.diagnosis.judge import findings
from trunkline.domain.diagnosis.look import Finding, Look
from trunkline.domain.rollouts import Cause, Failure, Observation, Resource
from trunkline.domain.rollouts.causes import GUIDE

Json = dict[str, Any]
LOOP = waiting("CrashLoopBackOff", "back-off 10s restarting failed container=web")
RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: {}: unknown"
)
CREATING = container(waiting("ContainerCreating"))


def of_web(event_: Json) -> Json:
    """An event about the container `web`, as the kubelet names it."""
    event_["involvedObject"]["fieldPath"] = "spec.containers{web}"
    return event_


def found_in(observation: Observation) -> list[Finding]:
    return list(findings(Look(observation)))


def told(
    shown: Json, *events: Json, live: Json | None = None, owners: tuple[Json, ...] = ()
) -> tuple[Cause, float, str]:
    """The only finding about a Deployment's pod: its cause, its grace, its sentence."""
    look = seen(0, live or deployment(available=0), shown, events=events, owners=owners)
    [only] = found_in(look)
    return only.failure.cause, only.grace_s, only.failure.sentence


@pytest.mark.parametrize(
    ("message", "cause", "words"),
    [
        (RUNC.format('exec: "nosuch": executable file not found in $PATH'), Cause.COMMAND_NOT_FOUND, "no command nosuch"),
        (RUNC.format('exec: "/no/x": stat /no/x: no such file or directory'), Cause.COMMAND_NOT_FOUND, "no command /no/x"),
        (RUNC.format("exec /entry.sh: no such file or directory"), Cause.COMMAND_NOT_FOUND, "no command"),
        (RUNC.format("exec /app: exec format error"), Cause.EXEC_FORMAT, "another architecture"),
        (RUNC.format('exec: "/etc/passwd": permission denied'), Cause.CANNOT_START, "/etc/passwd may not be executed"),
        (RUNC.format("error during container init: mkdir /etc/passwd: not a directory"), Cause.CANNOT_START, "not a directory"),
        (RUNC.format('error mounting "/x" to rootfs: stat /x: no such file or directory'), Cause.CANNOT_START, "error mounting"),
        ("container has runAsNonRoot and image will run as root", Cause.CANNOT_START, "runs as root"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["waiting", "terminated", "lastState"])
def test_a_start_that_fails(message: str, cause: Cause, words: str, shape: str) -> None:
    """The runtime's words give the cause, wherever the kubelet of that version keeps them."""
    ended = terminated(128, "StartError", message=message)
    status = {
        "waiting": container(waiting("RunContainerError", message), restarts=1),
        "terminated": container(ended, restarts=1),
        "lastState": container(LOOP, restarts=1, last=ended),
    }[shape]
    got, grace, sentence = told(pod(status))
    assert (got, grace) == (cause, 0)
    assert words in sentence


@pytest.mark.parametrize(
    ("message", "cause", "why"),
    [
        ("0/1 nodes are available: 1 Insufficient cpu.", Cause.NO_ROOM, "not enough cpu"),
        (("0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }. "
         "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod."), Cause.NO_ROOM, "memory"),
        ("0/1 nodes are available: 1 Too many pods.", Cause.NO_ROOM, "as many pods"),
        ("0/2 nodes are available: 2 node(s) had taint {dedicated: gpu}, that the pod didn't tolerate.", Cause.TAINTED, "dedicated: gpu"),
        (("0/2 nodes are available: 1 node(s) didn't match Pod's node affinity, 1 node(s) had taint {dedicated: gpu}, that the "
         "pod didn't tolerate."), Cause.TAINTED, "dedicated: gpu"),
        (("0/2 nodes are available: 2 node(s) had untolerated taint {dedicated: gpu}. preemption: 0/2 nodes are available: 2 Preemption "
         "is not helpful for scheduling."), Cause.TAINTED, "dedicated: gpu"),
        ("0/1 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }.", Cause.TAINTED, "not ready"),
        ("0/1 nodes are available: 1 node(s) were unschedulable.", Cause.TAINTED, "drained"),
        ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity.", Cause.NO_MATCHING_NODE, "node selector"),
        ("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.", Cause.NO_MATCHING_NODE, "node selector"),
        ("0/1 nodes are available: 1 node(s) didn't match node selector.", Cause.NO_MATCHING_NODE, "node selector"),
        ("0/1 nodes are available: 1 node(s) didn't match pod affinity/anti-affinity, 1 node(s) didn't match pod anti-affinity rules.",
         Cause.NO_MATCHING_NODE, "anti-affinity"),
        ("0/1 nodes are available: 1 node(s) didn't match pod topology spread constraints.", Cause.NO_MATCHING_NODE, "spread"),
        ("0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.", Cause.UNSCHEDULABLE, "host port"),
        ("0/1 nodes are available: 1 node(s) had volume node affinity conflict.", Cause.UNSCHEDULABLE, "volumes"),
        ("0/1 nodes are available: 1 pod has unbound immediate PersistentVolumeClaims.", Cause.VOLUME_UNBOUND, "no volume"),
        ('0/1 nodes are available: 1 persistentvolumeclaim "data" not found.', Cause.VOLUME_UNBOUND, "no claim data"),
        ("something quite new", Cause.UNSCHEDULABLE, "something quite new"),
    ],
)  # fmt: skip
def test_why_no_node_takes_a_pod(message: str, cause: Cause, why: str) -> None:
    """The scheduler's message, of old and of current versions, is sorted into what a person has to mend."""
    shown = pod(container(), conditions=[unschedulable(message)])
    shown["status"]["containerStatuses"] = []
    got, grace, sentence = told(shown)
    assert got is cause
    assert why in sentence
    assert grace >= 30


@pytest.mark.parametrize(
    ("reasons", "waited_for"),
    [
        (["TriggeredScaleUp"], True),
        (["Nominated"], True),
        (["TriggeredScaleUp", "NotTriggerScaleUp"], False),
        (["NotTriggerScaleUp", "TriggeredScaleUp"], True),
        (["FailedScheduling"], False),
    ],
)
def test_an_autoscaler_at_work(reasons: list[str], waited_for: bool) -> None:
    """A node that was promised, and not taken back, is waited for."""
    shown = pod(container(), conditions=[unschedulable()])
    shown["status"]["containerStatuses"] = []
    look = seen(0, deployment(available=0), shown, events=[event(shown, reason) for reason in reasons])
    assert bool(found_in(look)) is not waited_for


@pytest.mark.parametrize(
    ("message", "cause", "why"),
    [
        ('pods "x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0', Cause.QUOTA, "quota q"),
        ('pods "x" is forbidden: failed quota: q: must specify limits.memory', Cause.QUOTA, "must specify"),
        ('pods "x" is forbidden: maximum memory usage per Container is 100Mi, but limit is 200Mi', Cause.QUOTA, "maximum memory"),
        ('admission webhook "p.example.com" denied the request: images must be signed', Cause.ADMISSION, "must be signed"),
        ('pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', Cause.ADMISSION, "restricted"),
        ('Internal error occurred: failed calling webhook "p.example.com": connection refused', Cause.ADMISSION, "does not answer"),
        ('pods "x" is forbidden: error looking up service account team/nobody: serviceaccount "nobody" not found',
         Cause.CREATE_REFUSED, "ServiceAccount nobody"),
        ('pods "x" is forbidden: unable to create new content in namespace team because it is being terminated',
         Cause.NAMESPACE_TERMINATING, "being deleted"),
        ("something else", Cause.CREATE_REFUSED, "something else"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "Job"])
def test_pods_that_may_not_be_made(message: str, cause: Cause, why: str, kind: str) -> None:
    """A ReplicaSet has a condition for it; the other controllers say so in events alone, before any status."""
    if kind == "Deployment":
        look = seen(0, deployment(updated=0, available=0), owners=[replica_set(refused=message)])
    else:
        resource = Resource(kind, "team", "x", "batch/v1" if kind == "Job" else "apps/v1")
        live: Json = {
            "metadata": {"name": "x", "uid": "u", "generation": 1},
            "spec": {},
            "status": {"replicas": 0},
        }
        look = seen(
            0, live, workload=resource, events=[event(live, "FailedCreate", f"Error creating: {message}")]
        )
    [only] = found_in(look)
    assert only.failure.cause is cause
    assert why in only.failure.sentence
    assert any(message in line for line in only.failure.evidence)


def test_old_events_of_a_controller_are_old_news() -> None:
    """What a StatefulSet's controller could not do before the spec changed says nothing about now."""
    live: Json = {
        "metadata": {"name": "x", "uid": "u", "generation": 2,
                     "managedFields": [{"manager": "helm", "time": "2026-03-01T12:00:00Z", "fieldsV1": {"f:spec": {}}}]},
        "spec": {}, "status": {},
    }  # fmt: skip
    resource = Resource("StatefulSet", "team", "x", "apps/v1")
    before, after = (
        event(live, "FailedCreate", "exceeded quota: q, x")
        | {"lastTimestamp": f"2026-03-01T12:0{minute}:00Z"}
        for minute in (0, 1)
    )
    before["lastTimestamp"] = "2026-03-01T11:59:00Z"
    assert found_in(seen(0, live, workload=resource, events=[before])) == []
    assert len(found_in(seen(0, live, workload=resource, events=[before, after]))) == 1


@pytest.mark.parametrize(
    ("message", "cause", "grace"),
    [
        ('MountVolume.SetUp failed for volume "v" : configmap "nowhere" not found', Cause.CONFIGURATION, 20),
        (
            'MountVolume.SetUp failed for volume "v" : configmap references non-existent config key: k',
            Cause.CONFIGURATION,
            20,
        ),
        (
            'MountVolume.SetUp failed for volume "v" : hostPath type check failed: /no is not a directory',
            Cause.VOLUME_UNMOUNTED,
            30,
        ),
    ],
)
def test_a_volume_that_is_not_mounted(message: str, cause: Cause, grace: float) -> None:
    """The mount's own words count, not the sum that the kubelet draws two minutes later."""
    shown = pod(CREATING)
    later = event(shown, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[v]: timed out")
    got, its_grace, _ = told(shown, event(shown, "FailedMount", message), later)
    assert (got, its_grace) == (cause, grace)


def test_a_mount_that_worked_in_the_end() -> None:
    """Once a container was created, earlier trouble with volumes is forgotten."""
    shown = pod(container(running()))
    events = [event(shown, "FailedMount", 'MountVolume.SetUp failed for volume "v" : x')]
    assert found_in(seen(0, deployment(available=0), shown, events=events)) == []
    late = [event(pod(CREATING), "FailedMount", "failed to sync configmap cache: timed out")]
    assert found_in(seen(0, deployment(available=0), pod(CREATING), events=late)) == []


@pytest.mark.parametrize(
    ("killing", "cause"),
    [
        ("Container web failed liveness probe, will be restarted", Cause.LIVENESS),
        ("Container web failed startup probe, will be restarted", Cause.STARTUP_PROBE),
        ("Stopping container web", Cause.CRASH_LOOP),
    ],
)
def test_what_killed_it(killing: str, cause: Cause) -> None:
    """A container that the kubelet killed twice for a probe is told as such, with the probe's words."""
    shown = pod(container(LOOP, restarts=1, last=terminated(137)))
    kind = "Liveness" if cause is Cause.LIVENESS else "Startup"
    events = [
        of_web(event(shown, "Unhealthy", f"{kind} probe failed: boo\n")),
        of_web(event(shown, "Killing", killing)),
    ]
    [only] = found_in(seen(0, deployment(available=0), shown, events=events))
    assert only.failure.cause is cause
    assert (f"{kind} probe failed: boo" in only.failure.evidence) is (cause is not Cause.CRASH_LOOP)


def test_two_crashes_seen_only_between() -> None:
    """A container that runs each time somebody looks, and was restarted twice since the first look, is in a loop."""
    judge = Judge(10)
    for second, restarts in enumerate((0, 1)):
        last = terminated(137, "OOMKilled") if restarts else None
        assert (
            judge.see(
                seen(
                    second,
                    deployment(),
                    pod(container(ready=True, restarts=restarts, last=last), probe=False),
                )
            )
            is None
        )
    last = terminated(137, "OOMKilled")
    verdict = judge.see(seen(3, deployment(), pod(container(ready=True, restarts=2, last=last), probe=False)))
    assert verdict is not None
    assert verdict.failures[0].cause is Cause.OUT_OF_MEMORY


@pytest.mark.parametrize(("lived_s", "good_at_s"), [(1, 11), (25, 35), (240, 70)])
def test_a_restart_must_outlive_the_life_before(lived_s: int, good_at_s: int) -> None:
    """After a restart the pod stays up longer than it did before, up to a minute, whatever its readiness probe says."""
    judge = Judge(10)
    restarted = pod(container(ready=True, restarts=1, last=terminated(1, lived_s=lived_s)))
    assert judge.see(seen(0, deployment(), restarted)) is None
    assert judge.see(seen(good_at_s - 0.1, deployment(), restarted)) is None
    verdict = judge.see(seen(good_at_s, deployment(), restarted))
    assert verdict is not None
    assert verdict.succeeded


@pytest.mark.parametrize("reason", ["Evicted", "Preempting", "NodeLost", "Shutdown", "OutOfcpu"])
def test_a_displaced_pod_is_no_failure(reason: str) -> None:
    """What a node could not keep is made again by its controller."""
    shown = pod(container(terminated(137), restarts=3))
    shown["status"] |= {"phase": "Failed", "reason": reason}
    assert found_in(seen(0, deployment(available=0), shown)) == []


def test_blind_time_does_not_count() -> None:
    """A grace does not run while the API does not answer."""
    judge = Judge(10)
    shown = pod(container(), conditions=[unschedulable()])
    shown["status"]["containerStatuses"] = []
    live = deployment(available=0)
    assert judge.see(seen(0, live, shown)) is None
    assert judge.see(seen(5, live, shown, trouble="no route")) is None
    assert judge.see(seen(50, live, shown)) is None
    assert judge.see(seen(79, live, shown)) is None
    assert judge.see(seen(80, live, shown)) is not None


def test_a_paused_deployment_fails_with_the_command_to_resume() -> None:
    """A paused Deployment never rolls out: that is said, with what to do."""
    live = deployment(updated=0, available=0)
    live["spec"]["paused"] = True
    [only] = found_in(seen(0, live))
    assert only.failure.cause is Cause.RESOURCE_FAILED
    assert "kubectl rollout resume deployment/web" in only.failure.advice


def widget(*conditions: Json, generation: int = 1, **status: Any) -> Json:
    made = {"type": "", "status": "True", "reason": "Why", "message": "so"}
    return {
        "metadata": {"name": "gear", "uid": "u", "generation": generation},
        "status": {"conditions": [made | item for item in conditions], **status},
    }


WIDGET = Resource("Widget", "team", "gear", "example.com/v1")
CLAIM = Resource("PersistentVolumeClaim", "team", "data", "v1")
SERVICE = Resource("Service", "team", "web", "v1")
CRD = Resource("CustomResourceDefinition", "", "w.example.com", "apiextensions.k8s.io/v1")
SCALER = Resource("HorizontalPodAutoscaler", "team", "web", "autoscaling/v2")
BARE = Resource("Pod", "team", "web", "v1")


@pytest.mark.parametrize(
    ("resource", "live", "expected"),
    [
        pytest.param(WIDGET, widget(), "done", id="a custom resource that says nothing"),
        pytest.param(WIDGET, widget({"type": "Ready"}), "done", id="ready"),
        pytest.param(WIDGET, widget({"type": "Ready", "status": "False"}), "Why: so", id="not ready"),
        pytest.param(WIDGET, widget({"type": "Reconciling"}, {"type": "Ready"}), "Why: so", id="reconciling"),
        pytest.param(WIDGET, widget({"type": "Ready"}, generation=2, observedGeneration=1), "has not seen", id="behind"),
        pytest.param(CLAIM, {"metadata": {}, "status": {"phase": "Bound"}}, "done", id="bound"),
        pytest.param(CLAIM, {"metadata": {}, "status": {"phase": "Pending"}}, "Pending", id="pending"),
        pytest.param(SERVICE, {"spec": {"type": "LoadBalancer"}}, "address", id="no address"),
        pytest.param(SERVICE, {"spec": {"type": "LoadBalancer"}, "status": {"loadBalancer": {"ingress": [{"ip": "1"}]}}}, "done",
                     id="address"),
        pytest.param(CRD, {"status": {}}, "not established", id="new definition"),
        pytest.param(CRD, widget({"type": "Established"}), "done", id="established"),
        pytest.param(SCALER, {"status": {}}, "done", id="autoscaler"),
        pytest.param(BARE, pod(), "done", id="ready pod"),
        pytest.param(BARE, pod(container()), "not ready", id="pod"),
    ],
)  # fmt: skip
def test_other_kinds(resource: Resource, live: Json, expected: str) -> None:
    """Each kind says by its own conventions whether it is done, and what it waits for."""
    [state] = progress(Observation(0.0, {resource: live}))
    assert ("done" if state.done else state.waits_for).find(expected) >= 0


@pytest.mark.parametrize(
    ("resource", "live", "cause"),
    [
        (WIDGET, widget({"type": "Stalled"}), Cause.RESOURCE_FAILED),
        (WIDGET, widget({"type": "Stalled"}, generation=2, observedGeneration=1), None),
        (CLAIM, {"metadata": {}, "status": {"phase": "Lost"}}, Cause.VOLUME_UNBOUND),
        (CRD, widget({"type": "NamesAccepted", "status": "False"}), Cause.RESOURCE_FAILED),
        (BARE, pod(container(terminated(7))) | {"status": {"phase": "Failed", "containerStatuses": [container(terminated(7))]}},
         Cause.JOB_FAILED),
    ],
)  # fmt: skip
def test_other_kinds_fail(resource: Resource, live: Json, cause: Cause | None) -> None:
    """What says itself that it failed is believed, if it speaks of the newest spec."""
    assert [item.failure.cause for item in found_in(Observation(0.0, {resource: live}))] == (
        [cause] if cause else []
    )


def test_a_claim_that_waits_for_its_first_pod_does_not_block() -> None:
    """A storage class that makes volumes for the first consumer is no reason to wait."""
    live: Json = {"metadata": {"name": "data", "uid": "c"}, "status": {"phase": "Pending"}}
    look = Observation(0.0, {CLAIM: live}, events=(event(live, "WaitForFirstConsumer", "waiting"),))
    assert progress(look)[0].done


def test_a_hook_s_failure_is_told_while_helm_waits() -> None:
    """A hook Job that was given up is a failed hook; one whose pod can never start has the pod's own cause."""
    hook = Resource("Job", "team", "migrate", "batch/v1")
    live: Json = {
        "metadata": {"name": "migrate", "uid": "j", "annotations": {"helm.sh/hook": "pre-upgrade"}},
        "status": {"conditions": [{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "gave up"}]},
    }  # fmt: skip
    ended = pod(container(terminated(4)), owner="j")
    [failure] = hook_failures(seen(0, live, ended, workload=hook))
    assert (failure.cause, failure.pod, failure.container) == (Cause.HOOK_FAILED, "web-1-a", "web")
    assert "exit code 4" in failure.sentence
    running_on = {**live, "status": {}}
    no_image = pod(container(waiting("ErrImagePull", "not found")), owner="j")
    assert [item.cause for item in hook_failures(seen(0, running_on, no_image, workload=hook))] == [
        Cause.IMAGE_NOT_FOUND
    ]


def soaked(*steps: Observation) -> str:
    judge, verdict = SoakJudge(30), None
    for step in steps:
        verdict = judge.see(step)
    if verdict is None:
        return "going on"
    return "good" if verdict.succeeded else verdict.failures[0].sentence


def up(second: float, *pods: Json, trouble: str = "") -> Observation:
    return seen(second, deployment(), *(pods or (pod(),)), trouble=trouble)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        pytest.param([up(0), up(29)], "going on", id="time runs"),
        pytest.param([up(0), up(30)], "good", id="time passed"),
        pytest.param([up(0), up(5, trouble="x"), up(25, trouble="x"), up(30)], "going on", id="blind time"),
        pytest.param([up(0), up(5, pod(container(ready=True, restarts=1, last=terminated(3))))], "exit code 3", id="a restart"),
        pytest.param([up(0), up(5, pod(container())), up(14, pod(container()))], "going on", id="not ready for a moment"),
        pytest.param([up(0), up(5, pod(container())), up(15, pod(container()))], "is not ready for 10 s", id="not ready"),
        pytest.param([up(0), up(5, pod(container(terminated(1)), deleted=True), pod(container(), name="b")), up(30, pod(name="b"))],
                     "good", id="evicted, and replaced"),
        pytest.param([up(0, pod(container(ready=True, restarts=2))), up(30, pod(container(ready=True, restarts=2)))], "good",
                     id="restarts of before"),
    ],
)  # fmt: skip
def test_soaking(steps: list[Observation], expected: str) -> None:
    """During the soak one restart of a new container, or ten seconds without readiness, is a failure."""
    assert expected in soaked(*steps)


def test_a_log_gives_the_cause_away() -> None:
    """Newer runtimes leave their complaint in the container's log; then that is the cause."""
    crash = Failure(Cause.CRASH_LOOP, WEB, "it crashes", ("exit code 255",))
    found = with_log(crash, ("exec /app: exec format error",))
    assert (found.cause, found.evidence[-1]) == (Cause.EXEC_FORMAT, "exec /app: exec format error")
    assert with_log(crash, ("exec /app: no such file or directory",)).cause is Cause.COMMAND_NOT_FOUND
    assert with_log(crash, ("open x: no such file or directory",)).cause is Cause.CRASH_LOOP


def test_every_cause_has_a_guide() -> None:
    """No cause is without a meaning, a time of decision and an advice."""
    assert set(GUIDE) == set(Cause)
    assert all(guide.meaning and guide.decided and guide.advice for guide in GUIDE.values())
