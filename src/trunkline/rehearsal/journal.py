"""The state of a cluster in a file, so that it outlives its process, however that ends.

Every change is a line of JSON; when there are many more lines than objects the file is written anew beside the old one,
and takes its place in one step. A last line that was cut off by a kill is dropped: nobody was told of it as kept.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, name_of, namespace_of
from trunkline.rehearsal.store import Change, Store

_LOG = logging.getLogger(__name__)
_FORMAT = 1
_MANY_LINES = 2000
_LINES_FOR_AN_OBJECT = 4
# Controllers write these every few seconds, and nobody misses them after a restart.
_NOT_KEPT = {"Event", "Lease"}


class Journal:
    """Follows a store into a file.

    Args:
        path: the file; its directory exists.
        store: what is kept.
        kinds: to find the kinds of what is read, those of CustomResourceDefinitions included.
    """

    def __init__(self, path: Path, store: Store, kinds: Kinds) -> None:
        self._path, self._store, self._kinds = path, store, kinds
        self._lines = 0
        self._file: TextIO | None = None

    def restore(self) -> int:
        """Put what the file has into the (empty) store; how many objects it were.

        Raises:
            ValueError: it is no such file.
        """
        version, found = self._read()
        self._store.restore(version, iter(found.values()))
        return len(found)

    def follow(self) -> None:
        """Write what there is, and every change from now on."""
        self._rewrite()
        self._store.listen(self._note)

    def close(self) -> None:
        """End."""
        with self._store.lock:
            if self._file is not None:
                self._file.close()
                self._file = None

    def _read(self) -> tuple[int, dict[tuple[str, str, str, str], tuple[Kind, Object]]]:
        found: dict[tuple[str, str, str, str], tuple[Kind, Object]] = {}
        version = 0
        for number, line in enumerate(self._whole_lines()):
            entry = _parsed(line)
            if number == 0 and entry.get("format") != _FORMAT:
                raise ValueError(
                    f"{self._path} is no state of a simulated cluster that this version can read"
                )
            version = int(entry.get("version", version))
            value = entry.get("value")
            kind = self._kind(entry)
            if not isinstance(value, dict) or kind is None:
                continue
            key = (kind.group, kind.plural, namespace_of(value), name_of(value))
            if entry.get("type") == "DELETED":
                found.pop(key, None)
            else:
                found[key] = (kind, value)
        return version, found

    def _kind(self, entry: dict[str, Any]) -> Kind | None:
        of = entry.get("kind")
        if not isinstance(of, dict):
            return None
        known = self._kinds.resource(str(of.get("group")), str(of.get("plural")))
        if known is None:
            # A custom resource; its definition, which is kept as well, will serve it again.
            known = Kind(of["group"], tuple(of["versions"]), of["kind"], of["plural"], bool(of["namespaced"]),
                         subresources=tuple(of["subresources"]))  # fmt: skip
        return known

    def _whole_lines(self) -> Iterator[str]:
        try:
            text = self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        lines = text.split("\n")
        yield from lines[:-1]

    def _note(self, change: Change) -> None:
        if self._file is None or change.kind.kind in _NOT_KEPT:
            return
        try:
            self._write(self._file, change.type, change.version, change.kind, change.value)
            self._file.flush()
            if self._lines > _MANY_LINES + _LINES_FOR_AN_OBJECT * sum(1 for _ in self._store.everything()):
                self._rewrite()
        except OSError:
            # The cluster lives on without its file: a full disk is no reason to lose what runs.
            _LOG.exception("%s cannot be written; the state is kept in memory only from now on", self._path)
            self._file = None

    def _rewrite(self) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        self._lines = 0
        file = fresh.open("w", encoding="utf-8")
        file.write(json.dumps({"format": _FORMAT, "version": self._store.version}) + "\n")
        for kind, value in self._store.everything():
            if kind.kind not in _NOT_KEPT:
                self._write(file, "ADDED", self._store.version, kind, value)
        file.flush()
        os.fsync(file.fileno())
        fresh.replace(self._path)
        previous, self._file = self._file, file
        if previous is not None:
            previous.close()

    def _write(self, file: TextIO, how: str, version: int, kind: Kind, value: Object) -> None:
        of: dict[str, Any] = {"group": kind.group, "plural": kind.plural}
        if "." in kind.group:
            of |= {
                "versions": kind.versions, "kind": kind.kind, "namespaced": kind.namespaced,
                "subresources": kind.subresources,
            }  # fmt: skip
        entry = {"type": how, "version": version, "kind": of, "value": value}
        file.write(json.dumps(entry, separators=(",", ":")) + "\n")
        self._lines += 1


def _parsed(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
