"""A cluster that is asked without a socket, and whose controllers work when a test lets them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from tests.unit.rehearsal.manual_clock import ManualClock
from trunkline.rehearsal.api.messages import Answer, Request
from trunkline.rehearsal.cluster import SimulatedCluster

TYPES = {
    "json": "application/json-patch+json",
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "apply": "application/apply-patch+yaml",
}


class Asking:
    """A client of a cluster in the same process; `body` is JSON unless it is bytes."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.cluster = SimulatedCluster(self.clock)

    def raw(
        self,
        method: str,
        path: str,
        body: Any = b"",
        *,
        content_type: str = "application/json",
        accept: str = "application/json",
        query: dict[str, Any] | None = None,
    ) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"content-type": content_type, "accept": accept, "user-agent": "test/1.0"}
        target = f"{path}?{urlencode(query)}" if query else path
        return self.cluster.api.answer(Request.of(method, target, headers, content))

    def ask(self, method: str, path: str, body: Any = b"", **more: Any) -> tuple[int, Any]:
        answer = self.raw(method, path, body, **more)
        assert answer.parts is None
        return answer.code, json.loads(answer.body)

    def get(self, path: str, **query: Any) -> Any:
        code, found = self.ask("GET", path, query=query)
        assert code == 200, found
        return found

    def post(self, path: str, body: Any, **query: Any) -> Any:
        code, found = self.ask("POST", path, body, query=query)
        assert code == 201, found
        return found

    def refused(self, method: str, path: str, body: Any = b"", **more: Any) -> tuple[int, str, str]:
        code, found = self.ask(method, path, body, **more)
        assert found["kind"] == "Status", found
        assert found["code"] == code
        return code, found["reason"], found["message"]

    def watch(self, path: str, **query: Any) -> Answer:
        return self.raw("GET", path, query={"watch": "true", **query})

    def settle(self) -> None:
        self.cluster.loop.settle()

    def close(self) -> None:
        self.cluster.stop()


def config_map(name: str, labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "labels": labels or {}},
        "data": data,
    }


def deployment(name: str, replicas: int = 1, image: str = "app:1") -> dict[str, Any]:
    labels = {"app": name}
    pods = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": image}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": pods},
    }


def pod(name: str, **labels: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": labels},
        "spec": {"containers": [{"name": "app", "image": "app:1"}]},
    }
