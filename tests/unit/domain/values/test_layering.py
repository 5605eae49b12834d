"""Tracing values to their layers."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes.values import FakeValues
from trunkline.domain.values.layering import (
    DEEPEST,
    Given,
    Layer,
    Traced,
    at,
    leaves,
    parse_keys,
    spelled,
    traced,
)

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(0, 3), st.text("ab", max_size=2))
# Few keys, so that layers meet.
VALUES = st.recursive(
    SCALARS | st.lists(st.integers(0, 2), max_size=2),
    lambda below: st.dictionaries(st.sampled_from("abc"), below, max_size=3),
    max_leaves=8,
)
LAYERS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)
CHART = Layer("chart", {"replicas": 1, "image": {"tag": "none"}, "ports": [80]})


def merged(chart: dict[str, Any], above: list[dict[str, Any]]) -> dict[str, Any]:
    with TemporaryDirectory() as directory:
        paths = [Path(directory) / f"{number}.yaml" for number in range(len(above))]
        for path, values in zip(paths, above, strict=True):
            path.write_text(json.dumps(values))
        return dict(FakeValues().read(json.dumps(chart), [(path.name, path) for path in paths], {}).merged)


def test_each_value_has_its_layer() -> None:
    """The topmost layer that gives a value is its layer, and what lies below is what it overrode, lowest first."""
    base, prod = Layer("base", {"replicas": 2}), Layer("prod", {"replicas": 3, "image": {"tag": "abc"}})
    result = {"replicas": 3, "image": {"tag": "abc"}, "ports": [80]}
    assert traced(result, (CHART, base, prod)) == (
        Traced(("image", "tag"), "abc", "prod", (Given("chart", "none"),)),
        Traced(("ports",), [80], "chart"),
        Traced(("replicas",), 3, "prod", (Given("chart", 1), Given("base", 2))),
    )


def test_the_same_value_again_belongs_to_the_upper_layer() -> None:
    """A layer that repeats a value holds it: taking it out of the one below changes nothing."""
    found = traced({"a": 1}, (Layer("base", {"a": 1}), Layer("prod", {"a": 1})))
    assert found == (Traced(("a",), 1, "prod", (Given("base", 1),)),)


def test_what_null_took_away_comes_from_above() -> None:
    """A key that one layer takes away and the next gives again comes from that one."""
    layers = (Layer("base", {"m": {"a": 1}}), Layer("dev", {"m": None}), Layer("prod", {"m": {"a": 2}}))
    assert traced({"m": {"a": 2}}, layers)[0].layer == "prod"


def test_a_value_of_nobody() -> None:
    """What no layer gives has none, rather than a wrong one."""
    assert traced({"global": {}}, (CHART,)) == (Traced(("global",), {}, ""),)


@given(LAYERS, st.lists(LAYERS, max_size=3))
@example({"a": None, "b": {"a": None}}, [{"a": None, "b": None}, {"b": {}}])
def test_the_named_layer_gives_the_value(chart: dict[str, Any], above: list[dict[str, Any]]) -> None:
    """Whatever the layers hold, each value of the result is the one that its named layer gives, and none is left out."""
    layers = [Layer(str(number), values) for number, values in enumerate([chart, *above])]
    result = merged(chart, above)
    found = traced(result, layers)
    assert [(item.keys, item.value) for item in found] == list(leaves(result))
    for item in found:
        given_there = at(layers[int(item.layer)].values, item.keys)
        # An empty map in the result may be what is left of a fuller one.
        assert item.value in (given_there, {})


@given(st.lists(st.text(), min_size=1).map(tuple))
def test_keys_are_spelled_and_read(keys: tuple[str, ...]) -> None:
    """Any way to a value, with dots and backslashes in its keys, is read as it is spelled."""
    assert parse_keys(spelled(keys)) == keys


@given(st.text())
def test_any_text_is_a_way(text: str) -> None:
    """Whatever a person types is some way, and reading it ends."""
    assert parse_keys(text)


def test_what_is_too_deep_is_told() -> None:
    """A nesting that no chart has is an error rather than the end of the process."""
    deep: dict[str, Any] = {}
    for _ in range(DEEPEST + 1):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="nested more than"):
        traced(deep, ())
