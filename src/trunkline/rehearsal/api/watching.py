"""Watches: what changes, as it changes, each change as one line of JSON.

Kubernetes' API concepts, "Efficient detection of changes", are the protocol: resume by resourceVersion, bookmarks, 410 for
what is forgotten, and initial events ended by a bookmark of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.api.gate import Gate
from trunkline.rehearsal.api.messages import encoded
from trunkline.rehearsal.api.selectors import Test
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, name_of, namespace_of
from trunkline.rehearsal.store import Change, Store, TooOld

_BOOKMARK_S = 60.0
# How long a watch sleeps before it looks whether its client is still wanted.
_LONGEST_REST_S = 5.0
_INITIAL_END = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client watches.

    Attributes:
        since: the resourceVersion to go on after; None to begin with what is there.
        initial: whether what is there is sent first.
        shown: how an object is sent: as it is in a version, or as a table.
    """

    kind: Kind
    namespace: str
    name: str
    labels: Test | None
    fields: Test | None
    since: int | None
    initial: bool
    mark_initial_end: bool
    bookmarks: bool
    timeout_s: float
    shown: Callable[[Object], Any]

    def takes(self, value: Object | None) -> bool:
        """Whether an object is one of those that are watched."""
        return (
            value is not None
            and (not self.namespace or namespace_of(value) == self.namespace)
            and (not self.name or name_of(value) == self.name)
            and (self.labels is None or self.labels(value))
            and (self.fields is None or self.fields(value))
        )


def watch(store: Store, gate: Gate, wanted: Wanted, now: Callable[[], float]) -> Iterator[bytes]:
    """The lines of a watch, until its time is up, the gate lets go of it, or the generator is closed.

    Raises:
        ApiError: what it wants to resume from is forgotten.
    """
    with store.lock:
        version = store.version if wanted.since is None else wanted.since
        if wanted.since is not None:
            _check_remembered(store, version)
        there = (
            [item for item in store.all_of(wanted.kind, wanted.namespace) if wanted.takes(item)]
            if wanted.initial
            else []
        )
    return _lines(store, gate, wanted, now, version, there)


def expired(asked: int, oldest: int) -> ApiError:
    """What happened since is no longer remembered."""
    return ApiError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def _check_remembered(store: Store, version: int) -> None:
    try:
        store.changes_since(version)
    except TooOld:
        raise expired(version, store.version) from None


def _lines(
    store: Store, gate: Gate, wanted: Wanted, now: Callable[[], float], version: int, there: list[Object]
) -> Iterator[bytes]:
    epoch, began, told = gate.epoch, now(), now()
    for value in there:
        yield _line("ADDED", wanted.shown(value))
    if wanted.mark_initial_end:
        yield _bookmark(wanted, version, {_INITIAL_END: "true"})
    while gate.epoch == epoch and (left_s := wanted.timeout_s - (now() - began)) > 0:
        try:
            changes = _next(store, version, min(left_s, _LONGEST_REST_S))
        except TooOld:
            yield _line("ERROR", expired(version, store.version).status)
            return
        lines = [line for change in changes if (line := _told(wanted, change))]
        if changes:
            version = changes[-1].version
        if lines:
            told = now()
            yield b"".join(lines)
        elif wanted.bookmarks and now() - told >= _BOOKMARK_S:
            told = now()
            yield _bookmark(wanted, version, {})
    if wanted.bookmarks and gate.epoch == epoch:
        yield _bookmark(wanted, version, {})


def _next(store: Store, version: int, longest_s: float) -> list[Change]:
    """What happened since, after a wait for it if need be. No lock is held when anybody is told."""
    with store.lock:
        changes = list(store.changes_since(version))
        if not changes:
            store.changed.wait(longest_s)
            changes = list(store.changes_since(version))
        return changes


def _told(wanted: Wanted, change: Change) -> bytes:
    """The line about a change: for a client, what begins to match is new, and what stops to is gone."""
    if (change.kind.group, change.kind.plural) != (wanted.kind.group, wanted.kind.plural):
        return b""
    before = wanted.takes(change.previous)
    after = change.type != "DELETED" and wanted.takes(change.value)
    if after:
        return _line("MODIFIED" if before else "ADDED", wanted.shown(change.value))
    return _line("DELETED", wanted.shown(change.value)) if before else b""


def _bookmark(wanted: Wanted, version: int, annotations: dict[str, str]) -> bytes:
    marked: Object = {
        "kind": wanted.kind.kind,
        "apiVersion": wanted.kind.api_version,
        "metadata": {"resourceVersion": str(version), "creationTimestamp": None},
    }
    if annotations:
        marked["metadata"]["annotations"] = annotations
    return _line("BOOKMARK", marked)


def _line(type_: str, value: Any) -> bytes:
    return encoded({"type": type_, "object": value}) + b"\n"
