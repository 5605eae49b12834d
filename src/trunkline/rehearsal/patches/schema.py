"""What the built-in kinds look like: fields, types, and how their lists and maps are merged.

The table is package data, made by `dev/rehearsal_schema.py`. A field is told in words: its type first (`string`,
`int32`, `core.v1.PodSpec`, `[...]` for a list, `{...}` for a map), then what holds for it:

    required        it is always sent, so an empty object has it
    plain           a struct that every object has, because no pointer leads to it
    keys=a,b        a list that is a map by these fields of its items (`x-kubernetes-list-type: map`)
    set             a list without doubles
    atomic          a map or struct that is owned as a whole; `granular` is the opposite for one field
    merge, merge=a  strategic merge patches merge it, by a field of its items (`x-kubernetes-patch-strategy`)
    replace         strategic merge patches replace it
    retain          strategic merge patches may name the keys to retain
    default=x       what a key of a list of maps is where it is not said
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from trunkline.rehearsal.kinds import Kind

_SCALARS = frozenset({"string", "int32", "int64", "double", "boolean", "byte", "quantity", "time", "microtime", "int-or-string"})  # fmt: skip


class Shape:
    """How one value looks.

    Attributes:
        form: `struct`, `list`, `map`, `any` for what is not known, or the name of a scalar.
        name: of a struct, such as `core.v1.PodSpec`.
        element: of a list's or map's values.
        keys: the fields by which a list's items are told apart, empty if they are not.
        merge_key: the field by which strategic merge patches tell a list's items apart.
    """

    __slots__ = ("_fields", "default", "element", "form", "is_atomic", "is_plain", "is_required", "is_set", "keys",
                 "merge_key", "merges", "name", "replaces", "retains")  # fmt: skip

    def __init__(self, text: str) -> None:
        kind, *flags = text.split()
        said = dict(flag.partition("=")[::2] for flag in flags)
        self.name, self.element, self._fields = "", None, None
        self.form = kind
        if kind[0] == "[":
            self.form, self.element = "list", _shape(kind[1:-1])
        elif kind[0] == "{":
            self.form, self.element = "map", _shape(kind[1:-1])
        elif kind != "any" and kind not in _SCALARS:
            self.form, self.name = "struct", kind
        self.keys = tuple(said["keys"].split(",")) if "keys" in said else ()
        self.merge_key = said.get("merge", "")
        self.default = said.get("default")
        self.is_required, self.is_plain = "required" in said, "plain" in said
        self.merges, self.replaces, self.retains = "merge" in said, "replace" in said, "retain" in said
        self.is_set = "set" in said
        self.is_atomic = "atomic" in said or (
            "granular" not in said and bool(self.name) and "" in _table()["types"].get(self.name, {})
        )

    element: Shape | None
    _fields: dict[str, Shape] | None

    @property
    def fields(self) -> dict[str, Shape]:
        """The fields of a struct; of all else none."""
        if self._fields is None:
            self._fields = _fields(self.name) if self.name else {}
        return self._fields

    @property
    def is_always_there(self) -> bool:
        """Whether an object has the field even where nobody has set it: see `absent`."""
        return self.is_plain or (self.is_required and self.form in {"list", "map", "time", "microtime"})

    @property
    def absent(self) -> dict[str, Any] | None:
        """What a field is that is always there, before anybody has set it."""
        return {} if self.is_plain else None

    @property
    def is_merged_list(self) -> bool:
        """Whether a list's items have owners of their own."""
        return self.is_set or bool(self.keys)

    def child(self, key: str) -> Shape:
        """How the value of a key looks, in whatever this is."""
        if self.element is not None and self.form == "map":
            return self.element
        return self.fields.get(key, ANY)

    @property
    def struct_name(self) -> str:
        """The name of a struct as Go prints its type: `v1.PodSpec`."""
        return ".".join(self.name.rsplit(".", 2)[-2:])


def shape_of(kind: Kind, api_version: str = "") -> Shape | None:
    """How objects of a kind look; None if that is not known, as for custom resources.

    Args:
        kind: of the objects.
        api_version: which of the kind's versions is meant, empty for the preferred one.
    """
    version = api_version.rpartition("/")[2]
    return _of_kind(kind.group, version if version in kind.versions else kind.versions[0], kind.kind)


def shape_named(name: str) -> Shape | None:
    """How a type looks that is no kind of its own, such as `autoscaling.v1.Scale`."""
    return _shape(name) if name in _table()["types"] else None


@cache
def custom_shape() -> Shape:
    """How a custom resource looks: its metadata is known, and nothing else."""
    found = Shape("any")
    found._fields = {"metadata": _shape("meta.v1.ObjectMeta")}
    return found


@cache
def _of_kind(group: str, version: str, kind: str) -> Shape | None:
    name = _table()["kinds"].get(f"{group}/{version}/{kind}")
    return _shape(name) if name else None


@cache
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_bytes())
    return found


@cache
def _shape(text: str) -> Shape:
    return Shape(text)


@cache
def _fields(name: str) -> dict[str, Shape]:
    return {key: _shape(text) for key, text in _table()["types"].get(name, {}).items() if key}


ANY = Shape("any")
