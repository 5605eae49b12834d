"""Records what a real API server makes of patches: ``python -m dev.rehearsal_recordings``.

It asks the cluster that KUBECONFIG names (through ``kubectl proxy``), in a namespace of its own, and writes what the
tests of `trunkline.rehearsal.patches` replay: before, request, answer. Uids, versions and the like are left out.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dev.errors import exit_code
from dev.process import run, succeeds
from dev.ready import free_port, listens, wait

RECORDINGS = Path(__file__).resolve().parents[1] / "tests/unit/rehearsal/patches/recordings.json.gz"
_NAMESPACE = "ssa-recordings"
_TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
    "create": "application/json",
    "replace": "application/json",
}
_GONE = ("uid", "resourceVersion", "creationTimestamp", "selfLink", "generation")
_SETTLE_S = 0.4

Step = tuple[str, str, Any]
"""How, by whom (with `!` if by force), and what."""


def _deployment(*containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "it", "labels": {"app": "it"}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "it"}},
            "template": {
                "metadata": {"labels": {"app": "it"}},
                "spec": {"containers": list(containers)},
            },
            **spec,
        },
    }


def _pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"template": {"spec": spec}}}


_WEB = {
    "name": "web",
    "image": "web:1",
    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    "ports": [{"containerPort": 80, "name": "http"}],
}
_SIDE = {"name": "side", "image": "side:1"}
_MAP: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "it"}}
_SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "it"},
    "spec": {
        "selector": {"app": "it"},
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
    },
}
STORIES: dict[str, tuple[str, list[Step]]] = {
    "a deployment is patched": (
        "/apis/apps/v1/namespaces/{}/deployments",
        [
            ("create", "maker", _deployment(_WEB, _SIDE)),
            ("merge", "scaler", {"spec": {"replicas": 0, "minReadySeconds": 2}}),
            ("strategic", "adder", _pod(containers=[{"name": "new", "image": "new:1"}])),
            ("strategic", "setter", _pod(containers=[{"name": "web", "image": "web:2", "env": [{"name": "C", "value": "3"}, {"name": "A", "value": None}]}])),
            ("strategic", "setter", _pod(containers=[{"name": "web", "env": [{"name": "B", "$patch": "delete"}]}])),
            ("strategic", "remover", _pod(containers=[{"name": "side", "$patch": "delete"}])),
            ("strategic", "orderer", _pod(**{"$setElementOrder/containers": [{"name": "new"}, {"name": "web"}], "containers": [{"name": "web", "image": "web:3"}]})),
            ("strategic", "orderer", _pod(**{"$setElementOrder/containers": [{"name": "last"}, {"name": "web"}], "containers": [{"name": "last", "image": "last:1"}]})),
            ("strategic", "porter", _pod(containers=[{"name": "web", "ports": [{"containerPort": 81}, {"containerPort": 80, "name": "web"}]}])),
            ("strategic", "volumes", _pod(volumes=[{"name": "v", "emptyDir": {"medium": "Memory"}}])),
            ("strategic", "volumes", _pod(volumes=[{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "it"}}])),
            ("strategic", "volumes", _pod(volumes=[{"name": "v", "$retainKeys": ["name"], "secret": {"secretName": "it"}}])),
            ("strategic", "recreate", {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}),
            ("strategic", "finalizers", {"metadata": {"finalizers": ["a/b", "c/d"]}}),
            ("strategic", "finalizers", {"metadata": {"finalizers": ["e/f", "a/b"]}}),
            ("strategic", "finalizers", {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b", "x/y"]}}),
            ("strategic", "finalizers", {"metadata": {"$setElementOrder/finalizers": ["e/f", "c/d"]}}),
            ("strategic", "finalizers", {"metadata": {"finalizers": None}}),
            ("strategic", "selector", _pod(nodeSelector={"a": "b"})),
            ("strategic", "selector", _pod(nodeSelector={"$patch": "replace", "c": "d"})),
            ("strategic", "selector", _pod(nodeSelector={"$patch": "delete"})),
            ("strategic", "tolerations", _pod(tolerations=[{"key": "a", "operator": "Exists"}])),
            ("strategic", "tolerations", _pod(tolerations=[{"key": "b", "operator": "Exists"}])),
            ("strategic", "replacer", _pod(containers=[{"$patch": "replace"}, {"name": "only", "image": "only:1"}])),
            ("strategic", "nobody", {}),
            ("strategic", "keyless", _pod(containers=[{"image": "web:2"}])),
            ("strategic", "unknown", {"spec": {"strategy": {"$patch": "frob"}}}),
            ("merge", "merger", _pod(containers=[{"name": "web", "image": "web:9"}])),
            ("merge", "merger", {"metadata": {"labels": {"app": None, "b": "c"}, "annotations": {"a": "b"}}}),
            ("json", "pointer", [{"op": "add", "path": "/metadata/annotations/x~1y", "value": "z"}, {"op": "test", "path": "/spec/replicas", "value": 0}]),
            ("json", "pointer", [{"op": "add", "path": "/spec/template/spec/containers/-", "value": _SIDE}, {"op": "copy", "from": "/metadata/annotations/a", "path": "/metadata/annotations/b"}]),
            ("json", "pointer", [{"op": "move", "from": "/spec/template/spec/containers/1", "path": "/spec/template/spec/containers/0"}]),
            ("json", "pointer", [{"op": "replace", "path": "/spec/template/spec/containers/-1/image", "value": "web:10"}]),
            ("json", "pointer", [{"op": "remove", "path": "/metadata/annotations"}]),
            ("json", "pointer", [{"op": "test", "path": "/spec/replicas", "value": 1}]),
            ("json", "pointer", [{"op": "remove", "path": "/spec/nothing"}]),
            ("json", "pointer", [{"op": "add", "path": "/spec/template/spec/containers/7", "value": {}}]),
            ("json", "pointer", {"op": "add"}),
            ("json", "pointer", [5]),
            ("merge", "resetter", {"metadata": {"managedFields": []}}),
            ("merge", "resetter", {"metadata": {"managedFields": [{}]}}),
            ("merge", "nobody", {"spec": {"minReadySeconds": 3}}),
            ("apply", "first", {**_deployment(_WEB), "spec": {"minReadySeconds": 3}}),
        ],
    ),
    "a deployment is applied by two": (
        "/apis/apps/v1/namespaces/{}/deployments",
        [
            ("apply", "x", _deployment(_WEB, _SIDE)),
            ("apply", "x", _deployment(_WEB, _SIDE)),
            ("apply", "y", _deployment({"name": "web", "image": "web:2"})),
            ("apply", "y", _deployment({"name": "web", "image": "web:1"}, replicas=1)),
            ("apply", "y", _deployment({"name": "web", "image": "web:2"}, replicas=1, minReadySeconds=1)),
            ("apply", "y", _deployment({"name": "web", "image": "web:1"}, minReadySeconds=1)),
            ("apply", "x", _deployment(_WEB)),
            ("apply", "x", _deployment({**_WEB, "env": [{"name": "B", "value": "2"}]})),
            ("apply", "y!", _deployment({"name": "web", "image": "web:2"}, replicas=0)),
            ("merge", "scaler", {"spec": {"paused": True, "template": {"spec": {"containers": [{"name": "web", "image": "web:3", "env": [{"name": "B", "value": "2"}]}]}}}}),
            ("apply", "y", _deployment({"name": "web", "image": "web:4"})),
            ("apply", "x", _deployment({"name": "web", "image": "web:3", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]}, paused=True)),
            ("apply", "x", _deployment({"name": "web", "image": "web:3"}, _SIDE, {"name": "third", "image": "third:1"})),
            ("apply", "x", _deployment({"name": "third", "image": "third:1"}, {"name": "web", "image": "web:3"})),
            ("apply", "x", _deployment({"name": "web", "image": "web:3"}, {"name": "web", "image": "web:3"})),
            ("apply", "x", _deployment({"image": "web:3"})),
            ("apply", "x", _deployment({"name": "web", "image": 5})),
            ("apply", "x", _deployment({"name": "web", "image": "web:3"}, replicas="1", frob=1)),
            ("apply", "x", _deployment({"name": "web", "image": "web:3"}, paused="no")),
            ("apply", "x", _deployment({"name": "web", "image": "web:3"}, selector=[])),
            ("apply", "x", _deployment({"name": "web", "image": ["x"], "env": {"a": 1}})),
            ("apply", "x", {**_deployment(_WEB), "metadata": {"name": "it", "managedFields": []}}),
            ("apply", "z", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "it", "labels": {"z": "1"}, "annotations": {"z": "1"}, "finalizers": ["z/z"]}}),
            ("apply", "z", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "it", "labels": {"z": "2"}}}),
            ("apply", "z", {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "it"}}),
        ],
    ),
    "a service": (
        "/api/v1/namespaces/{}/services",
        [
            ("apply", "x", _SERVICE),
            ("apply", "y", {**_SERVICE, "spec": {"ports": [{"name": "https", "port": 443, "protocol": "TCP"}, {"name": "http", "port": 80, "protocol": "TCP"}]}}),
            ("apply", "x", {**_SERVICE, "spec": {"selector": {"app": "it"}}}),
            ("strategic", "s", {"spec": {"ports": [{"port": 80, "name": "web"}]}}),
            ("strategic", "s", {"spec": {"$setElementOrder/ports": [{"port": 443}, {"port": 80}], "ports": [{"port": 443, "targetPort": 8443}]}}),
            ("merge", "m", {"spec": {"selector": {"tier": "web"}}}),
        ],
    ),
    "a config map with many managers": (
        "/api/v1/namespaces/{}/configmaps",
        [
            ("create", "maker", {**_MAP, "data": {"a": "1", "b": "2"}}),
            *(("merge", f"m{number:02}", {"data": {f"k{number:02}": "v"}}) for number in range(12)),
            ("apply", "x", {**_MAP, "data": {"a": "1", "k01": "v", "k11": "w"}}),
            ("apply", "x!", {**_MAP, "data": {"a": "1", "k01": "v", "k11": "w"}}),
            ("merge", "m01", {"data": {"k01": None, "k02": "x"}}),
            ("replace", "putter", {**_MAP, "data": {"a": "2", "c": "3"}}),
            ("replace", "putter", {**_MAP, "metadata": {"name": "it", "labels": {"a": "b"}}}),
            ("apply", "x", {**_MAP, "data": {"a": "1"}}),
            ("apply", "x", _MAP),
        ],
    ),
    "a role": (
        "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles",
        [
            ("create", "maker", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "it"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
            ("apply", "x", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "it"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
            ("apply", "x!", {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "it"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]}),
        ],
    ),
    "an account": (
        "/api/v1/namespaces/{}/serviceaccounts",
        [
            ("create", "maker", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "it"}, "imagePullSecrets": [{"name": "a"}]}),
            ("strategic", "s", {"imagePullSecrets": [{"name": "b"}]}),
            ("strategic", "s", {"imagePullSecrets": [{"name": "a", "$patch": "delete"}]}),
            ("apply", "x", {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "it"}, "automountServiceAccountToken": False}),
        ],
    ),
}  # fmt: skip


def main() -> int:
    """Tell every story to the real API, and write down what it answers."""
    with _proxy() as address:
        if not succeeds(["kubectl", "get", "namespace", _NAMESPACE]):
            run(["kubectl", "create", "namespace", _NAMESPACE])
        try:
            found = [
                {"story": story, "number": number, **recorded}
                for story, (path, steps) in STORIES.items()
                for number, recorded in enumerate(_told(address + path.format(_NAMESPACE), steps))
            ]
        finally:
            run(["kubectl", "delete", "namespace", _NAMESPACE, "--wait=false"])
    lines = ",\n".join(json.dumps(item, separators=(",", ":")) for item in found)
    RECORDINGS.write_bytes(gzip.compress(f"[\n{lines}\n]\n".encode(), mtime=0))
    print(f"{RECORDINGS}: {len(found)} steps, {RECORDINGS.stat().st_size} bytes")
    return 0


def _told(path: str, steps: list[Step]) -> Iterator[dict[str, Any]]:
    before = None
    for how, by, what in steps:
        manager, force = by.removesuffix("!"), by.endswith("!")
        _, live = _call("GET", f"{path}/it")
        if live.get("kind") == "Status":
            live = None
        method = {"create": "POST", "replace": "PUT"}.get(how, "PATCH")
        place = path if how == "create" else f"{path}/it"
        place += f"?fieldManager={manager}" + ("&force=true" if force else "")
        code, answer = _call(method, place, what, _TYPES[how])
        live, answer = _bare(live), _bare(answer)
        found = {"how": how, "manager": manager, "force": force, "body": what, "code": code, "answer": answer}
        # What nobody has changed in between is not told twice.
        yield found if live == before else {**found, "live": live}
        before = live if answer["kind"] == "Status" else answer
        time.sleep(_SETTLE_S)
    _call("PATCH", f"{path}/it", {"metadata": {"finalizers": None}}, _TYPES["merge"])
    _call("DELETE", f"{path}/it")


def _call(
    method: str, address: str, body: Any = None, content_type: str = "application/json"
) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, {"Content-Type": content_type}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        text = error.read().decode()
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, {"kind": "Status", "message": text}


def _bare(value: Any) -> Any:
    """An object without what differs from time to time."""
    if value and value.get("kind") != "Status":
        value.pop("status", None)
        for key in _GONE:
            value["metadata"].pop(key, None)
    return value


@contextmanager
def _proxy() -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen(["kubectl", "proxy", f"--port={port}"], stdout=subprocess.DEVNULL)
    try:
        wait(lambda: listens(port), seconds=10, failure=lambda: "kubectl proxy does not listen.")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    sys.exit(exit_code(main))
