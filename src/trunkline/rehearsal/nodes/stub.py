"""Pods that answer: a tiny HTTP server in the place of a container, which tells its version.

One is opened when somebody asks for a pod's port first, not before: a thousand pods are not a thousand sockets.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from trunkline.rehearsal.controllers.readiness import is_ready
from trunkline.rehearsal.controllers.selecting import matches, selector_of
from trunkline.rehearsal.kinds import POD, Kinds
from trunkline.rehearsal.objects import Object, at, is_ending, metadata, name_of, namespace_of, uid_of
from trunkline.rehearsal.store import Store

Address = tuple[str, int]


class Stubs:
    """The stubs of all pods."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._services = store, kinds.named("", "Service")
        self._mutex = threading.Lock()
        self._open: dict[str, _Stub] = {}
        self._turn = 0

    def reach_pod(self, pod: Object, port: int = 0) -> Address | None:
        """Where a pod answers, None if it is not running or has no such port."""
        if at(pod, "status", "phase") != "Running":
            return None
        ports = [
            item.get("containerPort")
            for container in at(pod, "spec", "containers") or ()
            for item in container.get("ports") or ()
        ]
        if port and ports and port not in ports:
            return None
        with self._mutex:
            stub = self._open.get(uid_of(pod))
            if stub is None:
                stub = self._open[uid_of(pod)] = _Stub(self._store, pod)
        return stub.address

    def reach_service(self, namespace: str, name: str, port: str = "") -> Address | None:
        """Where a Service's port is answered, one ready pod after the other; None if nobody is ready."""
        service = self._store.get(self._services, namespace, name)
        if service is None or (port and not _has_port(service, port)):
            return None
        selector = selector_of(service)
        with self._store.lock:
            ready = [
                pod
                for pod in self._store.all_of(POD, namespace)
                if matches(selector, metadata(pod).get("labels") or {})
                and is_ready(pod)
                and not is_ending(pod)
            ]
        if not ready:
            return None
        self._turn += 1
        return self.reach_pod(ready[self._turn % len(ready)])

    def close(self) -> None:
        """Close all of them."""
        with self._mutex:
            for stub in self._open.values():
                stub.close()
            self._open.clear()


class _Stub:
    def __init__(self, store: Store, pod: Object) -> None:
        self._http = _Server(("127.0.0.1", 0), store, pod)
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()
        self.address: Address = ("127.0.0.1", self._http.server_address[1])

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: Address, store: Store, pod: Object) -> None:
        self.store, self.pod = store, pod
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Tell the pod's version, with 503 while it is not ready."""
        pod = self.server.store.get(POD, namespace_of(self.server.pod), name_of(self.server.pod))
        ready = pod is not None and is_ready(pod)
        body = json.dumps(answer_of(self.server.pod)).encode()
        self.send_response(200 if ready else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name for it
        """Nothing is printed."""


def answer_of(pod: Object) -> dict[str, Any]:
    """What a stub says: the image's tag as its version, and the commit that its environment names, if any."""
    container: Object = next(iter(at(pod, "spec", "containers") or ()), {})
    image = str(container.get("image") or "")
    tag = image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    environment = {
        item.get("name"): item.get("value") for item in container.get("env") or () if isinstance(item, dict)
    }
    return {"version": tag, "commit": environment.get("COMMIT") or tag, "image": image, "pod": name_of(pod)}


def _has_port(service: Object, port: str) -> bool:
    return any(
        port in {str(item.get("port")), str(item.get("name"))} for item in at(service, "spec", "ports") or ()
    )
