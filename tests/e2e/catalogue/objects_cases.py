"""Cases: Jobs, hooks, other workloads, custom resources, and what Helm or the API refuses to apply."""

from __future__ import annotations

from tests.e2e.catalogue.case import Case, Deed
from tests.e2e.catalogue.hands import Hands
from tests.e2e.catalogue.objects import (
    Object,
    config_map,
    container,
    daemon_set,
    definition,
    deployment,
    job,
    pod_template,
    probe,
    service,
    stateful_set,
    widget,
)
from trunkline.domain.rollouts import Cause

_HOOK = "pre-install,pre-upgrade"
_SECOND_CRASHES = "case $HOSTNAME in *-1) echo cannot join; exit 6;; esac; exec sleep 3600"


def _relabelled() -> Object:
    made = deployment()
    made["spec"]["selector"] = {"matchLabels": {"app": "web", "tier": "front"}}
    made["spec"]["template"] = pod_template(labels={"app": "web", "tier": "front"})
    return made


def _held(name: str = "held") -> Object:
    """Something that keeps its namespace from going."""
    made = config_map(name)
    made["metadata"]["finalizers"] = ["catalogue.example.com/held"]
    return made


def _doom(hands: Hands) -> None:
    hands.client.delete(f"/api/v1/namespaces/{hands.namespace}")


def _say_of_widget(*conditions: dict[str, str]) -> Deed:
    def say(hands: Hands) -> None:
        path = hands.fill("/apis/@NAMESPACE@.example.com/v1/namespaces/@NAMESPACE@/widgets/gear")
        hands.conditions(path, *conditions)

    return say


CASES = (
    Case(
        "immutable-field",
        "the upgrade changes the selector",
        (_relabelled(),),
        Cause.IMMUTABLE_FIELD,
        says=("selector",),
        evidence=("field is immutable",),
        advice="delete|new name|recreate",
        before=(deployment(),),
    ),
    Case(
        "kind-unknown",
        "the chart has a kind that the cluster does not know",
        ({"apiVersion": "nowhere.example.com/v1", "kind": "Gadget", "metadata": {"name": "one"}},),
        Cause.KIND_UNKNOWN,
        says=("Gadget",),
    ),
    Case(
        "invalid-object",
        "the API refuses a Service's port; the revision before was good",
        (deployment(), service(ports=[{"port": 99_999, "protocol": "TCP"}])),
        Cause.INVALID_OBJECT,
        evidence=("between 1 and 65535",),
        before=(deployment(), service()),
    ),
    Case(
        "owned-elsewhere",
        "an object of that name is there and is not Helm's",
        (config_map("flags"), deployment()),
        Cause.OWNED_ELSEWHERE,
        says=("flags",),
        setting=(config_map("flags"),),
    ),
    Case(
        "job-failed",
        "a Job of the release exits 5",
        (job("echo row 7 is broken; exit 5"),),
        Cause.JOB_FAILED,
        says=("job/load",),
        evidence=("row 7 is broken",),
        advice="log",
    ),
    Case(
        "job-failed-after-retries",
        "a Job of the release fails twice, as often as it may",
        (deployment(), job("echo row 8 is broken; exit 5", retries=1)),
        Cause.JOB_FAILED,
        says=("job/load",),
        evidence=("row 8 is broken",),
    ),
    Case(
        "hook-failed",
        "Helm's migration hook exits 4; the revision before was good",
        (job("echo column exists already; exit 4", "migrate", hook=_HOOK), deployment()),
        Cause.HOOK_FAILED,
        says=("hook", "migrate"),
        evidence=("column exists already",),
        before=(deployment(),),
    ),
    Case(
        "hook-crashes-again-and-again",
        "Helm's hook may retry twice, and each time exits 4",
        (job("echo no such table; exit 4", "migrate", retries=2, hook=_HOOK), deployment()),
        Cause.HOOK_FAILED,
        says=("hook", "migrate"),
        evidence=("no such table",),
        timeout_s=120,
    ),
    Case(
        "hook-image-not-found",
        "the image of Helm's hook does not exist",
        (
            job("true", "migrate", hook=_HOOK, image="@REGISTRY@/catalogue/tools:never-built"),
            deployment(),
        ),
        Cause.IMAGE_NOT_FOUND,
        says=("hook", "never-built"),
        evidence=("not found",),
    ),
    Case(
        "progress-deadline",
        "not ready within the Deployment's own deadline",
        (
            deployment(
                container(readinessProbe=probe("echo index is empty; exit 1")),
                spec={"progressDeadlineSeconds": 6},
            ),
        ),
        Cause.PROGRESS_DEADLINE,
        evidence=("index is empty|exceeded its progress deadline",),
    ),
    Case(
        "namespace-terminating",
        "the namespace is being deleted",
        (deployment(),),
        Cause.NAMESPACE_TERMINATING,
        says=("@NAMESPACE@", "being deleted"),
        advice="Wait",
        setting=(_held(),),
        prepare=_doom,
    ),
    Case(
        "stateful-second-pod",
        "the first pod of a StatefulSet is good, the second crashes",
        (stateful_set(container(_SECOND_CRASHES)),),
        Cause.CRASH_LOOP,
        says=("statefulset/db", "exit code 6"),
        evidence=("cannot join",),
        settle_s=8,
    ),
    Case(
        "daemon-crash",
        "a DaemonSet's pods crash",
        (daemon_set(container("echo no kernel module; exit 8")),),
        Cause.CRASH_LOOP,
        says=("daemonset/agent", "exit code 8"),
        evidence=("no kernel module",),
    ),
    Case(
        "custom-resource-stalled",
        "a custom resource's controller says that it is stalled",
        (widget(),),
        Cause.RESOURCE_FAILED,
        says=("widget/gear",),
        evidence=("teeth are worn",),
        setting=(definition(),),
        meanwhile=_say_of_widget(
            {"type": "Ready", "status": "False", "reason": "Worn", "message": "teeth are worn"},
            {"type": "Stalled", "status": "True", "reason": "Worn", "message": "teeth are worn"},
        ),
    ),
    Case(
        "custom-resource-not-ready",
        "a custom resource's controller never says that it is ready",
        (widget(),),
        Cause.TIMED_OUT,
        says=("widget/gear",),
        evidence=("waiting for grease",),
        setting=(definition(),),
        meanwhile=_say_of_widget(
            {"type": "Ready", "status": "False", "reason": "Dry", "message": "waiting for grease"}
        ),
        timeout_s=15,
        patient=True,
    ),
)
