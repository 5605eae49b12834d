"""A Kubernetes API server in memory, behind the port `Http`: objects, versions, selectors, watches and logs.

It keeps the rules that the adapter relies on: names are unique, a stale `resourceVersion` is a conflict, a
namespace that ends takes nothing new, and whoever may not do something is told so before anything else.
"""

from __future__ import annotations

import contextlib
import copy
import json
import threading
from collections.abc import Iterator
from urllib.parse import parse_qs, unquote, urlsplit

from tests.fakes.http import json_response, status_response
from tests.fakes.kubernetes_rules import (
    METHODS,
    Object,
    is_collection,
    merged,
    not_found,
    resource_of,
    selected,
    shown,
    since,
)
from trunkline.errors import Unreachable
from trunkline.ports import Opened, Request, Response


class FakeKubernetesApi:
    """Implements the port `Http`.

    A test may fill `faults` (each takes the place of one answer), `denied` with (method, resource) pairs, and
    `logs` with lines by (pod, container, life); lives are numbered from 0. `watch_faults` take the place of watches,
    `watches` counts those that are open; who is denied `WATCH` may still list.
    """

    def __init__(self) -> None:
        self.faults: list[Response | Unreachable] = []
        self.denied: set[tuple[str, str]] = set()
        self.logs: dict[tuple[str, str, int], list[str]] = {}
        self.running: set[tuple[str, str, int]] = set()
        self.requests: list[Request] = []
        self.cuts = 0
        self.watch_faults: list[Response | Unreachable] = []
        self.watches = 0
        self._breaks = 0
        self._oldest = 0
        self._objects: dict[str, Object] = {}
        self._history: list[tuple[int, str, str, Object]] = []
        self._version = 100
        self._changed = threading.Condition()
        self._closed = False

    # What tests do.

    def put(self, path: str, body: Object) -> Object:
        """Create or replace an object as a controller would, without any guard."""
        with self._changed:
            return self._store(path, body, "MODIFIED" if path in self._objects else "ADDED")

    def at(self, path: str) -> Object:
        with self._changed:
            return copy.deepcopy(self._objects[path])

    def remove(self, path: str) -> None:
        with self._changed:
            self._record("DELETED", path, self._objects.pop(path))

    def write(self, pod: str, container: str, *lines: str, life: int = 0) -> None:
        with self._changed:
            self.logs.setdefault((pod, container, life), []).extend(lines)
            self._changed.notify_all()

    def stop(self, pod: str, container: str, life: int = 0) -> None:
        with self._changed:
            self.running.discard((pod, container, life))
            self._changed.notify_all()

    def cut(self) -> None:
        """Break the log stream that is read next, or now."""
        with self._changed:
            self.cuts += 1
            self._changed.notify_all()

    def break_watches(self, *, forget: bool = False) -> None:
        """Break every watch that is open now; with `forget`, nobody can go on from what was seen before."""
        with self._changed:
            self._breaks += 1
            if forget:
                self._version += 1
                self._oldest = self._version
            self._changed.notify_all()

    def close(self) -> None:
        """End all streams, so that their threads end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # The port.

    def send(self, request: Request) -> Response:
        with self._changed:
            self.requests.append(request)
            if self.faults:
                fault = self.faults.pop(0)
                if isinstance(fault, Exception):
                    raise fault
                return fault
            return self._answer(request)

    @contextlib.contextmanager
    def stream(
        self, request: Request, opened: Opened | None = None
    ) -> Iterator[tuple[Response, Iterator[bytes]]]:
        parts = urlsplit(request.url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if query.get("watch"):
            with self._watched(request, parts.path, query, opened) as answer:
                yield answer
            return
        response = self.send(request)
        if response.status >= 300:
            yield response, iter(())
        elif query.get("follow"):
            yield Response(200, {}, b""), self._follow(parts.path, query)
        else:
            yield Response(200, {}, b""), iter(response.body.splitlines())

    @contextlib.contextmanager
    def _watched(
        self, request: Request, path: str, query: dict[str, str], opened: Opened | None
    ) -> Iterator[tuple[Response, Iterator[bytes]]]:
        with self._changed:
            self.requests.append(request)
            if self.watch_faults:
                fault = self.watch_faults.pop(0)
                if isinstance(fault, Exception):
                    raise fault
                yield fault, iter(())
                return
            if ("WATCH", resource_of(path)) in self.denied:
                yield status_response(403, "Forbidden", "cannot watch"), iter(())
                return
        hung_up = threading.Event()

        def hang_up() -> None:
            with self._changed:
                hung_up.set()
                self._changed.notify_all()

        if opened is not None:
            opened(hang_up)
        self.watches += 1
        try:
            yield Response(200, {}, b""), self._watch(path, query, hung_up)
        finally:
            self.watches -= 1

    def _answer(self, request: Request) -> Response:
        parts = urlsplit(request.url)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = unquote(parts.path)
        body = json.loads(request.body) if request.body else {}
        if path == "/version":
            return json_response({"gitVersion": "v1.31.0"})
        if path.endswith("/selfsubjectaccessreviews"):
            asked = body["spec"]["resourceAttributes"]
            allowed = (METHODS[asked["verb"]], asked["resource"]) not in self.denied
            return json_response({**body, "status": {"allowed": allowed}}, 201)
        resource = resource_of(path)
        if (request.method, resource) in self.denied:
            return status_response(
                403, "Forbidden", f'{resource} is forbidden: User "ci" cannot {request.method} {resource}'
            )
        if resource == "log":
            return self._log(path, query)
        match request.method:
            case "POST":
                return self._create(path, body, query)
            case "PUT":
                return self._replace(path, body)
            case "PATCH":
                return self._patch(path, body)
            case "DELETE":
                return self._delete(path)
            case _:
                return self._read(path, query)

    def _read(self, path: str, query: dict[str, str]) -> Response:
        if path in self._objects:
            return json_response(self._objects[path])
        if not is_collection(path):
            return not_found(path)
        found = [
            {key: value for key, value in thing.items() if key not in {"kind", "apiVersion"}}
            for key, thing in self._objects.items()
            if key.rpartition("/")[0] == path and selected(thing, query)
        ]
        start = int(query.get("continue", 0))
        page = found[start : start + int(query.get("limit", len(found) or 1))]
        more = str(start + len(page)) if start + len(page) < len(found) else ""
        return json_response(
            {"items": page, "metadata": {"resourceVersion": str(self._version), "continue": more}}
        )

    def _create(self, path: str, body: Object, query: dict[str, str]) -> Response:
        parts = path.split("/")
        namespace = parts[parts.index("namespaces") + 1] if parts[-1] != "namespaces" else ""
        if namespace:
            live = self._objects.get(f"/api/v1/namespaces/{namespace}")
            if live is None:
                return status_response(404, "NotFound", f'namespaces "{namespace}" not found')
            if live["metadata"].get("deletionTimestamp"):
                words = (
                    f"unable to create new content in namespace {namespace} because it is being terminated"
                )
                return status_response(403, "Forbidden", words)
        name = body["metadata"].get("name") or body["metadata"]["generateName"] + "x"
        if f"{path}/{name}" in self._objects:
            return status_response(409, "AlreadyExists", f'{parts[-1]} "{name}" already exists')
        if query.get("dryRun"):
            return json_response(body, 201)
        return json_response(self._store(f"{path}/{name}", body, "ADDED"), 201)

    def _replace(self, path: str, body: Object) -> Response:
        live = self._objects.get(path)
        if live is None:
            return not_found(path)
        version = body["metadata"].get("resourceVersion")
        if version and version != live["metadata"]["resourceVersion"]:
            return status_response(409, "Conflict", "the object has been modified; please apply your changes")
        return json_response(self._store(path, body, "MODIFIED"))

    def _patch(self, path: str, body: Object) -> Response:
        if path not in self._objects:
            return not_found(path)
        return json_response(self._store(path, merged(self._objects[path], body), "MODIFIED"))

    def _delete(self, path: str) -> Response:
        live = self._objects.get(path)
        if live is None:
            return not_found(path)
        if resource_of(path) == "namespaces" and any(key.startswith(f"{path}/") for key in self._objects):
            live["metadata"]["deletionTimestamp"] = "2026-03-01T12:00:00Z"
        else:
            self._record("DELETED", path, self._objects.pop(path))
        return json_response({"kind": "Status", "status": "Success"})

    def _store(self, path: str, body: Object, kind: str) -> Object:
        self._version += 1
        live = copy.deepcopy(body)
        before = self._objects.get(path, {}).get("metadata", {})
        live["metadata"] = {
            "name": path.rpartition("/")[2],
            "uid": before.get("uid", f"uid-{self._version}"),
            "creationTimestamp": before.get("creationTimestamp", f"2026-03-01T12:00:{self._version:04d}Z"),
            **live["metadata"],
            "resourceVersion": str(self._version),
        }
        self._objects[path] = live
        self._record(kind, path, live)
        return copy.deepcopy(live)

    def _record(self, kind: str, path: str, live: Object) -> None:
        self._history.append((self._version, kind, path, copy.deepcopy(live)))
        self._changed.notify_all()

    def _watch(self, path: str, query: dict[str, str], hung_up: threading.Event) -> Iterator[bytes]:
        begin, place, breaks = int(query["resourceVersion"]), 0, self._breaks
        if begin < self._oldest:
            status = {
                "kind": "Status",
                "code": 410,
                "reason": "Expired",
                "message": "too old resource version",
            }
            yield json.dumps({"type": "ERROR", "object": status}).encode()
            return
        while True:
            with self._changed:
                while (
                    place == len(self._history)
                    and not self._closed
                    and not hung_up.is_set()
                    and breaks == self._breaks
                ):
                    self._changed.wait()
                if self._closed or hung_up.is_set():
                    return
                if breaks != self._breaks:
                    raise Unreachable("10.0.0.1:6443 cannot be reached: the connection broke off.")
                version, kind, key, live = self._history[place]
                place += 1
            if version > begin and key.rpartition("/")[0] == path and selected(live, query):
                yield json.dumps({"type": kind, "object": live}).encode()

    def _log(self, path: str, query: dict[str, str]) -> Response:
        pod, container = path.split("/")[-2], query.get("container", "")
        if path.removesuffix("/log") not in self._objects:
            return not_found(path.removesuffix("/log"))
        key = self._life(pod, container, query)
        if key not in self.logs:
            words = f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating'
            return status_response(400, "BadRequest", words)
        lines = self.logs[key]
        tail = int(query["tailLines"]) if "tailLines" in query else len(lines)
        chosen = [line for line in lines[len(lines) - tail :] if since(line, query)]
        text = "".join(shown(line, query) + "\n" for line in chosen)
        return Response(200, {}, text.encode())

    def _life(self, pod: str, container: str, query: dict[str, str]) -> tuple[str, str, int]:
        lives = [life for name, box, life in self.logs if (name, box) == (pod, container)]
        return pod, container, max(lives, default=-1) - bool(query.get("previous"))

    def _follow(self, path: str, query: dict[str, str]) -> Iterator[bytes]:
        with self._changed:
            key = self._life(path.split("/")[-2], query["container"], query)
            lines = self.logs[key]
            place = max(0, len(lines) - int(query["tailLines"])) if "tailLines" in query else 0
        while True:
            with self._changed:
                while place == len(lines) and key in self.running and not self.cuts and not self._closed:
                    self._changed.wait()
                if self.cuts:
                    self.cuts -= 1
                    raise Unreachable("the connection broke off")
                if place == len(lines):
                    return
                line, place = lines[place], place + 1
            if since(line, query):
                yield shown(line, query).encode()
