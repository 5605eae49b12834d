"""Keeps one collection's objects in memory as Kubernetes prescribes it: list, then watch from where the list ended.

A watch that the server closes, or that breaks, goes on from the last version that was seen; only where that is too
old (410) everything is listed again. A connection that is dead without saying so is noticed by its silence: the server
is asked to end each watch after a few seconds, so silence for longer than that is no rest.
(Kubernetes API concepts, "Efficient detection of changes".)
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.errors import TrunklineError

_WATCH_S = 10
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 2.0
# Whoever may list and not watch is served by listing.
_POLL_S = 1.0
# Asking again does not change what one may do, but a Role that comes late does.
_FORBIDDEN_S = 5.0
# A server that is restarted closes every watch: that alone is no trouble worth telling.
_SHORT_S = 1.0
_GONE = 410


class Reflector:
    """One collection, kept fresh by a thread until `close`.

    Args:
        prepare: what is done to each object before it is kept, such as hiding secrets.
        changed: called after every change.
        optional: whether a rollout can be judged without it: being refused is then no trouble.
    """

    def __init__(
        self,
        client: KubernetesClient,
        path: str,
        prepare: Callable[[JsonObject], JsonObject],
        changed: Callable[[], None],
        *,
        optional: bool = False,
    ) -> None:
        self._client, self._path = client, path
        self._prepare, self._changed, self._optional = prepare, changed, optional
        self._objects: dict[str, JsonObject] = {}
        self._version = ""
        self._trouble: tuple[float, str] | None = None
        self._hang_up: Callable[[], None] | None = None
        self._ended = threading.Event()
        self._mutex = threading.Lock()
        self.listed = threading.Event()
        self.first: frozenset[str] = frozenset()
        self._thread = threading.Thread(target=self._run, name=f"watch of {path}", daemon=True)
        self._thread.start()

    def objects(self) -> Mapping[str, JsonObject]:
        """What is there now, by uid."""
        with self._mutex:
            return dict(self._objects)

    def trouble(self) -> str:
        """Why nothing was heard of the collection for a while; empty while it is kept fresh."""
        trouble = self._trouble
        return trouble[1] if trouble and time.monotonic() - trouble[0] >= _SHORT_S else ""

    def close(self) -> None:
        """End the thread; the stream that it reads is closed under it."""
        self._ended.set()
        with self._mutex:
            hang_up = self._hang_up
        if hang_up is not None:
            hang_up()

    def join(self, timeout_s: float) -> None:
        """Wait until the thread has ended."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        pause = _FIRST_PAUSE_S
        while not self._ended.is_set():
            try:
                if not self._version:
                    self._list()
                self._watch()
                pause = _FIRST_PAUSE_S
            except TrunklineError as error:
                if self._ended.is_set():
                    return
                self._ended.wait(self._failed(error, pause))
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _list(self) -> None:
        listing = self._client.list(self._path)
        # Items of a list do not repeat what the list is of.
        found = {_uid(item): self._prepare(item) for item in listing.items}
        with self._mutex:
            self._objects = found
        self._version = listing.version
        if not self.listed.is_set():
            self.first = frozenset(found)
            self.listed.set()
        self._well()

    def _watch(self) -> None:
        changes = self._client.watch(
            self._path, self._version, for_s=_WATCH_S, opened=self._opened, answered=self._well
        )
        for kind, thing in changes:
            if self._ended.is_set():
                return
            self._version = str((thing.get("metadata") or {}).get("resourceVersion") or self._version)
            if kind == "BOOKMARK":
                continue
            prepared = self._prepare(thing)
            with self._mutex:
                if kind == "DELETED":
                    self._objects.pop(_uid(thing), None)
                else:
                    self._objects[_uid(thing)] = prepared
            self._changed()

    def _opened(self, hang_up: Callable[[], None]) -> None:
        with self._mutex:
            self._hang_up = hang_up
        if self._ended.is_set():
            hang_up()

    def _well(self) -> None:
        self._trouble = None
        self._changed()

    def _failed(self, error: TrunklineError, pause: float) -> float:
        """What a failure means; the seconds to wait before it is tried again."""
        if isinstance(error, ApiError):
            if error.code == _GONE:
                self._version = ""
                return 0.0
            if error.forbidden and self._version:
                self._version = ""
                return _POLL_S
            if error.not_found or (error.forbidden and self._optional):
                with self._mutex:
                    self._objects = {}
                self._version = ""
                self.listed.set()
                self._well()
                return _POLL_S if error.not_found else _FORBIDDEN_S
        since = self._trouble[0] if self._trouble else time.monotonic()
        self._trouble = (since, error.message)
        return pause


def _uid(thing: JsonObject) -> str:
    return str((thing.get("metadata") or {}).get("uid"))
