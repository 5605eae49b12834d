"""The cluster that tests are given does what a cluster does: pull, run, serve, tell, crash and forget."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dev import baseimage, tools
from dev.progress import Progress
from dev.ready import http_status, wait

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(
        not {"TRUNKLINE_TEST_KUBECONFIG", "TRUNKLINE_TEST_REGISTRY"} <= set(os.environ),
        reason='no cluster is given: run `eval "$(python -m dev.cluster env)"` first',
    ),
    pytest.mark.skipif(shutil.which("apt-get") is None, reason="the image is made of Debian's packages"),
]

SERVE = ["python", "-u", "-c"]
SERVER = """
import http.server, signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print("serving", flush=True)
http.server.test(HandlerClass=http.server.SimpleHTTPRequestHandler, port=8080)
"""


class Namespace:
    """A namespace of our own."""

    def __init__(self) -> None:
        self.name = f"dev-{uuid.uuid4().hex[:8]}"

    def kubectl(self, *argv: str, stdin: str | None = None) -> str:
        kubeconfig = os.environ["TRUNKLINE_TEST_KUBECONFIG"]
        command: list[str | Path] = [
            tools.kubectl(),
            "--kubeconfig",
            kubeconfig,
            "--namespace",
            self.name,
            *argv,
        ]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    def apply(self, *objects: dict[str, Any]) -> None:
        listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(listed))

    def container_state(self, app: str) -> dict[str, Any]:
        pods = json.loads(self.kubectl("get", "pods", "-l", f"app={app}", "-o", "json"))["items"]
        statuses = [status for pod in pods for status in pod["status"].get("containerStatuses", [])]
        return dict(statuses[0]) if statuses else {"state": {}, "lastState": {}}


@pytest.fixture(scope="module")
def image() -> str:
    return baseimage.push(os.environ["TRUNKLINE_TEST_REGISTRY"], [], Progress())


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    ours = Namespace()
    ours.kubectl("create", "namespace", ours.name)
    yield ours
    ours.kubectl("delete", "namespace", ours.name, "--wait=false")


def deployment(app: str, image: str, script: str, **container: Any) -> dict[str, Any]:
    pod = {"containers": [{"name": app, "image": image, "command": [*SERVE, script], **container}]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": app},
        "spec": {
            "selector": {"matchLabels": {"app": app}},
            "template": {"metadata": {"labels": {"app": app}}, "spec": pod},
        },
    }


def node_port(app: str) -> dict[str, Any]:
    spec = {"type": "NodePort", "selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": app}, "spec": spec}


def test_a_pushed_image_runs_serves_and_tells(namespace: Namespace, image: str) -> None:
    probe = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1}
    namespace.apply(deployment("api", image, SERVER, readinessProbe=probe), node_port("api"))
    namespace.kubectl("rollout", "status", "deployment/api", "--timeout=60s")
    port = namespace.kubectl("get", "service", "api", "-o", "jsonpath={.spec.ports[0].nodePort}")
    address = os.environ["TRUNKLINE_TEST_NODE_ADDRESS"]
    # kube-proxy hears of the endpoint a moment after the Deployment is available.
    url = f"http://{address}:{port}/"
    wait(lambda: http_status(url) == 200, seconds=20, failure=lambda: f"{url} does not answer")
    assert "serving" in namespace.kubectl("logs", "deployment/api")
    assert namespace.kubectl("exec", "deployment/api", "--", "python", "-c", "print(6 * 7)") == "42\n"
    reach = "import socket, os; socket.create_connection((os.environ['API_SERVICE_HOST'], 80), 3)"
    namespace.kubectl("exec", "deployment/api", "--", "python", "-c", reach)


@pytest.mark.parametrize(
    ("script", "limits", "reason"),
    [("raise SystemExit(3)", {}, "Error"), ("x = bytearray(1 << 30)", {"memory": "40Mi"}, "OOMKilled")],
)
def test_a_crash_shows_its_reason(
    namespace: Namespace, image: str, script: str, limits: dict[str, str], reason: str
) -> None:
    namespace.apply(deployment("crash", image, script, resources={"limits": limits}))

    def crashed() -> bool:
        status = namespace.container_state("crash")
        waiting = status["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        return waiting and bool(status["lastState"]["terminated"]["reason"] == reason)

    wait(crashed, seconds=30, failure=lambda: f"no crash loop: {namespace.container_state('crash')}")


def test_an_image_that_does_not_exist_is_told(namespace: Namespace, image: str) -> None:
    namespace.apply(deployment("absent", f"{image.rpartition(':')[0]}:absent", ""))

    def told() -> bool:
        waiting = namespace.container_state("absent")["state"].get("waiting", {})
        return waiting.get("reason") in {"ErrImagePull", "ImagePullBackOff"}

    wait(told, seconds=30, failure=lambda: f"nothing told: {namespace.container_state('absent')}")
    namespace.kubectl("delete", "deployment", "absent")
    namespace.kubectl("wait", "pods", "--for=delete", "--selector=app=absent", "--timeout=20s")


def test_a_job_completes(namespace: Namespace, image: str) -> None:
    namespace.kubectl("create", "job", "once", f"--image={image}", "--", "python", "-c", "print('done')")
    namespace.kubectl("wait", "--for=condition=complete", "job/once", "--timeout=30s")
    assert namespace.kubectl("logs", "job/once") == "done\n"


def test_helm_installs_and_undoes(namespace: Namespace, image: str, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: api\nversion: 1.0.0\nkubeVersion: '>=1.19-0'\n")
    (chart / "templates/all.yaml").write_text(json.dumps(deployment("api", image, SERVER)))
    kubeconfig = os.environ["TRUNKLINE_TEST_KUBECONFIG"]
    for major in (3, 4):
        helm: list[str | Path] = [
            tools.helm(major),
            "--kubeconfig",
            kubeconfig,
            "--namespace",
            namespace.name,
        ]
        subprocess.run(
            [*helm, "install", "api", chart, "--wait", "--timeout=60s"], check=True, capture_output=True
        )
        subprocess.run([*helm, "uninstall", "api", "--wait"], check=True, capture_output=True)


def test_a_namespace_is_forgotten(image: str) -> None:
    ours = Namespace()
    ours.kubectl("create", "namespace", ours.name)
    ours.apply(deployment("api", image, SERVER), node_port("api"))
    ours.kubectl("rollout", "status", "deployment/api", "--timeout=60s")
    ours.kubectl("delete", "namespace", ours.name, "--timeout=60s")
