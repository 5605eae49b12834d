"""JSON patches, RFC 6902, as the real API applies them.

It is more lenient than the RFC in places: a key that is not there may be replaced, the value of a missing key is null
for a test, negative positions count from the end, and an operation without value has null.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from trunkline.expressions import expression
from trunkline.rehearsal.errors import ApiError, bad_request
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches.go import go_kind
from trunkline.rehearsal.patches.values import DEEPEST, depth_of, refuse_deep, same

_MOST_OPERATIONS = 10_000
_MOST_COPIED_BYTES = 3 * 1024 * 1024
_POSITION = expression(r"[+-]?[0-9]{1,9}")
_MISSING = object()


def json_patch(value: Any, operations: Any) -> Any:
    """What a list of operations makes of a value, which stays as it was.

    Raises:
        ApiError: 400, it is no list of operations; 413, there are too many, or they copy or nest too much; 422, one of
            them cannot be done. The real API does not tell which, and why.
    """
    if operations is None:
        return copy_of(value)
    if not isinstance(operations, list):
        raise bad_request(
            f"json: cannot unmarshal {go_kind(operations)} into Go value of type jsonpatch.Patch"
        )
    for operation in operations:
        if not isinstance(operation, dict):
            raise bad_request(
                f"json: cannot unmarshal {go_kind(operation)} into Go value of type jsonpatch.Operation"
            )
    if len(operations) > _MOST_OPERATIONS:
        raise _too_large(
            f"The allowed maximum operations in a JSON patch is {_MOST_OPERATIONS}, got {len(operations)}"
        )
    refuse_deep(value)
    work = _Work(copy_of(value))
    for operation in operations:
        work.do(operation)
    return work.value


class _Work:
    """A value, and what operations do to it."""

    def __init__(self, value: Any) -> None:
        self.value = value
        self._copied_bytes = 0
        self._deeds: dict[Any, Callable[[list[str], dict[str, Any]], None]] = {
            "add": lambda path, said: self._add(path, _value(said)),
            "remove": lambda path, _: self._remove(path),
            "replace": lambda path, said: self._replace(path, _value(said)),
            "move": self._move,
            "copy": self._copy,
            "test": lambda path, said: self._test(path, said.get("value")),
        }

    def do(self, said: dict[str, Any]) -> None:
        name = said.get("op")
        deed = self._deeds.get(name) if isinstance(name, str) else None
        if deed is None:
            raise _rejected()
        deed(_keys(said.get("path")), said)

    def _move(self, path: list[str], said: dict[str, Any]) -> None:
        origin = _keys(said.get("from"))
        found = self._get(origin)
        if found is _MISSING or path[: len(origin)] == origin != path:
            raise _rejected()
        if path == origin:
            return
        self._remove(origin)
        self._add(path, found)

    def _copy(self, path: list[str], said: dict[str, Any]) -> None:
        found = self._get(_keys(said.get("from")))
        if found is _MISSING:
            raise _rejected()
        self._copied_bytes += len(json.dumps(found))
        if self._copied_bytes > _MOST_COPIED_BYTES:
            raise _too_large(
                "Unable to complete the copy, the accumulated size increase of copy is "
                f"{self._copied_bytes}, exceeding the limit {_MOST_COPIED_BYTES}"
            )
        self._add(path, copy_of(found))

    def _test(self, path: list[str], wanted: Any) -> None:
        found = self._get(path)
        if not same(None if found is _MISSING else found, wanted):
            raise _rejected()

    def _add(self, path: list[str], value: Any) -> None:
        if len(path) + depth_of(value) > DEEPEST:
            raise _too_large("json: exceeded max depth")
        if not path:
            self.value = _whole(value)
            return
        parent, key = self._parent(path), path[-1]
        if isinstance(parent, dict):
            parent[key] = value
        elif key == "-":
            parent.append(value)
        else:
            parent.insert(_position(key, len(parent) + 1), value)

    def _replace(self, path: list[str], value: Any) -> None:
        if not path or isinstance(self._parent(path), dict):
            self._add(path, value)
            return
        if len(path) + depth_of(value) > DEEPEST:
            raise _too_large("json: exceeded max depth")
        parent = self._parent(path)
        parent[_position(path[-1], len(parent))] = value

    def _remove(self, path: list[str]) -> None:
        if not path:
            raise _rejected()
        parent, key = self._parent(path), path[-1]
        if isinstance(parent, dict):
            if key not in parent:
                raise _rejected()
            del parent[key]
        else:
            del parent[_position(key, len(parent))]

    def _get(self, path: list[str]) -> Any:
        """What is there; `_MISSING` if only the last key is not."""
        return _step(self._parent(path), path[-1]) if path else self.value

    def _parent(self, path: list[str]) -> Any:
        found = self.value
        for key in path[:-1]:
            found = _step(found, key)
        if not isinstance(found, dict | list):
            raise _rejected()
        return found


def _step(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, _MISSING)
    if isinstance(value, list):
        return value[_position(key, len(value))]
    raise _rejected()


def _position(key: str, length: int) -> int:
    if not _POSITION.fullmatch(key):
        raise _rejected()
    found = int(key)
    if not -length <= found < length:
        raise _rejected()
    return found if found >= 0 else found + length


def _keys(pointer: Any) -> list[str]:
    """The keys of a JSON pointer, RFC 6901."""
    if not isinstance(pointer, str) or (pointer and pointer[0] != "/"):
        raise _rejected()
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _value(said: dict[str, Any]) -> Any:
    value = said.get("value")
    refuse_deep(value)
    return copy_of(value)


def _whole(value: Any) -> Any:
    """A value that may stand for the whole document."""
    if not isinstance(value, dict | list):
        raise _rejected()
    return value


def _rejected() -> ApiError:
    return ApiError(422, "Invalid", "the server rejected our request due to an error in our request")


def _too_large(message: str) -> ApiError:
    return ApiError(413, "RequestEntityTooLarge", message)
