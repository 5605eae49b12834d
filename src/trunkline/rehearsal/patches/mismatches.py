"""What of a configuration does not fit its kind, in the words of server-side apply."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.patches.fields import paths
from trunkline.rehearsal.patches.go import go_syntax, go_text, go_type
from trunkline.rehearsal.patches.schema import ANY, Shape
from trunkline.rehearsal.patches.typed import element_of

_NUMBERS = frozenset({"int32", "int64", "double"})
_FREE = frozenset({"any", "int-or-string", "quantity"})


def mismatches(value: Any, shape: Shape, path: str = "") -> list[str]:
    """All that is wrong, each as `.spec.replicas: expected numeric (int or float), got string`."""
    if value is None:
        return []
    if shape.form in {"struct", "map"} or shape.fields:
        if not isinstance(value, dict):
            return [f"{path}: expected map, got &{{{go_text(value)}}}"]
        return _of_map(value, shape, path)
    if shape.form == "list":
        if not isinstance(value, list):
            return [f"{path}: expected list, got &{{{go_text(value)}}}"]
        return _of_list(value, shape, path)
    return [f"{path}: {said}" for said in _of_scalar(value, shape.form)]


def _of_map(value: dict[str, Any], shape: Shape, path: str) -> list[str]:
    if shape.form == "struct":
        unknown = next((key for key in value if key not in shape.fields), None)
        if unknown is not None:
            # The real one looks no further in such a map, either.
            return [f"{path}.{unknown}: field not declared in schema"]
    return [
        said for key, item in value.items() for said in mismatches(item, shape.child(key), f"{path}.{key}")
    ]


def _of_list(value: list[Any], shape: Shape, path: str) -> list[str]:
    found: list[str] = []
    seen: set[str] = set()
    element = shape.element or ANY
    for position, item in enumerate(value):
        place = f"{path}[{position}]"
        if shape.is_merged_list:
            name = element_of(item, shape)
            if name is None:
                found.append(f"{path}: element {position}: {_without_key(item, shape)}")
                continue
            spelled = next(paths({name: {}}))
            if name in seen:
                what = "key" if shape.keys else "value"
                found.append(f"{path}: duplicate entries for {what} {spelled}")
            seen.add(name)
            place = path + spelled
        found += mismatches(item, element, place)
    return found


def _without_key(item: Any, shape: Shape) -> str:
    if not shape.keys or not isinstance(item, dict):
        return f"unable to produce a key for {go_text(item)}"
    missing = next((key for key in shape.keys if item.get(key) is None), shape.keys[0])
    return (
        f'associative list with keys has an element that omits key field "{missing}" '
        "(and doesn't have default value)"
    )


def _of_scalar(value: Any, form: str) -> list[str]:
    if form in _FREE:
        return []
    if form in _NUMBERS:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return [] if is_number else [f"expected numeric (int or float), got {go_type(value)}"]
    if form == "boolean":
        return [] if isinstance(value, bool) else [f"expected boolean, got &{{{go_text(value)}}}"]
    if isinstance(value, str):
        return []
    return [f"expected string, got &value.valueUnstructured{{Value:{go_syntax(value)}}}"]
