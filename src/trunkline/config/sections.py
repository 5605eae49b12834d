"""What a configuration file is made of: sections with known keys, lists, and mappings with names as keys.

They are read with all that is wrong with them at once. A kind of value reads what stands at a path and adds what
is wrong there to a list; what it gives back counts only while that list is empty. Values are never repeated: they
may be secrets.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, ClassVar, NamedTuple, Protocol, Self

from trunkline.config.mistakes import Path
from trunkline.dataclass import dataclass

Schema = dict[str, Any]
"""JSON schema, draft 2020-12."""

DEFAULTS: Any = object()
"""The default of a key whose value is a section: that section's own defaults."""
_NOTHING: Any = object()


class Fault(Enum):
    """What can be wrong at a path."""

    MISSING = auto()
    UNKNOWN = auto()
    KEY = auto()
    VALUE = auto()
    COUNT = auto()


class Wrong(NamedTuple):
    """Something wrong at a path: what was expected, how to mend it, and which words would have been right."""

    path: Path
    fault: Fault
    what: str = ""
    mend: str = ""
    choices: tuple[str, ...] = ()


class Unexpected(Exception):
    """A single value is not what was expected."""

    def __init__(self, what: str, mend: str = "", choices: tuple[str, ...] = ()) -> None:
        super().__init__(what)
        self.what, self.mend, self.choices = what, mend, choices

    def at(self, path: Path, fault: Fault = Fault.VALUE) -> Wrong:
        """The same, with its place."""
        return Wrong(path, fault, self.what, self.mend, self.choices)


class Kind(Protocol):
    """A kind of value."""

    def read(self, value: Any, path: Path, wrong: list[Wrong]) -> Any:
        """The value as the section holds it; or anything, and what is wrong with it in `wrong`."""
        ...

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        """What an editor is told of it; sections are put among the definitions."""
        ...


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value.

    Attributes:
        check: gives the value back as the section holds it, or raises `Unexpected`.
        told: its JSON schema.
    """

    check: Callable[[Any], Any]
    told: Mapping[str, Any]

    def read(self, value: Any, path: Path, wrong: list[Wrong]) -> Any:
        """See `Kind`."""
        try:
            return self.check(value)
        except Unexpected as error:
            wrong.append(error.at(path))
            return None

    def schema(self, definitions: dict[str, Schema]) -> Schema:  # noqa: ARG002 - a single value needs none
        """See `Kind`."""
        return dict(self.told)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    item: Kind

    def read(self, value: Any, path: Path, wrong: list[Wrong]) -> Any:
        """See `Kind`."""
        if not isinstance(value, list):
            wrong.append(Wrong(path, Fault.VALUE, "a list such as [a, b]"))
            return []
        return [self.item.read(item, (*path, index), wrong) for index, item in enumerate(value)]

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        """See `Kind`."""
        return {"type": "array", "items": self.item.schema(definitions)}


@dataclass(frozen=True, slots=True)
class MappingOf:
    """A mapping whose keys are names.

    Attributes:
        name: what its keys look like.
        value: what stands under each.
        least, most: how many there may be; 0 for any number.
        things: what these are called.
    """

    name: Scalar
    value: Kind
    least: int = 0
    most: int = 0
    things: str = ""

    def read(self, value: Any, path: Path, wrong: list[Wrong]) -> Any:
        """See `Kind`."""
        if not isinstance(value, dict):
            wrong.append(Wrong(path, Fault.VALUE, "a mapping"))
            return {}
        if len(value) < self.least:
            wrong.append(Wrong(path, Fault.COUNT, f"at least one {self.things}"))
        elif self.most and len(value) > self.most:
            wrong.append(Wrong(path, Fault.COUNT, f"at most {self.most} {self.things}s"))
            return {}
        return {
            self._key(name, path, wrong): self.value.read(value[name], (*path, name), wrong) for name in value
        }

    def _key(self, name: Any, path: Path, wrong: list[Wrong]) -> Any:
        try:
            return self.name.check(name)
        except Unexpected as error:
            wrong.append(error.at((*path, name), Fault.KEY))
            return name

    def schema(self, definitions: dict[str, Schema]) -> Schema:
        """See `Kind`."""
        schema: Schema = {
            "type": "object",
            "propertyNames": {"pattern": self.name.told["pattern"]},
            "additionalProperties": self.value.schema(definitions),
        }
        bounds = {"minProperties": self.least, "maxProperties": self.most}
        return schema | {name: bound for name, bound in bounds.items() if bound}


class Key(NamedTuple):
    """A key of a section."""

    kind: Kind
    default: Any
    description: str
    examples: list[Any]
    name: str


def key(kind: Kind, default: Any = _NOTHING, *, description: str, examples: list[Any], name: str = "") -> Any:
    """A key of a section; it must be there unless it has a default.

    Args:
        kind: what stands under it.
        default: the value when it is left out.
        description: what editors and the reference say of it.
        examples: values that it may have, as they are written.
        name: the key in the file, where Python has that word for itself.
    """
    return Key(kind, default, description, examples, name)


class Section:
    """A mapping with keys of its own: each is a class attribute made by `key`, and then an object's own.

    Attributes:
        keys: those keys, by their names in the file, each with the name of its attribute.
        further: JSON schema of what connects keys with each other.
    """

    keys: ClassVar[Mapping[str, tuple[str, Key]]] = {}
    further: ClassVar[Schema] = {}

    def __init_subclass__(cls, further: Schema | None = None) -> None:
        """Collect the keys."""
        cls.keys = {
            made.name or name: (name, made) for name, made in cls.__dict__.items() if isinstance(made, Key)
        }
        cls.further = further or {}

    def __init__(self, values: Mapping[str, Any], given: frozenset[str]) -> None:
        """Take the value of each attribute, and the names of the keys that the file has."""
        self.__dict__.update(values)
        self._given = given

    def has(self, name: str) -> bool:
        """Whether the file has that key."""
        return name in self._given

    @classmethod
    def read(cls, value: Any, path: Path, wrong: list[Wrong]) -> Self:
        """See `Kind`."""
        if not isinstance(value, dict):
            wrong.append(Wrong(path, Fault.VALUE, "a mapping"))
            value = {}
        else:
            wrong += [Wrong((*path, name), Fault.UNKNOWN) for name in value if name not in cls.keys]
            wrong += [
                Wrong((*path, name), Fault.MISSING)
                for name, (_, made) in cls.keys.items()
                if made.default is _NOTHING and name not in value
            ]
        found = {
            attribute: made.kind.read(value[name], (*path, name), wrong) if name in value else _default(made)
            for name, (attribute, made) in cls.keys.items()
        }
        return cls(found, frozenset(value))

    @classmethod
    def schema(cls, definitions: dict[str, Schema]) -> Schema:
        """See `Kind`."""
        if cls.__name__ not in definitions:
            definitions[cls.__name__] = {}
            definitions[cls.__name__] = cls.definition(definitions)
        return {"$ref": f"#/$defs/{cls.__name__}"}

    @classmethod
    def definition(cls, definitions: dict[str, Schema]) -> Schema:
        """The section's own schema."""
        required = [name for name, (_, made) in cls.keys.items() if made.default is _NOTHING]
        schema: Schema = {
            "type": "object",
            "description": (cls.__doc__ or "").strip(),
            "additionalProperties": False,
            "properties": {name: _described(made, definitions) for name, (_, made) in cls.keys.items()},
        }
        return schema | ({"required": required} if required else {}) | cls.further


def _default(made: Key) -> Any:
    if made.default is _NOTHING:
        return None
    return made.kind.read({}, (), []) if made.default is DEFAULTS else made.default


def _described(made: Key, definitions: dict[str, Schema]) -> Schema:
    schema = made.kind.schema(definitions)
    told: Schema = {"description": made.description, "examples": made.examples}
    if "$ref" in schema and definitions[schema["$ref"].rpartition("/")[2]]["description"] == made.description:
        del told["description"]
    if made.default is not _NOTHING and made.default is not DEFAULTS:
        told["default"] = list(made.default) if isinstance(made.default, tuple) else made.default
    return schema | told
