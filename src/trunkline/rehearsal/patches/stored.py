"""What is left of an object once the API has decoded it into its own types and spelled it again."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object
from trunkline.rehearsal.patches.schema import ANY, Shape, shape_of
from trunkline.rehearsal.patches.values import refuse_deep

_EMPTY_SCALARS = {"string": "", "quantity": "0", "boolean": False, "int32": 0, "int64": 0}


def as_stored(kind: Kind, value: Object) -> Object:
    """An object of a built-in kind without unknown fields, nulls, and lists and maps that are empty and optional.

    An entry of a map that is null becomes the empty value of its type, as in the real API. Custom resources stay as
    they are. The argument is not changed.

    Raises:
        ApiError: 400, it is nested too deeply.
    """
    refuse_deep(value)
    shape = shape_of(kind, str(value.get("apiVersion") or ""))
    if shape is None:
        return value
    found: Object = _stored(value, shape)
    return found


def _stored(value: Any, shape: Shape) -> Any:
    if isinstance(value, dict) and shape.form == "struct":
        kept = {}
        for key, item in value.items():
            child = shape.fields.get(key)
            if child is None or item is None:
                continue
            stored = _stored(item, child)
            # An empty list of managers asks for something.
            if child.is_required or stored or child.form not in {"list", "map"} or key == "managedFields":
                kept[key] = stored
        return kept
    if isinstance(value, dict) and shape.form == "map":
        child = shape.element or ANY
        empty = _EMPTY_SCALARS.get(child.form)
        return {key: empty if item is None else _stored(item, child) for key, item in value.items()}
    if isinstance(value, list) and shape.form == "list":
        return [_stored(item, shape.element or ANY) for item in value if item is not None]
    return value
