"""What of an object the API's decoder stumbles over, in its words: mistyped values, and fields that there are not.

The words are those of Go's `encoding/json`, and of the strict decoding that `fieldValidation` asks for.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any, NamedTuple

from trunkline.expressions import expression
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import moment_of
from trunkline.rehearsal.patches.go import go_kind
from trunkline.rehearsal.patches.schema import ANY, Shape, custom_shape, shape_of
from trunkline.rehearsal.patches.values import refuse_deep

_QUANTITY = expression(r"[+-]?[0-9.]+[eEinumkKMGTP]*[-+]?[0-9]*")
_NOT_BASE64 = expression(r"[^A-Za-z0-9+/=]")
_LAYOUTS = {"time": "2006-01-02T15:04:05Z07:00", "microtime": "2006-01-02T15:04:05.000000Z07:00"}
_GO_TYPES = {"boolean": "bool", "byte": "[]uint8", "double": "float64", "any": "interface {}", "time": "v1.Time",
             "microtime": "v1.MicroTime", "quantity": "resource.Quantity", "int-or-string": "intstr.IntOrString"}  # fmt: skip
_BITS = {"int32": 31, "int64": 63}


class Problems(NamedTuple):
    """What is wrong with an object.

    Attributes:
        mistyped: values of a wrong type, each as `json: cannot unmarshal string into Go struct field
            DeploymentSpec.spec.replicas of type int32`. The real API tells the first, always, with a 400.
        unknown: each as `unknown field "spec.foo"`, to be told as `fieldValidation` asks.
    """

    mistyped: list[str]
    unknown: list[str]


def problems(kind: Kind, value: Any) -> Problems:
    """What is wrong with an object of a kind.

    Of a custom resource, only the metadata is known. Doubled keys are gone once JSON is parsed: see `duplicates`.

    Raises:
        ApiError: 400, it is nested too deeply.
    """
    refuse_deep(value)
    version = str(value.get("apiVersion") or "") if isinstance(value, dict) else ""
    found = _Search()
    shape = shape_of(kind, version)
    found.look(value, shape or custom_shape(), _Place(f"v1.{kind.kind}", kind.kind))
    return Problems(found.mistyped, found.unknown)


def invalid_patch(patched: Any, said: str) -> ApiError:
    """The refusal of a patch whose result has a problem: the real API names no object, but shows all of it."""
    text = json.dumps(patched, separators=(",", ":"), ensure_ascii=False)
    message = f"Invalid value: {json.dumps(text, ensure_ascii=False)}: {said}"
    cause = {"reason": "FieldValueInvalid", "message": message, "field": "patch"}
    return ApiError(422, "Invalid", f' "" is invalid: patch: {message}', {"causes": [cause]})


def duplicates(pairs: list[tuple[str, Any]]) -> list[str]:
    """The keys that a map of JSON has twice, as `duplicate field "replicas"`, for a parser's `object_pairs_hook`."""
    seen: set[str] = set()
    found = []
    for key, _ in pairs:
        if key in seen:
            found.append(f'duplicate field "{key}"')
        seen.add(key)
    return found


class _Place(NamedTuple):
    """Where a value is.

    Attributes:
        type_name: of the value, as Go prints it.
        struct: the innermost struct that has it in a field.
        path: the fields on the way, without positions.
        spelled: the path with positions and keys.
    """

    type_name: str
    struct: str
    path: str = ""
    spelled: str = ""

    def field(self, shape: Shape, key: str, child: Shape) -> _Place:
        """The place of a struct's field."""
        struct = shape.struct_name.rpartition(".")[2] or self.struct
        path = f"{self.path}.{key}" if self.path else key
        return _Place(go_type_of(child), struct, path, f"{self.spelled}.{key}" if self.spelled else key)

    def item(self, child: Shape, spelled: str) -> _Place:
        """The place of an item."""
        return self._replace(type_name=go_type_of(child), spelled=self.spelled + spelled)

    def mistyped(self, said: str) -> str:
        """How Go tells that a value does not fit."""
        if not self.path:
            return f"json: cannot unmarshal {said} into Go value of type {self.type_name}"
        return f"json: cannot unmarshal {said} into Go struct field {self.struct}.{self.path} of type {self.type_name}"


class _Search:
    """Looks through a value, and keeps what it finds."""

    def __init__(self) -> None:
        self.mistyped: list[str] = []
        self.unknown: list[str] = []

    def look(self, value: Any, shape: Shape, place: _Place) -> None:
        if value is None:
            return
        if shape.form in {"struct", "map"} or shape.fields:
            if isinstance(value, dict):
                self._look_below(value, shape, place)
            else:
                self.mistyped.append(place.mistyped(go_kind(value)))
        elif shape.form == "list":
            if isinstance(value, list):
                child = shape.element or ANY
                for position, item in enumerate(value):
                    self.look(item, child, place.item(child, f"[{position}]"))
            else:
                self.mistyped.append(place.mistyped(go_kind(value)))
        elif said := _of_scalar(value, shape.form, place):
            self.mistyped.append(said)

    def _look_below(self, value: dict[str, Any], shape: Shape, place: _Place) -> None:
        for key, item in value.items():
            child = shape.child(key)
            if shape.form == "map":
                self.look(item, child, place.item(child, f".{key}"))
            elif shape.form == "struct" and key not in shape.fields:
                self.unknown.append(f'unknown field "{place.field(shape, key, child).spelled}"')
            else:
                self.look(item, child, place.field(shape, key, child))


def go_type_of(shape: Shape) -> str:
    """The type of a value as Go prints it."""
    if shape.form == "list":
        return f"[]{go_type_of(shape.element or ANY)}"
    if shape.form == "map":
        return f"map[string]{go_type_of(shape.element or ANY)}"
    return shape.struct_name if shape.form == "struct" else _GO_TYPES.get(shape.form, shape.form)


def _of_scalar(value: Any, form: str, place: _Place) -> str | None:
    said = go_kind(value)
    if form in _BITS:
        return _of_integer(value, said, _BITS[form], place.mistyped)
    if form in {"string", "boolean", "double"}:
        wanted = {"string": "string", "boolean": "bool", "double": "number"}[form]
        return None if said == wanted else place.mistyped(said)
    if form in _LAYOUTS:
        return _of_time(value, said, _LAYOUTS[form])
    if form == "byte":
        return _of_bytes(value) if isinstance(value, str) else place.mistyped(said)
    if form == "quantity":
        is_number = said == "number" or (isinstance(value, str) and _QUANTITY.fullmatch(value))
        return None if is_number else (
            "quantities must match the regular expression "
            "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        )  # fmt: skip
    if form == "int-or-string" and said != "string":
        return _of_integer(
            value, said, 31, lambda what: f"json: cannot unmarshal {what} into Go value of type int32"
        )
    return None


def _of_integer(value: Any, said: str, bits: int, mistyped: Any) -> str | None:
    if said != "number":
        return str(mistyped(said))
    if isinstance(value, float) or not -(1 << bits) <= value < 1 << bits:
        return str(mistyped(f"number {value}"))
    return None


def _of_time(value: Any, said: str, layout: str) -> str | None:
    if said != "string":
        return f"json: cannot unmarshal {said} into Go value of type string"
    if "T" in value and moment_of(value) is not None:
        return None
    return f'parsing time "{value}" as "{layout}": cannot parse "{value}" as "2006"'


def _of_bytes(value: str) -> str | None:
    text = value.replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        wrong = _NOT_BASE64.search(text)
        # Without a wrong letter, the padding is missing, or half of it.
        where = wrong.start() if wrong else len(text) if "=" in text else len(text) // 4 * 4
        return f"illegal base64 data at input byte {where}"
    return None
