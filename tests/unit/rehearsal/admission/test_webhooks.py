"""Admission webhooks of a cluster, asked for real: what they refuse and change, and what happens when they fail."""

from __future__ import annotations

import base64
import json
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rehearsal.played import Played, played
from trunkline.rehearsal.clock import FastClock
from trunkline.rehearsal.cluster import SimulatedCluster
from trunkline.rehearsal.errors import ApiError, NotYet
from trunkline.rehearsal.registry import Deletion, Write

Reply = Callable[[dict[str, Any]], dict[str, Any]]
DENIED = {"allowed": False, "status": {"message": "images of this team must be signed", "code": 403}}
CONFIGURATIONS = {"look": "ValidatingWebhookConfiguration", "change": "MutatingWebhookConfiguration"}


class QuietServer(ThreadingHTTPServer):
    """A server that says nothing of clients that go away."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class Hook:
    """A webhook on loopback.

    Attributes:
        reply: what it answers to a request.
        asked: the requests.
    """

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.reply: Reply = lambda _: {"allowed": True}
        self.asked: list[dict[str, Any]] = []
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.asked.append(review["request"])
                response = {"uid": review["request"]["uid"], **hook.reply(review["request"])}
                body = json.dumps({**review, "response": response}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
                pass

        self.server = QuietServer(("127.0.0.1", 0), Handler)
        if context is not None:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.server.server_address[1]}/check"
        threading.Thread(target=lambda: self.server.serve_forever(0.02), daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook()
    yield found
    found.close()


@pytest.fixture
def cluster() -> Iterator[Played]:
    with played() as found:
        yield found


def register(cluster: Played | SimulatedCluster, way: str, client: dict[str, Any], **more: Any) -> None:
    rule = {
        "apiGroups": [""],
        "apiVersions": ["v1"],
        "operations": ["*"],
        "resources": ["configmaps", "pods"],
    }
    webhook = {
        "name": "policy.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "timeoutSeconds": 1,
        "clientConfig": client, "rules": [rule], "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "default"}},
        **more,
    }  # fmt: skip
    value = {"metadata": {"name": "policy"}, "webhooks": [webhook]}
    found = cluster.cluster if isinstance(cluster, Played) else cluster
    found.registry.create(found.kinds.named("admissionregistration.k8s.io", CONFIGURATIONS[way]), value)


def settings(name: str = "settings", **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "default"}, **more}


def refusal(deed: Callable[[], Any]) -> ApiError:
    with pytest.raises(ApiError) as caught:
        deed()
    return caught.value


def test_denial(cluster: Played, hook: Hook) -> None:
    """What a webhook denies is not there, and its words are told."""
    register(cluster, "look", {"url": hook.url})
    hook.reply = lambda _: DENIED
    error = refusal(lambda: cluster.create("", "ConfigMap", settings()))
    said = 'admission webhook "policy.example.com" denied the request: images of this team must be signed'
    assert (error.code, error.message) == (403, said)
    assert "reason" not in error.status
    assert cluster.get("", "ConfigMap", "settings") is None


def test_what_is_asked(cluster: Played, hook: Hook) -> None:
    """A webhook sees creations, changes and deletions, of its own namespaces only."""
    register(cluster, "look", {"url": hook.url})
    made = cluster.create("", "ConfigMap", settings(data={"a": "1"}))
    cluster.cluster.registry.update(
        cluster.kind("", "ConfigMap"), {**made, "data": {"a": "2"}}, Write("kubectl")
    )
    cluster.cluster.registry.delete(cluster.kind("", "ConfigMap"), "default", "settings")
    cluster.create("", "ConfigMap", {"metadata": {"name": "elsewhere", "namespace": "kube-public"}})
    assert [found["operation"] for found in hook.asked] == ["CREATE", "UPDATE", "DELETE"]
    assert hook.asked[1]["object"]["data"] == {"a": "2"}
    assert hook.asked[1]["oldObject"]["data"] == {"a": "1"}
    assert hook.asked[1]["options"] == {
        "kind": "UpdateOptions",
        "apiVersion": "meta.k8s.io/v1",
        "fieldManager": "kubectl",
    }


def test_deletion_is_denied(cluster: Played, hook: Hook) -> None:
    """A webhook may hold what is to be deleted."""
    cluster.create("", "ConfigMap", settings())
    register(cluster, "look", {"url": hook.url})
    hook.reply = lambda _: DENIED
    assert (
        refusal(
            lambda: cluster.cluster.registry.delete(cluster.kind("", "ConfigMap"), "default", "settings")
        ).code
        == 403
    )
    assert cluster.get("", "ConfigMap", "settings") is not None


def patch(*operations: dict[str, Any]) -> Reply:
    text = base64.b64encode(json.dumps(operations).encode()).decode()
    return lambda _: {"allowed": True, "patchType": "JSONPatch", "patch": text, "warnings": ["beware\n"]}


def test_change(cluster: Played, hook: Hook) -> None:
    """A mutating webhook's patch is applied, what it leaves out is filled in, and its warnings reach the client."""
    register(cluster, "change", {"url": hook.url})
    hook.reply = patch(
        {"op": "add", "path": "/spec/initContainers", "value": [{"name": "first", "image": "first:1"}]}
    )
    how = Write(told=[])
    pod = {
        "spec": {"containers": [{"name": "main", "image": "web:1"}]},
        "metadata": {"name": "web", "namespace": "default"},
    }
    made = cluster.cluster.registry.create(cluster.kind("", "Pod"), pod, how)
    assert made["spec"]["initContainers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert how.told == ["beware\n"]


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ({"op": "remove", "path": "/nothing"}, ""),
        ({"op": "replace", "path": "", "value": 3}, ""),
        ({"op": "replace", "path": "/metadata", "value": "x"}, "the patch leaves no object"),
        ({"op": "add", "path": "/data", "value": ["x"]}, "cannot unmarshal"),
        ({"op": "nonsense"}, ""),
        (3, ""),
    ],
)
def test_bad_patches(cluster: Played, hook: Hook, operation: Any, said: str) -> None:
    """A patch that cannot be applied is the webhook's fault, and nobody else's."""
    register(cluster, "change", {"url": hook.url})
    hook.reply = patch(operation)
    error = refusal(lambda: cluster.create("", "ConfigMap", settings()))
    assert (error.code, error.reason) == (500, "InternalError")
    assert error.message.startswith("Internal error occurred: ")
    assert said in error.message


def test_patches_keep_who_it_is(cluster: Played, hook: Hook) -> None:
    """No patch gives an object another name, or another place."""
    register(cluster, "change", {"url": hook.url})
    hook.reply = patch(
        {"op": "replace", "path": "/metadata", "value": {"name": "other", "namespace": "kube-public"}}
    )
    made = cluster.create("", "ConfigMap", settings())
    assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("settings", "default")
    assert cluster.get("", "ConfigMap", "settings") is not None


@pytest.mark.parametrize(("policy", "refused"), [("Fail", True), ("Ignore", False)])
def test_failures(cluster: Played, policy: str, refused: bool) -> None:
    """Whether a webhook that nobody can reach stops a write, its failure policy says."""
    register(
        cluster,
        "look",
        {"service": {"name": "hooks", "namespace": "default", "path": "/v"}},
        failurePolicy=policy,
    )
    if not refused:
        cluster.create("", "ConfigMap", settings())
        return
    error = refusal(lambda: cluster.create("", "ConfigMap", settings()))
    assert error.code == 500
    assert error.message == (
        'Internal error occurred: failed calling webhook "policy.example.com": failed to call webhook: '
        'Post "https://hooks.default.svc:443/v?timeout=1s": service "hooks" not found'
    )
    service = cluster.create(
        "", "Service", {**settings("hooks"), "spec": {"selector": {"app": "hooks"}, "ports": [{"port": 443}]}}
    )
    error = refusal(lambda: cluster.create("", "ConfigMap", settings()))
    assert error.message.endswith(f"dial tcp {service['spec']['clusterIP']}:443: connect: connection refused")


def test_service_with_pods_agrees(cluster: Played) -> None:
    """A webhook of the cluster whose pods are ready is taken to agree."""
    cluster.create(
        "", "Service", {**settings("hooks"), "spec": {"selector": {"app": "hooks"}, "ports": [{"port": 443}]}}
    )
    cluster.pod({"containers": [{"name": "main", "image": "hooks:1"}]}, "hooks")
    cluster.run(10)
    register(cluster, "look", {"service": {"name": "hooks", "namespace": "default"}})
    cluster.create("", "ConfigMap", settings())


def test_dry_run(cluster: Played, hook: Hook) -> None:
    """In a dry run only webhooks without side effects are asked."""
    register(cluster, "look", {"url": hook.url}, sideEffects="Some")
    dry = Write(dry_run=True)
    error = refusal(lambda: cluster.cluster.registry.create(cluster.kind("", "ConfigMap"), settings(), dry))
    assert (error.code, error.message) == (
        400,
        'admission webhook "policy.example.com" does not support dry run',
    )
    assert hook.asked == []


def test_too_slow(cluster: Played, hook: Hook) -> None:
    """A webhook that does not answer in time has failed, and others work meanwhile."""
    register(cluster, "look", {"url": hook.url})
    over, others = threading.Event(), []

    def reply(_: dict[str, Any]) -> dict[str, Any]:
        with cluster.cluster.store.lock:
            others.append(True)
        over.wait(10)
        return {"allowed": True}

    hook.reply = reply
    error = refusal(lambda: cluster.create("", "ConfigMap", settings()))
    over.set()
    assert others
    assert error.message.endswith(
        f'failed to call webhook: Post "{hook.url}?timeout=1s": context deadline exceeded'
    )


def test_no_time_is_skipped_meanwhile(hook: Hook) -> None:
    """A clock that skips what everybody waits for does not skip a webhook's answer."""
    clock = FastClock()
    fast = SimulatedCluster(clock)
    took_s = []

    def reply(_: dict[str, Any]) -> dict[str, Any]:
        fast.loop.call_later(3600, lambda: None)
        began_s = clock.monotonic()
        threading.Event().wait(0.1)
        took_s.append(clock.monotonic() - began_s)
        return {"allowed": True}

    hook.reply = reply
    with fast, fast.store.lock:
        register(fast, "look", {"url": hook.url})
        fast.registry.create(fast.kinds.named("", "ConfigMap"), settings())
    assert took_s[0] < 5


def test_changed_meanwhile(cluster: Played, hook: Hook) -> None:
    """What others write while a webhook is asked is not overwritten: it has to be looked at again."""
    made = cluster.create("", "ConfigMap", settings(data={"a": "1"}))
    register(cluster, "look", {"url": hook.url})
    kind, registry = cluster.kind("", "ConfigMap"), cluster.cluster.registry

    def reply(request: dict[str, Any]) -> dict[str, Any]:
        if request["object"] and request["object"]["data"] == {"a": "2"}:
            with cluster.cluster.store.lock:
                registry.update(kind, {**made, "data": {"a": "3"}})
        return {"allowed": True}

    hook.reply = reply
    value = {**made, "metadata": {"name": "settings", "namespace": "default"}, "data": {"a": "2"}}
    with pytest.raises(NotYet, match="the object has been modified"):
        registry.update(kind, value)
    assert cluster.get("", "ConfigMap", "settings")["data"] == {"a": "3"}


def test_made_meanwhile(cluster: Played, hook: Hook) -> None:
    """Of two of one name, the one that its webhook let through first is there."""
    register(cluster, "look", {"url": hook.url})
    kind, registry = cluster.kind("", "ConfigMap"), cluster.cluster.registry

    def reply(request: dict[str, Any]) -> dict[str, Any]:
        if request["object"]["data"] == {"a": "1"}:
            with cluster.cluster.store.lock:
                registry.create(kind, settings(data={"a": "2"}))
        return {"allowed": True}

    hook.reply = reply
    assert refusal(lambda: registry.create(kind, settings(data={"a": "1"}))).reason == "AlreadyExists"
    assert cluster.get("", "ConfigMap", "settings")["data"] == {"a": "2"}


def test_controllers_are_refused(cluster: Played, hook: Hook) -> None:
    """What a webhook denies to a controller is told in the events and conditions of its objects."""
    register(cluster, "look", {"url": hook.url})
    hook.reply = lambda _: DENIED
    template = {
        "metadata": {"labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "web:1"}]},
    }
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    cluster.create("apps", "Deployment", {**settings("web"), "spec": spec})
    said = 'admission webhook "policy.example.com" denied the request: images of this team must be signed'
    assert cluster.events("FailedCreate")[0] == ("FailedCreate", f"Error creating: {said}")
    conditions = cluster.get("apps", "Deployment", "web")["status"]["conditions"]
    assert said in [item["message"] for item in conditions if item["type"] == "ReplicaFailure"]


def test_webhooks_do_not_see_each_other(cluster: Played) -> None:
    """A webhook that denies everything can be taken out again."""
    rule = {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*/*"]}
    register(cluster, "look", {"url": "https://127.0.0.1:9/"}, rules=[rule], namespaceSelector={})
    assert refusal(lambda: cluster.create("", "ConfigMap", settings())).code == 500
    kind = cluster.kind("admissionregistration.k8s.io", CONFIGURATIONS["look"])
    cluster.cluster.registry.delete(kind, "", "policy", Deletion())
    cluster.create("", "ConfigMap", settings())


def test_certificates(cluster: Played, tmp_path: Path) -> None:
    """Only a webhook that the configuration's authority vouches for is believed."""
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test"
    files = "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    subprocess.run(["openssl", *words.split(), *files.split()], cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate.pem", tmp_path / "key.pem")
    hook = Hook(context)
    try:
        bundle = base64.b64encode((tmp_path / "certificate.pem").read_bytes()).decode()
        register(cluster, "look", {"url": hook.url, "caBundle": bundle})
        cluster.create("", "ConfigMap", settings())
        register(cluster, "change", {"url": hook.url})
        error = refusal(lambda: cluster.create("", "ConfigMap", settings("more")))
        assert error.message.endswith(
            "tls: failed to verify certificate: x509: certificate signed by unknown authority"
        )
    finally:
        hook.close()
