"""Follows the logs of a changing set of pods: a thread per selector discovers them, a thread per container reads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from trunkline.adapters.kubernetes import selectors
from trunkline.adapters.kubernetes.client import KubernetesClient, path_of
from trunkline.adapters.kubernetes.container_log import (
    PAUSE_S,
    REFUSED,
    ContainerLog,
    ContainerState,
    Relay,
    state_of,
)
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.logs import containers_of
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError
from trunkline.ports import Clock, LogLine

_PATIENCE_S = 30.0
_GONE = 410


def follow_logs(
    client: KubernetesClient,
    clock: Clock,
    redactor: Redactor,
    namespace: str,
    chosen: Sequence[Mapping[str, str]],
    tail: int | None,
) -> Iterator[LogLine]:
    """Lines as they are written, until the caller closes the iterator.

    Raises:
        Unreachable: the cluster does not let us, or did not answer for half a minute.
    """
    relay = Relay(client, clock, redactor, namespace)
    for selector in dict.fromkeys(map(selectors.spell, chosen)):
        discovery = _Discovery(relay, selector, tail)
        threading.Thread(target=discovery.run, name=f"pods of {selector}", daemon=True).start()
    try:
        while True:
            item = relay.out.get()
            if isinstance(item, TrunklineError):
                raise item
            yield item
    finally:
        relay.ended.set()


class _Discovery:
    """Knows the pods that one selector matches, and has each of their containers followed."""

    def __init__(self, relay: Relay, selector: str, tail: int | None) -> None:
        self._relay = relay
        self._selector = selector
        self._tail = tail
        self._began = False
        self._path = path_of("/api/v1/namespaces", relay.namespace, "pods")
        self._logs: dict[str, dict[str, ContainerLog]] = {}
        self._answered = relay.clock.monotonic()

    def run(self) -> None:
        """List and watch, again and again, until the reader leaves or the cluster is away for too long."""
        relay = self._relay
        while not relay.ended.is_set():
            try:
                self._watch(self._list())
            except TrunklineError as error:
                code = error.code if isinstance(error, ApiError) else 0
                if code in REFUSED or relay.clock.monotonic() - self._answered > _PATIENCE_S:
                    relay.put(error)
                    return
                if code != _GONE:
                    relay.ended.wait(PAUSE_S)

    def _list(self) -> str:
        listing = self._relay.client.list(self._path, labels=self._selector)
        self._answered = self._relay.clock.monotonic()
        for uid in self._logs.keys() - set(map(_uid, listing.items)):
            self._forget(uid)
        for pod in listing.items:
            self._see(pod)
        # Whatever comes later is followed from its first line.
        self._tail, self._began = None, True
        return listing.version

    def _watch(self, version: str) -> None:
        for kind, pod in self._relay.client.watch(self._path, version, labels=self._selector):
            if self._relay.ended.is_set():
                return
            self._answered = self._relay.clock.monotonic()
            if kind == "DELETED":
                self._forget(_uid(pod))
            elif kind in {"ADDED", "MODIFIED"}:
                self._see(pod)

    def _see(self, pod: Mapping[str, Any]) -> None:
        logs = self._logs.setdefault(_uid(pod), {})
        for container in containers_of(pod):
            state = state_of(pod, container)
            if state is not None:
                if container not in logs:
                    name = str(pod["metadata"]["name"])
                    past = "" if self._began or state.previous == state.current else state.previous
                    logs[container] = ContainerLog(self._relay, name, container, self._tail, past)
                logs[container].see(state)

    def _forget(self, uid: str) -> None:
        for log in self._logs.pop(uid, {}).values():
            log.see(ContainerState())


def _uid(pod: Mapping[str, Any]) -> str:
    return str((pod.get("metadata") or {}).get("uid"))
