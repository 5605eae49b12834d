"""The JSONPath of printer columns: the part of kubectl's dialect that finds values.

Fields, positions and slices of lists, `*`, and filters such as `[?(@.type=="Ready")]`; the source is
https://kubernetes.io/docs/reference/kubectl/jsonpath/.
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from trunkline.expressions import expression

_STEP = expression(
    r"""\.?\[(?P<index>-?\d{1,9})\]
    | \.?\[(?P<all>\*)\] | \.(?P<star>\*)
    | \.?\[(?P<from>-?\d{0,9}):(?P<to>-?\d{0,9})\]
    | \.?\['(?P<quoted>(?:[^'\\]|\\.)*)'\] | \.?\["(?P<doubly>(?:[^"\\]|\\.)*)"\]
    | \.?\[\?\(\s*@(?P<inner>[^=!<>\s)]*)\s*(?:(?P<test>==|!=|<=|>=|<|>)\s*(?P<value>"[^"]*"|'[^']*'|[^\s)]+)\s*)?\)\]
    | \.(?P<field>(?:[^.\[\\]|\\.)+)""",
    re.VERBOSE,
)
_TESTS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_Step = Callable[[Any], list[Any]]


def find(value: Any, path: str) -> list[Any]:
    """What lies at a path, in the order of the lists that it leads through; nothing where it cannot be read."""
    found = [value]
    for step in _steps(path.strip().removeprefix("{").removesuffix("}")):
        found = [item for each in found for item in step(each)]
    return found


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[_Step, ...]:
    found, at = [], 0
    path = path.removeprefix("$")
    path = path if path[:1] in {".", "[", ""} else f".{path}"
    while at < len(path) and path[at:] != ".":
        matched = _STEP.match(path, at)
        if matched is None:
            return (lambda _: [],)
        found.append(_step(matched))
        at = matched.end()
    return tuple(found)


def _step(matched: re.Match[str]) -> _Step:
    if matched["index"]:
        return _slice(int(matched["index"]), None, single=True)
    if matched["all"] or matched["star"]:
        return lambda value: list(value.values()) if isinstance(value, dict) else _list(value)
    if matched["from"] is not None:
        return _slice(int(matched["from"] or 0) if matched["from"] != "-" else 0, matched["to"])
    if matched["inner"] is not None:
        return _filter(matched["inner"], matched["test"], matched["value"])
    name = next(matched[key] for key in ("quoted", "doubly", "field") if matched[key] is not None)
    key = re.sub(r"\\(.)", r"\1", name)
    return lambda value: [value[key]] if isinstance(value, dict) and key in value else []


def _slice(start: int, end: str | None, *, single: bool = False) -> _Step:
    if single:
        return lambda value: _list(value)[start:][:1] if -len(_list(value)) <= start else []
    stop = int(end) if end and end != "-" else None
    return lambda value: _list(value)[start:stop]


def _filter(inner: str, test: str | None, told: str | None) -> _Step:
    wanted = _literal(told or "")

    def passes(item: Any) -> bool:
        found = find(item, inner)
        if test is None:
            return bool(found)
        try:
            return bool(found) and bool(_TESTS[test](found[0], wanted))
        except TypeError:
            return False

    return lambda value: [item for item in _list(value) if passes(item)]


def _literal(told: str) -> Any:
    if told[:1] in {"'", '"'}:
        return told[1:-1]
    try:
        return json.loads(told)
    except (ValueError, RecursionError):
        return told


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
