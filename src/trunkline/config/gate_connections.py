"""What connects the gate's settings with each other and with the environments; as `connections`, for one section."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trunkline.config.document import Document
from trunkline.config.interpolation import Interpolated
from trunkline.config.mistakes import Mistake, Path, suggestion


def check_gate(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    """The mistakes that no part of the gate shows alone."""
    data = document.data if isinstance(document.data, dict) else {}
    gate = data.get("gate")
    if "gate" not in data:
        yield from _no_gate(document, environments)
    if isinstance(gate, dict):
        yield from _scanner(document, gate)
        yield from _compared(document, gate, environments)
        yield from _doubles(document, gate)


def _no_gate(document: Document, environments: Mapping[str, Any]) -> Iterator[Mistake]:
    for name, section in environments.items():
        if section.get("gate_max_age"):
            yield _at_key(
                document, ("environments", name, "gate_max_age"), "there is no gate; add a section 'gate'"
            )


def _scanner(document: Document, gate: Mapping[str, Any]) -> Iterator[Mistake]:
    scanner = gate.get("scanner", "quay")
    if scanner == "reports" and not gate.get("reports"):
        yield _at_key(document, ("gate",), "the scanner 'reports' needs 'reports': the files to read")
    if scanner == "quay" and gate.get("reports"):
        yield _at_key(document, ("gate", "reports"), "reports are read with 'scanner: reports' only")
    for key in ("url", "token"):
        if scanner == "reports" and gate.get(key):
            yield _at_key(document, ("gate", key), f"'{key}' is for 'scanner: quay' only")


def _compared(
    document: Document, gate: Mapping[str, Any], environments: Mapping[str, Any]
) -> Iterator[Mistake]:
    name = gate.get("compare_with")
    if isinstance(name, str) and name and name not in environments:
        place = document.place(("gate", "compare_with"))
        known = f"; known: {', '.join(environments)}"
        near = "" if isinstance(name, Interpolated) else suggestion(name, environments)
        text = f"there is no environment {place.shown}{near or known}"
        yield Mistake(place.value, text, ("gate", "compare_with"))


def _doubles(document: Document, gate: Mapping[str, Any]) -> Iterator[Mistake]:
    listed = gate.get("exceptions")
    seen: set[tuple[str, str]] = set()
    for index, item in enumerate(listed if isinstance(listed, list) else ()):
        if not isinstance(item, dict) or not isinstance(item.get("id"), str):
            continue
        key = (item["id"].casefold(), str(item.get("package") or ""))
        if key in seen:
            path: Path = ("gate", "exceptions", index)
            yield Mistake(document.place((*path, "id")).value, f"{item['id']} is let off twice", path)
        seen.add(key)


def _at_key(document: Document, path: Path, text: str) -> Mistake:
    return Mistake(document.place(path).key, text, path)
