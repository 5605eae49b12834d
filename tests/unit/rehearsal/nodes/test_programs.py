"""What containers do by their own commands, and what a cluster is told of images."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.nodes.registries import ImageContents, ImageRule
from trunkline.rehearsal.registry import Deletion

_TOOLS = ImageContents(
    {"/bin/sh": "well", "/bin/arm": "no program", "/bin/locked": "not executable", "/bin/crash": "segfault"},
    path="/bin",
)
_IMAGES = (
    ImageRule("tools:*", contents=_TOOLS),
    ImageRule("r.io/gone:*", "not found"),
    ImageRule("r.io/secret:*", "unauthorized"),
    ImageRule("r.io/ours:*", "forbidden"),
    ImageRule("r.io/broken:*", "broken"),
    ImageRule("r.io/stumbles:*", failing_pulls=1),
    ImageRule("nowhere.invalid/*", "unknown host"),
    ImageRule("127.0.0.1:1/*", "unreachable"),
)


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played(images=_IMAGES) as made:
        yield made


def one(script: str = "", **more: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "web:1", **more}
    if script:
        container["command"] = ["sh", "-c", script]
    return {"containers": [container]}


def probe(script: str, **more: Any) -> dict[str, Any]:
    return {"exec": {"command": ["sh", "-c", script]}, "periodSeconds": 1, "failureThreshold": 2, **more}


def lines(cluster: Played, *, previous: bool = False) -> list[str]:
    pod = cluster.get("", "Pod", "web")
    return [text for _, text in cluster.cluster.kubelet.read(pod, "main", previous=previous)]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["gunicorn", "app"], 'exec: "gunicorn": executable file not found in $PATH: unknown'),
        (["/bin/locked"], 'exec: "/bin/locked": permission denied: unknown'),
        (["/app/run"], 'exec: "/app/run": stat /app/run: no such file or directory: unknown'),
    ],
)
def test_what_an_image_lacks_cannot_be_started(cluster: Played, command: list[str], message: str) -> None:
    """The container waits with the runtime's words, and its last life ended with 128 before it began."""
    cluster.pod(one(image="tools:1", command=command))
    cluster.run(1.9)
    now = cluster.container()
    assert now["state"]["waiting"]["reason"] == "RunContainerError"
    assert now["state"]["waiting"]["message"].endswith(message)
    assert now["lastState"]["terminated"]["reason"] == "StartError"
    assert now["lastState"]["terminated"]["exitCode"] == 128
    cluster.run(15)
    assert cluster.container()["restartCount"] >= 1
    assert cluster.container()["state"]["waiting"]["reason"] == "CrashLoopBackOff"


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [(["arm"], 255, ["exec /bin/arm: exec format error"]), (["crash"], 139, [])],
)
def test_what_no_node_can_run_ends_at_once(
    cluster: Played, command: list[str], code: int, said: list[str]
) -> None:
    """It ends with the code and the words of the runtime."""
    cluster.pod({**one(image="tools:1", command=command), "restartPolicy": "Never"})
    cluster.run(3)
    assert cluster.container()["state"]["terminated"]["exitCode"] == code
    assert lines(cluster) == said


@pytest.mark.parametrize(
    ("image", "words"),
    [
        ("r.io/gone:1", "r.io/gone:1: not found"),
        ("r.io/secret:1", "pulling from host r.io failed with status code [manifests 1]: 401 Unauthorized"),
        ("r.io/ours:1", "[manifests 1]: 403 Forbidden"),
        ("r.io/broken:1", "[manifests 1]: 500 Internal Server Error"),
        ("nowhere.invalid/x:1", "dial tcp: lookup nowhere.invalid: no such host"),
        (
            "127.0.0.1:1/x:1",
            'Head "http://127.0.0.1:1/v2/x/manifests/1": dial tcp 127.0.0.1:1: connect: connection refused',
        ),
    ],
)
def test_a_registry_answers_as_it_is_told(cluster: Played, image: str, words: str) -> None:
    """The pull fails with the runtime's words, and is tried again later."""
    cluster.pod(one(image=image))
    cluster.run(1.5)
    assert cluster.container()["state"]["waiting"]["reason"] == "ErrImagePull"
    assert cluster.container()["state"]["waiting"]["message"].endswith(words)
    cluster.run(2)
    assert cluster.container()["state"]["waiting"]["reason"] == "ImagePullBackOff"
    assert cluster.container()["state"]["waiting"]["message"].endswith(words)


def test_a_registry_that_stumbles_answers_the_second_time(cluster: Played) -> None:
    """The container runs after one pull that failed with a 500."""
    cluster.pod(one(image="r.io/stumbles:1"))
    cluster.run(20)
    assert "running" in cluster.container()["state"]
    assert any(message.endswith("500 Internal Server Error") for _, message in cluster.events("Failed"))


def test_a_script_finds_in_its_second_life_what_it_left_in_a_volume(cluster: Played) -> None:
    """A volume outlives the container, and what it said before can still be read."""
    script = "test -e /state/a || { touch /state/a; echo not yet; exit 1; }; echo well; exec sleep 3600"
    mount = {"volumeMounts": [{"name": "state", "mountPath": "/state"}]}
    cluster.pod({**one(script, **mount), "volumes": [{"name": "state", "emptyDir": {}}]})
    cluster.run(6)
    assert cluster.container()["restartCount"] == 1
    assert "running" in cluster.container()["state"]
    assert lines(cluster) == ["well"]
    assert lines(cluster, previous=True) == ["not yet"]


def test_a_readiness_probe_sees_what_the_script_does(cluster: Played) -> None:
    """The container is ready once the file is there, and no more when it is gone; then nothing is left to do."""
    script = "sleep 5; touch /tmp/ready; sleep 5; rm /tmp/ready; exec sleep infinity"
    cluster.pod(one(script, readinessProbe=probe("echo looking; test -e /tmp/ready")))
    cluster.run(4)
    assert not cluster.container()["ready"]
    assert ("Unhealthy", "Readiness probe failed: looking\n") in cluster.events("Unhealthy")
    cluster.run(5)
    assert cluster.container()["ready"]
    cluster.run(8)
    assert not cluster.container()["ready"]
    cluster.run(60)
    assert cluster.cluster.loop.next_due() is None


@pytest.mark.parametrize(("key", "word"), [("livenessProbe", "liveness"), ("startupProbe", "startup")])
def test_a_failing_probe_restarts_the_container(cluster: Played, key: str, word: str) -> None:
    """At its threshold the container is told to end, uses its grace where it ignores that, and starts again."""
    pod = one("exec sleep 3600", **{key: probe("echo deadlocked; exit 1")})
    cluster.pod({**pod, "terminationGracePeriodSeconds": 2})
    cluster.run(9)
    assert ("Killing", f"Container main failed {word} probe, will be restarted") in cluster.events("Killing")
    assert cluster.container()["restartCount"] >= 1
    assert cluster.container()["lastState"]["terminated"]["exitCode"] == 137


def test_a_probe_of_a_described_program_passes_where_it_cannot_be_known(cluster: Played) -> None:
    """What only the program itself could say is taken to be well; what the probe says by itself counts."""
    cluster.pod(one(readinessProbe=probe("test -e /tmp/ready")))
    cluster.pod(one(readinessProbe=probe("exit 1")), "bad")
    cluster.run(5)
    assert cluster.container()["ready"]
    assert not cluster.container("bad")["ready"]


@pytest.mark.parametrize(
    ("script", "hook", "gone_after_s"),
    [
        ("trap 'exit 0' TERM; sleep 3600 & wait", None, 1),
        ("exec sleep 3600", None, 10.5),
        ("trap 'exit 0' TERM; sleep 3600 & wait", "sleep 5", 5.5),
    ],
)
def test_a_deleted_pod_takes_as_long_as_its_program(
    cluster: Played, script: str, hook: str | None, gone_after_s: float
) -> None:
    """The hook goes first, then the signal; what has no handler for it is killed when its grace is over."""
    more = {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", hook]}}}} if hook else {}
    cluster.pod({**one(script, **more), "terminationGracePeriodSeconds": 10})
    cluster.run(5)
    pod = cluster.get("", "Pod", "web")
    how = Deletion(grace_s=None, uid=pod["metadata"]["uid"])
    cluster.cluster.registry.delete(cluster.kind("", "Pod"), "default", "web", how)
    cluster.run(gone_after_s - 0.95)
    assert cluster.get("", "Pod", "web") is not None
    cluster.run(0.95)
    assert cluster.get("", "Pod", "web") is None


def test_a_container_leaves_a_message(cluster: Played) -> None:
    """It is what it wrote, or its last words where that is asked for."""
    cluster.pod({**one("echo told > /dev/termination-log; exit 1"), "restartPolicy": "Never"})
    fallback = one("echo last words; exit 1", terminationMessagePolicy="FallbackToLogsOnError")
    cluster.pod({**fallback, "restartPolicy": "Never"}, "other")
    cluster.run(3)
    assert cluster.container()["state"]["terminated"]["message"] == "told\n"
    assert cluster.container("other")["state"]["terminated"]["message"] == "last words"


def test_a_script_knows_its_environment_and_its_configuration(cluster: Played) -> None:
    """Values come from the spec, ConfigMaps, Secrets and the pod itself, and volumes hold their keys."""
    cluster.create(
        "", "ConfigMap", {"metadata": {"name": "c", "namespace": "default"}, "data": {"level": "3"}}
    )
    secret = {"metadata": {"name": "s", "namespace": "default"}, "data": {"word": "b3Blbg=="}}
    cluster.create("", "Secret", secret)
    env = [
        {"name": "LEVEL", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "level"}}},
        {"name": "WORD", "valueFrom": {"secretKeyRef": {"name": "s", "key": "word"}}},
        {"name": "WHO", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        {"name": "ALL", "value": "$(LEVEL)-$(WORD)-$$(WHO)"},
    ]
    more = {"env": env, "volumeMounts": [{"name": "c", "mountPath": "/c"}]}
    pod = one("echo $ALL $WHO $HOSTNAME; echo $(cat /c/level); exec sleep 9999", **more)
    cluster.pod({**pod, "volumes": [{"name": "c", "configMap": {"name": "c"}}]})
    cluster.run(5)
    assert lines(cluster) == ["3-open-$(WHO) web web", "3"]


def test_a_hook_at_the_start_that_fails_ends_the_container(cluster: Played) -> None:
    """The container is restarted, and it is said why."""
    hook = {"lifecycle": {"postStart": {"exec": {"command": ["sh", "-c", "echo no; exit 1"]}}}}
    cluster.pod({**one("trap 'exit 0' TERM; sleep 3600 & wait", **hook), "terminationGracePeriodSeconds": 1})
    cluster.run(6)
    assert cluster.container()["restartCount"] >= 1
    assert cluster.events("FailedPostStartHook")


def test_memory_has_its_limit(cluster: Played) -> None:
    """What takes all there is, is killed for it."""
    limits = {"resources": {"limits": {"memory": "16Mi"}}}
    cluster.pod({**one("exec tail /dev/zero", **limits), "restartPolicy": "Never"})
    cluster.run(4)
    ended = cluster.container()["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)
