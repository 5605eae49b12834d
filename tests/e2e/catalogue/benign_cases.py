"""Cases that look bad and are good: none of them may fail."""

from __future__ import annotations

import json
import time

from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.hands import Hands
from tests.e2e.catalogue.objects import (
    SLOT,
    STAY,
    Object,
    claim,
    config_map,
    container,
    daemon_set,
    definition,
    deployment,
    job,
    mounted,
    pod,
    probe,
    service,
    stateful_set,
    volume,
    widget,
)

_ONCE = "if test ! -e /state/tried; then touch /state/tried; echo not yet; exit 1; fi; "
_STATE = volume("state", emptyDir={})
_HOOK = "pre-install,pre-upgrade"
_SLOT = container(resources={"requests": {SLOT: "1"}, "limits": {SLOT: "1"}})
_HIGH = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "@NAMESPACE@"},
    "value": 1000,
}
_SCALER = {
    "apiVersion": "autoscaling/v1",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": 2,
        "targetCPUUtilizationPercentage": 80,
    },
}


def _await_old_crashes(hands: Hands) -> None:
    def crashed() -> bool:
        statuses = [each for pod in hands.pods() for each in pod["status"].get("containerStatuses") or ()]
        return any(each["restartCount"] for each in statuses)

    hands.until("the old pods crash", crashed)


def _evict(hands: Hands) -> None:
    hands.evict(hands.running_pod())


def _delete(hands: Hands) -> None:
    name = hands.running_pod()["metadata"]["name"]
    hands.client.delete(hands.path(f"pods/{name}"))


def _drain(hands: Hands) -> None:
    victim = hands.running_pod()
    hands.cordon(closed=True)
    try:
        hands.evict(victim)

        def stranded() -> bool:
            conditions = [each for pod in hands.pods() for each in pod["status"].get("conditions") or ()]
            return any(each.get("reason") == "Unschedulable" for each in conditions)

        hands.until("its successor finds no node", stranded)
    finally:
        hands.cordon(closed=False)


def _give_slot(hands: Hands) -> None:
    hands.slots(1)


def _preempt(hands: Hands) -> None:
    victim = hands.running_pod()
    intruder = pod("intruder", "sleep 4", priorityClassName="@NAMESPACE@")
    intruder["spec"]["containers"][0]["resources"] = _SLOT["resources"]
    filled = _filled(hands, intruder)
    hands.client.create(hands.path("pods"), filled)

    def preempted() -> bool:
        return all(each["metadata"]["uid"] != victim["metadata"]["uid"] for each in hands.pods())

    hands.until("the pod is preempted", preempted)
    hands.until(
        "the intruder is done",
        lambda: hands.client.get(hands.path("pods/intruder"))["status"].get("phase") == "Succeeded",
    )


def _scale_up(hands: Hands) -> None:
    def pending() -> Object | None:
        for each in hands.pods():
            for condition in each["status"].get("conditions") or ():
                if condition.get("reason") == "Unschedulable":
                    return each
        return None

    waiting: Object = hands.until("a pod finds no room", pending)
    hands.tell(waiting, "TriggeredScaleUp", "pod triggered scale-up: [{workers 3->4 (max: 6)}]")
    # As long as a machine takes to come: longer than a pod without an autoscaler would be waited for.
    time.sleep(40)
    hands.slots(1)


def _make_room(hands: Hands) -> None:
    hands.until("a pod is there", hands.pods)
    time.sleep(5)
    hands.slots(1)


def _write_flags(hands: Hands) -> None:
    hands.until("a pod is there", hands.pods)
    time.sleep(5)
    hands.client.create(hands.path("configmaps"), config_map("flags", level="3"))


def _bind(hands: Hands) -> None:
    hands.until("a pod is there", hands.pods)
    time.sleep(5)
    hands.make_volume("data")


def _job_of_two_tries(hook: str = "") -> Object:
    """A Job that cannot succeed before a ConfigMap is there."""
    made = job("echo looking; test -e /flags/level", retries=3, hook=hook)
    flags = volume("flags", configMap={"name": "flags", "optional": True})
    made["spec"]["template"]["spec"] |= flags
    mount = {"name": "flags", "mountPath": "/flags"}
    made["spec"]["template"]["spec"]["containers"][0]["volumeMounts"] = [mount]
    return made


def _mend_the_job(hands: Hands) -> None:
    def failed() -> bool:
        pods = hands.client.list(hands.path("pods"), labels="job-name=load").items
        return any(each["status"].get("phase") == "Failed" for each in pods)

    hands.until("the Job's first pod fails", failed)
    hands.client.create(hands.path("configmaps"), config_map("flags", level="3"))


def _filled(hands: Hands, item: Object) -> Object:
    filled: Object = json.loads(hands.fill(json.dumps(item)))
    return filled


CASES = (
    Case(
        "one-restart",
        "crashes once and then stays up",
        (deployment(mounted("state", _ONCE + STAY), **_STATE),),
    ),
    Case(
        "slow-start",
        "is ready after 20 s",
        (deployment(container(readinessProbe=probe("true", initialDelaySeconds=20))),),
    ),
    Case(
        "slow-start-probed",
        "its readiness probe says no for 20 s",
        (
            deployment(
                container(
                    "sleep 20; touch /tmp/ready; exec sleep 3600",
                    readinessProbe=probe("echo warming up; test -e /tmp/ready"),
                )
            ),
        ),
    ),
    Case(
        "old-pods-crash",
        "the old revision's pods crash in a loop, the new one is good",
        (deployment(),),
        before=(deployment(container("sleep 15; exit 1")),),
        prepare=_await_old_crashes,
    ),
    Case("evicted", "the new pod is evicted", (deployment(),), meanwhile=_evict, settle_s=8),
    Case("deleted", "a person deletes the new pod", (deployment(),), meanwhile=_delete, settle_s=8),
    Case(
        "drained",
        "the node is drained of the new pod and opened again",
        (deployment(),),
        meanwhile=_drain,
        settle_s=8,
    ),
    Case(
        "preempted",
        "a pod of a higher priority takes the room for a while",
        (deployment(_SLOT),),
        setting=(_HIGH,),
        prepare=_give_slot,
        meanwhile=_preempt,
        settle_s=8,
    ),
    Case(
        "autoscaler",
        "no room for 40 s, and an autoscaler at work",
        (deployment(_SLOT),),
        meanwhile=_scale_up,
        timeout_s=120,
    ),
    Case("room-comes", "no room for a few seconds", (deployment(_SLOT),), meanwhile=_make_room),
    Case(
        "registry-stumbles",
        "the registry answers 500 at first and well at the second try",
        (deployment(container(image="@NEIGHBOUR@/@NAMESPACE@/tools:latest")),),
    ),
    Case(
        "configmap-volume-comes-late",
        "the ConfigMap of a volume is made 5 s late",
        (deployment(mounted("flags"), **volume("flags", configMap={"name": "flags"})),),
        meanwhile=_write_flags,
    ),
    Case(
        "claim-bound-late",
        "the claim's volume is made by hand, 5 s late",
        (claim(), deployment(mounted("data"), **volume("data", persistentVolumeClaim={"claimName": "data"}))),
        meanwhile=_bind,
    ),
    Case(
        "init-fails-once",
        "an init container fails once",
        (deployment(initContainers=[mounted("state", _ONCE + "true", name="migrate")], **_STATE),),
    ),
    Case(
        "job-fails-once",
        "a Job fails once and then succeeds",
        (deployment(), _job_of_two_tries()),
        meanwhile=_mend_the_job,
    ),
    Case("scaler-without-metrics", "an HPA has no metrics", (deployment(), _SCALER)),
    Case(
        "custom-resource-silent",
        "a custom resource has no status, and never will",
        (widget(), deployment()),
        setting=(definition(),),
    ),
    Case("scaled-to-zero", "there are to be no pods", (deployment(replicas=0), service())),
    Case(
        "rolling-update",
        "three replicas, one after another",
        (deployment(replicas=3),),
        before=(deployment(container("exec sleep 3600"), replicas=3),),
    ),
    Case(
        "stateful-update",
        "two pods of a StatefulSet, one after the other",
        (stateful_set(),),
        before=(stateful_set(container("exec sleep 3600")),),
    ),
    Case("daemon", "a DaemonSet", (daemon_set(),)),
    Case(
        "hook-replaced",
        "each upgrade replaces the hook's Job, which succeeds",
        (job("echo migrated", "migrate", hook=_HOOK, policy="before-hook-creation"), deployment()),
        before=(
            job("echo migrated first", "migrate", hook=_HOOK, policy="before-hook-creation"),
            deployment(),
        ),
    ),
    Case(
        "hook-fails-once",
        "the hook's first pod fails, its second succeeds",
        (_job_of_two_tries(hook=_HOOK), deployment()),
        meanwhile=_mend_the_job,
    ),
)
