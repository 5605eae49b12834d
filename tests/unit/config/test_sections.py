"""Sections, lists and mappings are read with all that is wrong with them at once."""

from __future__ import annotations

from typing import Any

from trunkline.config.sections import (
    DEFAULTS,
    Fault,
    ListOf,
    MappingOf,
    Scalar,
    Section,
    Unexpected,
    key,
)


def _word(value: Any) -> str:
    if not (isinstance(value, str) and value.isalpha()):
        raise Unexpected("a word")
    return value


WORD = Scalar(_word, {"type": "string", "pattern": "^[a-z]+$"})


class Tool(Section):
    """A tool."""

    name: str = key(WORD, description="Its name.", examples=["helm"])
    class_: str = key(WORD, "small", name="class", description="Its class.", examples=["large"])


class Lid(Section):
    """A lid."""

    colour: str = key(WORD, "red", description="Its colour.", examples=["blue"])


class Box(Section, further={"maxProperties": 3}):
    """A box."""

    best: Tool = key(Tool, description="A tool.", examples=[{"name": "helm"}])
    spare: list[Tool] = key(ListOf(Tool), [], description="More of them.", examples=[[]])
    marks: dict[str, str] = key(
        MappingOf(WORD, WORD, least=1, most=2, things="mark"), {}, description="Marks.", examples=[{}]
    )
    lid: Lid = key(Lid, DEFAULTS, description="Its lid.", examples=[{}])


def read(kind: Any, value: Any) -> tuple[Any, list[tuple[tuple[str | int, ...], Fault, str]]]:
    """What is read, and what is wrong."""
    wrong: list[Any] = []
    found = kind.read(value, (), wrong)
    return found, [(item.path, item.fault, item.what) for item in wrong]


def test_what_is_left_out_has_its_default() -> None:
    """A section's defaults are those of its own keys, and `has` tells what was written."""
    box, wrong = read(Box, {"best": {"name": "helm"}, "marks": {"a": "b"}})
    assert not wrong
    assert (box.best.name, box.best.class_, box.lid.colour, box.spare) == ("helm", "small", "red", [])
    assert box.marks == {"a": "b"}
    assert (box.has("marks"), box.has("lid")) == (True, False)


def test_a_key_may_have_a_word_of_python() -> None:
    """The file's name for it and the attribute's differ then."""
    tool, wrong = read(Tool, {"name": "helm", "class": "large"})
    assert not wrong
    assert (tool.name, tool.class_) == ("helm", "large")


def test_everything_wrong_is_told_at_once() -> None:
    """At any depth, each with its path."""
    value = {"best": {"class": "7"}, "spare": ["x", {"name": "8"}], "marks": {"1": "a", "b": "2"}, "more": 1}
    _, wrong = read(ListOf(Box), [value])
    assert set(wrong) == {
        ((0, "more"), Fault.UNKNOWN, ""),
        ((0, "best", "name"), Fault.MISSING, ""),
        ((0, "best", "class"), Fault.VALUE, "a word"),
        ((0, "spare", 0), Fault.VALUE, "a mapping"),
        ((0, "spare", 1, "name"), Fault.VALUE, "a word"),
        ((0, "marks", "1"), Fault.KEY, "a word"),
        ((0, "marks", "b"), Fault.VALUE, "a word"),
    }


def test_what_is_no_mapping_and_no_list_is_told_so() -> None:
    """Also where all the rest is missing, then."""
    assert read(Box, [])[1] == [((), Fault.VALUE, "a mapping")]
    assert read(ListOf(WORD), "a")[1] == [((), Fault.VALUE, "a list such as [a, b]")]
    assert read(MappingOf(WORD, WORD), None)[1] == [((), Fault.VALUE, "a mapping")]


def test_too_few_and_too_many_are_told() -> None:
    """Without a look at each of what are too many."""
    kind = Box.keys["marks"][1].kind
    assert read(kind, {})[1] == [((), Fault.COUNT, "at least one mark")]
    assert read(kind, {"a": "1", "b": "2", "c": "3"})[1] == [((), Fault.COUNT, "at most 2 marks")]


def test_the_schema_says_what_is_read() -> None:
    """With each section once, and defaults only where the key itself has one."""
    definitions: dict[str, Any] = {}
    box = Box.definition(definitions)
    assert (box["required"], box["maxProperties"], box["additionalProperties"]) == (["best"], 3, False)
    assert box["properties"]["best"] == {"$ref": "#/$defs/Tool", "examples": [{"name": "helm"}]}
    assert box["properties"]["spare"]["items"] == {"$ref": "#/$defs/Tool"}
    assert box["properties"]["lid"] == {"$ref": "#/$defs/Lid", "description": "Its lid.", "examples": [{}]}
    assert box["properties"]["marks"]["propertyNames"] == {"pattern": "^[a-z]+$"}
    assert (box["properties"]["marks"]["minProperties"], box["properties"]["marks"]["maxProperties"]) == (
        1,
        2,
    )
    assert set(definitions) == {"Tool", "Lid"}
    assert definitions["Tool"]["properties"]["class"]["default"] == "small"
    assert definitions["Tool"]["required"] == ["name"]
