"""Cases: the container does not start, does not stay up, or is never ready."""

from __future__ import annotations

from typing import Any

from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.objects import config_map, container, deployment, mounted, probe, volume
from trunkline.domain.rollouts import Cause

_EATS = "echo loading the table; exec tail /dev/zero"


def _environment(kind: str, name: str) -> dict[str, Any]:
    return deployment(container(envFrom=[{kind: {"name": name}}]))


def _key(name: str, key: str) -> dict[str, Any]:
    source = {"configMapKeyRef": {"name": name, "key": key}}
    return deployment(container(env=[{"name": "LEVEL", "valueFrom": source}]))


CASES = (
    Case(
        "crash-loop",
        "exits 3 at once; the revision before was good",
        (deployment(container("echo no database given; exit 3")),),
        Cause.CRASH_LOOP,
        says=("exit code 3",),
        evidence=("exit code 3", "no database given"),
        advice="log",
        before=(deployment(),),
    ),
    Case(
        "exits-well-again-and-again",
        "a program that ends instead of serving: exit code 0",
        (deployment(container("echo all done")),),
        Cause.CRASH_LOOP,
        says=("exit code 0",),
        evidence=("exit code 0", "all done"),
    ),
    Case(
        "segfault",
        "reads address 0",
        (deployment(container(command=["segfault"])),),
        Cause.CRASH_LOOP,
        says=("139",),
        evidence=("139",),
    ),
    Case(
        "late-crash",
        "has no readiness probe and dies after 8 s: never good between two crashes",
        (deployment(container("echo warming up; sleep 8; echo cache is corrupt; exit 7")),),
        Cause.CRASH_LOOP,
        says=("exit code 7",),
        evidence=("exit code 7", "cache is corrupt"),
        settle_s=12,
    ),
    Case(
        "sidecar-crash",
        "the second container of the pod crashes, the first is fine",
        (deployment(container(), container("echo no upstream; exit 9", name="proxy")),),
        Cause.CRASH_LOOP,
        says=("proxy", "exit code 9"),
        evidence=("no upstream",),
    ),
    Case(
        "out-of-memory",
        "wants more memory than its limit",
        (deployment(container(_EATS, resources={"limits": {"memory": "16Mi"}})),),
        Cause.OUT_OF_MEMORY,
        says=("memory", "16Mi"),
        evidence=("OOMKilled|137",),
        advice="limits.memory",
    ),
    Case(
        "exec-format",
        "the program is no program",
        (deployment(container(command=["garbage"])),),
        Cause.EXEC_FORMAT,
        evidence=("exec format error",),
        advice="architecture",
    ),
    Case(
        "other-architecture",
        "the program was built for ARM",
        (deployment(container(command=["arm"])),),
        Cause.EXEC_FORMAT,
        evidence=("exec format error",),
        advice="architecture",
    ),
    Case(
        "command-not-found",
        "the command is not in the image",
        (deployment(container(command=["gunicorn", "app"])),),
        Cause.COMMAND_NOT_FOUND,
        says=("gunicorn",),
        evidence=("gunicorn.*not found",),
        advice="command",
    ),
    Case(
        "command-not-executable",
        "the command's file may not be executed",
        (deployment(container(command=["/bin/locked"])),),
        Cause.CANNOT_START,
        evidence=("/bin/locked.*permission denied",),
    ),
    Case(
        "configmap-missing",
        "the environment comes from a ConfigMap that is not there",
        (_environment("configMapRef", "flags"),),
        Cause.CONFIGURATION,
        says=("flags",),
        evidence=('configmap "flags" not found',),
        advice="ConfigMap",
    ),
    Case(
        "secret-missing",
        "the environment comes from a Secret that is not there",
        (_environment("secretRef", "passwords"),),
        Cause.CONFIGURATION,
        says=("passwords",),
        evidence=('secret "passwords" not found',),
        advice="Secret",
    ),
    Case(
        "key-missing",
        "the ConfigMap lacks the key; the revision before was good",
        (config_map("flags", shade="red"), _key("flags", "level")),
        Cause.CONFIGURATION,
        says=("level", "flags"),
        evidence=("couldn't find key level in ConfigMap",),
        before=(config_map("flags", shade="red"), deployment()),
    ),
    Case(
        "init-crash",
        "an init container exits 4",
        (deployment(initContainers=[container("echo migration 12 failed; exit 4", name="migrate")]),),
        Cause.INIT_CRASH,
        says=("migrate", "exit code 4"),
        evidence=("exit code 4", "migration 12 failed"),
        advice="log",
    ),
    Case(
        "init-never-ends",
        "an init container waits for a database that never comes",
        (deployment(initContainers=[container("echo waiting for db; sleep 3600", name="wait-for-db")]),),
        Cause.TIMED_OUT,
        says=("wait-for-db",),
        timeout_s=15,
        patient=True,
    ),
    Case(
        "liveness",
        "the liveness probe fails again and again",
        (deployment(container(livenessProbe=probe("echo deadlocked; exit 1"))),),
        Cause.LIVENESS,
        says=("liveness",),
        evidence=("deadlocked",),
        settle_s=10,
    ),
    Case(
        "startup-probe",
        "the startup probe never succeeds",
        (deployment(container(startupProbe=probe("echo still booting; exit 1", failureThreshold=3))),),
        Cause.STARTUP_PROBE,
        says=("startup",),
        evidence=("still booting",),
        # A kubelet of 1.20 kills for a startup probe only when it looks after the pod for another reason.
        patient=True,
    ),
    Case(
        "never-ready",
        "runs, and its readiness probe says no; the revision before was good",
        (deployment(container(readinessProbe=probe("echo no leader elected; exit 1"))),),
        Cause.NEVER_READY,
        says=("ready",),
        evidence=("no leader elected",),
        before=(deployment(),),
        timeout_s=25,
        patient=True,
    ),
    Case(
        "configmap-volume-missing",
        "a volume wants a ConfigMap that is not there",
        (deployment(mounted("flags"), **volume("flags", configMap={"name": "colours"})),),
        Cause.CONFIGURATION,
        says=("colours",),
        evidence=('configmap "colours" not found',),
    ),
    Case(
        "second-workload",
        "one Deployment of the release is fine, the other crashes",
        (deployment(), deployment(container("echo no queue; exit 5"), name="worker")),
        Cause.CRASH_LOOP,
        says=("deployment/worker", "exit code 5"),
        evidence=("no queue",),
    ),
)
