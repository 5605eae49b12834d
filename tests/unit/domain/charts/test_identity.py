"""A chart's name and version, read quickly or by a parser."""

from __future__ import annotations

import sys
from subprocess import run

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.domain.charts.making import chart_yaml
from trunkline.domain.charts.identity import chart_identity
from trunkline.domain.charts.metadata import read_metadata

LINES = st.sampled_from(
    [
        "apiVersion: v2", "name: backend", "version: 1.0.0", 'version: "1.0.0"', "name: 'other' # why", "version: 2.0.0",
        "description: a text", 'description: "begins', "name: inside", '  ends"', "  version: 3.0.0", '"version": 4.0.0',
        "keywords: [a,", "version: 5.0.0]", "description: |", "maintainers:", "- name: x", "# version: 6.0.0", "", "? name",
        "version : 7.0.0", "version: 1.0", "version: &a 1.0.0", "name:\tbackend", "---", "description: {a: b}",
    ]
)  # fmt: skip


@given(st.lists(LINES, max_size=8).map("\n".join))
@example(chart_yaml())
@example("apiVersion: v2\nname: a\nversion: 1.0.0\ndescription: 'x\n\nversion: 2.0.0'\n")
def test_it_is_what_a_parser_reads(text: str) -> None:
    """Whatever lines a Chart.yaml has, the answer is the parser's."""
    try:
        facts = read_metadata(text)
    except ValueError:
        return
    assert chart_identity(text) == (facts.name, facts.version)


def test_a_plain_one_needs_no_parser() -> None:
    """What every chart looks like is read without importing YAML."""
    code = (
        "import sys; from trunkline.domain.charts.identity import chart_identity;"
        f"assert chart_identity({chart_yaml(more='description: of ours')!r}) == ('backend', '1.0.0');"
        "assert 'yaml' not in sys.modules"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("text", ["", "name: a", "version: 1.0.0", "<html>", "[" * 100_000])
def test_what_is_none(text: str) -> None:
    """Anything else is refused, in the parser's words."""
    with pytest.raises(ValueError, match="."):  # noqa: RUF043 - any words
        chart_identity(text)
