"""The struct types that a Go program was built with, read from its file.

A Go program for Linux on a 64-bit machine has, for `reflect`, a description of each of its types in `.rodata`, and in
`.typelink` where they are (`internal/abi.Type` of the Go sources). Nothing of the program is run.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from dev.errors import DevError

_HEADER, _POINTER, _SLICE_HEADER = 48, 8, 24
_KIND_AT, _FLAGS_AT, _NAME_AT = 23, 20, 40
_HAS_PACKAGE, _STARRED, _HAS_TAG = 1, 2, 2
_MAP, _POINTER_KIND, _SLICE, _STRUCT = 21, 22, 23, 25
_KINDS = {1: "bool", 2: "int", 5: "int32", 6: "int64", 8: "uint8", 14: "float64", 24: "string"}
_FORMS = {**_KINDS, _MAP: "map", _POINTER_KIND: "pointer", _SLICE: "slice", _STRUCT: "struct"}


@dataclass(frozen=True, slots=True)
class GoType:
    """A type.

    Attributes:
        form: `struct`, `pointer`, `slice`, `map`, the name of a plain type, or `other`.
        name: of a struct, with its package: `k8s.io/api/core/v1.Pod`.
        element: of pointers, slices and maps.
    """

    form: str
    name: str = ""
    element: GoType | None = None


@dataclass(frozen=True, slots=True)
class GoField:
    """A field of a struct, with its tag as it is written."""

    name: str
    tag: str
    type: GoType


class GoProgram:
    """A program's file.

    Raises:
        DevError: it is no such file.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        if content[:5] != b"\x7fELF\x02":
            raise DevError("the file is no ELF program of 64 bits")
        sections = _sections(content)
        if not {".rodata", ".typelink"} <= sections.keys():
            raise DevError("the program has no Go types")
        self._base, self._begins, size = sections[".rodata"]
        self._ends = self._begins + size
        _, start, length = sections[".typelink"]
        self._links = struct.unpack_from(f"<{length // 4}i", content, start)

    def structs(self) -> dict[str, list[GoField]]:
        """All structs that have a name, with their fields."""
        found: dict[str, list[GoField]] = {}
        seen: set[int] = set()
        left = [self._base + link for link in self._links]
        while left:
            address = left.pop()
            if address in seen or not self._is_here(address):
                continue
            seen.add(address)
            kind = self._kind(address)
            if kind in {_POINTER_KIND, _SLICE, _MAP}:
                left.append(self._element(address, kind))
            elif kind == _STRUCT:
                fields = self._fields(address)
                left += [type_ for _, _, type_ in fields]
                if name := self._name(address):
                    found[name] = [GoField(field, tag, self._type(type_)) for field, tag, type_ in fields]
        return found

    def _type(self, address: int) -> GoType:
        kind = self._kind(address)
        form = _FORMS.get(kind, "other")
        if kind in {_POINTER_KIND, _SLICE, _MAP}:
            return GoType(form, element=self._type(self._element(address, kind)))
        return GoType(form, self._name(address) if kind == _STRUCT else "")

    def _element(self, address: int, kind: int) -> int:
        return self._word(address + _HEADER + (_POINTER if kind == _MAP else 0))

    def _fields(self, address: int) -> list[tuple[str, str, int]]:
        first, count = self._word(address + _HEADER + 8), self._word(address + _HEADER + 16)
        return [
            (*self._text(self._word(at)), self._word(at + 8))
            for at in range(first, first + count * _SLICE_HEADER, _SLICE_HEADER)
        ]

    def _name(self, address: int) -> str:
        """A struct's name with its package, empty if it has none."""
        flags = self._content[self._at(address) + _FLAGS_AT]
        if not flags & _HAS_PACKAGE:
            return ""
        spelled = self._linked(address + _NAME_AT).removeprefix("*" if flags & _STARRED else "")
        package = self._linked(address + _HEADER + _POINTER + _SLICE_HEADER)
        return f"{package}.{spelled.rpartition('.')[2]}"

    def _linked(self, address: int) -> str:
        return self._text(self._base + int(struct.unpack_from("<i", self._content, self._at(address))[0]))[0]

    def _text(self, address: int) -> tuple[str, str]:
        """A name and its tag."""
        at = self._at(address)
        has_tag = self._content[at] & _HAS_TAG
        name, at = self._counted(at + 1)
        return name, self._counted(at)[0] if has_tag else ""

    def _counted(self, at: int) -> tuple[str, int]:
        length = shift = 0
        while True:
            byte = self._content[at]
            at += 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                return self._content[at : at + length].decode(), at + length

    def _kind(self, address: int) -> int:
        return self._content[self._at(address) + _KIND_AT] & 0x1F

    def _word(self, address: int) -> int:
        return int(struct.unpack_from("<Q", self._content, self._at(address))[0])

    def _at(self, address: int) -> int:
        return address - self._base + self._begins

    def _is_here(self, address: int) -> bool:
        return self._begins <= self._at(address) < self._ends


def _sections(content: bytes) -> dict[str, tuple[int, int, int]]:
    """The address, the place in the file and the size of each section."""
    table = int(struct.unpack_from("<Q", content, 40)[0])
    count, names = struct.unpack_from("<HH", content, 60)
    rows = [struct.unpack_from("<IIQQQQ", content, table + 64 * at) for at in range(count)]
    texts = int(rows[names][4])
    return {
        content[texts + row[0] : content.index(b"\0", texts + row[0])].decode(): (row[3], row[4], row[5])
        for row in rows
    }
