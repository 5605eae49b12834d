"""Dataclasses whose methods are written when they are first called.

The standard library's decorator compiles six functions for each class while its module is imported. A command
imports some two hundred such classes and makes objects of a few dozen: to write the methods of all of them was a
fifth of its own time. Type checkers see the standard decorator, and `field`, `fields` and `replace` of
`dataclasses` work as ever; of its choices only `frozen` and `slots` are here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, fields
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from dataclasses import dataclass as _standard

    def dataclass(*, frozen: bool = False, slots: bool = False) -> Callable[[type], type]:
        """As `dataclasses.dataclass`."""

        def made(cls: type) -> type:
            # Where there is none, the standard decorator makes one of the signature, which takes milliseconds.
            cls.__doc__ = cls.__doc__ or cls.__name__
            return _with_methods(_standard(init=False, repr=False, eq=False, slots=slots)(cls), frozen=frozen)

        return made


__all__ = ["dataclass"]

_Fields = tuple[Field[Any], ...]


def _with_methods(cls: type, *, frozen: bool) -> type:
    _write_when_called(cls, "__init__", _frozen_init if frozen else _plain_init)
    _write_when_called(cls, "__repr__", _repr)
    _write_when_called(cls, "__eq__", _eq)
    if frozen:
        _write_when_called(cls, "__hash__", _hash)
        for name, method in _OF_THE_FROZEN.items():
            setattr(cls, name, method)
    else:
        cls.__hash__ = None  # type: ignore[assignment]  # as Python itself has it where there is but an __eq__
    return cls


def _write_when_called(cls: type, name: str, write: Callable[[type], Any]) -> None:
    if cls.__dict__.get(name) is not None:
        return

    def first(self: object, *arguments: object, **named: object) -> Any:
        method = write(cls)
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(self, *arguments, **named)

    setattr(cls, name, first)


def _plain_init(cls: type) -> Any:
    return _init(cls, lambda name, value: f"self.{name} = {value}", {})


def _frozen_init(cls: type) -> Any:
    # `object.__setattr__` for each: the class's own refuses.
    return _init(cls, lambda name, value: f"_set(self, {name!r}, {value})", {"_set": object.__setattr__})


def _init(cls: type, assign: Callable[[str, str], str], words: dict[str, object]) -> Any:
    parameters = ["self"]
    body = []
    for item in _fields_of(cls):
        name = item.name
        value = name if item.init else f"_default_{name}"
        if item.default_factory is not MISSING:
            words[f"_default_{name}"] = item.default_factory
            value = f"_default_{name}() if {name} is _absent else {name}" if item.init else f"{value}()"
        elif item.default is not MISSING:
            words[f"_default_{name}"] = item.default
        elif not item.init:
            continue
        if item.init:
            absent = "_absent" if item.default_factory is not MISSING else f"_default_{name}"
            parameters.append(f"{name}={absent}" if f"_default_{name}" in words else name)
        body.append(assign(name, value))
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    return _function("__init__", parameters, body, {**words, "_absent": object()})


def _repr(cls: type) -> Any:
    shown = ", ".join(f"{item.name}={{self.{item.name}!r}}" for item in _fields_of(cls) if item.repr)
    return _function("__repr__", ["self"], [f"return f'{{self.__class__.__qualname__}}({shown})'"], {})


def _eq(cls: type) -> Any:
    compared = [item.name for item in _fields_of(cls) if item.compare]
    lines = [
        "if other.__class__ is not self.__class__:",
        "    return NotImplemented",
        f"return {_tuple_of('self', compared)} == {_tuple_of('other', compared)}",
    ]
    return _function("__eq__", ["self", "other"], lines, {})


def _hash(cls: type) -> Any:
    hashed = [item.name for item in _fields_of(cls) if (item.compare if item.hash is None else item.hash)]
    return _function("__hash__", ["self"], [f"return hash({_tuple_of('self', hashed)})"], {})


def _fields_of(cls: type) -> _Fields:
    return fields(cls)


def _tuple_of(owner: str, names: list[str]) -> str:
    return "(" + "".join(f"{owner}.{name}," for name in names) + ")"


def _function(name: str, parameters: list[str], body: list[str], words: Mapping[str, object]) -> Any:
    text = f"def {name}({', '.join(parameters)}):\n" + "".join(f"    {line}\n" for line in body or ["pass"])
    made: dict[str, Any] = {}
    exec(text, dict(words), made)  # noqa: S102 - how the standard decorator writes them, too
    return made[name]


def _refuse_assignment(_self: object, name: str, _value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(_self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, item.name) for item in fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for item, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, item.name, value)


_OF_THE_FROZEN: Mapping[str, object] = {
    "__setattr__": _refuse_assignment,
    "__delattr__": _refuse_deletion,
    "__getstate__": _state,
    "__setstate__": _set_state,
}
