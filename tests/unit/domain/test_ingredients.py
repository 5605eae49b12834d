"""What a release is made of, written down and read again."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.ingredients import ChartOrigin, Ingredients, LayerOrigin, parse_ingredients

CHART = ChartOrigin("backend", "1.4.2", "ab" * 32, "s3://charts/backend-1.4.2.tgz")
LAYERS = (
    LayerOrigin("base.yaml", "01" * 32, "s3://values/base.yaml", "v7"),
    LayerOrigin("qa.yaml", "02" * 32),
)

texts = st.text()
charts = st.builds(ChartOrigin, texts, texts, texts, texts)
layers = st.builds(LayerOrigin, texts, texts, texts, texts)


@given(st.builds(Ingredients, charts, st.lists(layers).map(tuple)))
def test_written_and_read_again(made_of: Ingredients) -> None:
    """What was written is read as the same, and takes one line."""
    line = made_of.dump()
    assert parse_ingredients(line) == made_of
    assert len(line.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"chart": 7, "layers": []}',
        '{"chart": {"name": "a"}, "layers": []}',
        '{"chart": {"name": "a", "version": "1", "digest": 7}, "layers": []}',
        '{"chart": {"name": "a", "version": "1", "digest": "d", "colour": "red"}, "layers": []}',
        '{"chart": {"name": "a", "version": "1", "digest": "d"}, "layers": [{}]}',
        '{"chart": {"name": "a", "version": "1", "digest": "d"}, "layers": ["x"]}',
        '{"chart": {"name": "a", "version": "1", "digest": "d"}}',
        "[" * 100_000,
    ],
)
def test_what_others_wrote(text: str) -> None:
    """What is not a list of ingredients is none, and no error."""
    assert parse_ingredients(text) is None


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_any_json(content: object) -> None:
    """No JSON that somebody may write there makes reading it fail."""
    assert parse_ingredients(json.dumps(content)) is None


def test_a_layer_is_found_by_its_name() -> None:
    """A layer is known by the name that the configuration gives it."""
    made_of = Ingredients(CHART, LAYERS)
    assert made_of.layer("qa.yaml") == LAYERS[1]
    assert made_of.layer("prod.yaml") is None
    assert str(made_of.chart) == "backend-1.4.2"
