"""One chart's versions out of an index that others write."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.chart_index import ChartVersion, chart_versions

# As `helm repo index` writes it: lists at their key's own indentation.
HELM = """\
apiVersion: v1
entries:
  backend:
  - apiVersion: v2
    created: "2026-01-02T03:04:05Z"
    description: |
      Not the chart
        backend: but a text
    digest: {digest}
    name: backend
    urls:
    - s3://charts/stable/backend-1.10.0.tgz
    version: 1.10.0
  - name: backend
    version: 1.9.0
  # a comment
  backend-jobs:
  - name: backend-jobs
    version: 7.0.0
  "quoted":
  - version: "2.0"
generated: "2026-01-02T03:04:05Z"
""".format(digest="a" * 64)


def test_one_chart_is_cut_out() -> None:
    """The versions of one chart come with digest and addresses, and none of a chart with a similar name."""
    assert chart_versions(HELM, "backend") == (
        ChartVersion("1.10.0", "a" * 64, ("s3://charts/stable/backend-1.10.0.tgz",)),
        ChartVersion("1.9.0"),
    )
    assert chart_versions(HELM, "backend-jobs") == (ChartVersion("7.0.0"),)


def test_versions_stay_text() -> None:
    """A version that YAML would take for a number keeps its spelling."""
    assert chart_versions(HELM, "quoted") == (ChartVersion("2.0"),)


@pytest.mark.parametrize(
    "name", ["back", "apiVersion", "generated", "jobs", "name", "Not the chart", "b.ckend"]
)
def test_what_is_no_chart_is_not_found(name: str) -> None:
    """Neither keys around the charts nor text inside of them are charts."""
    assert chart_versions(HELM, name) == ()


def test_an_index_in_json_says_the_same() -> None:
    """Helm reads JSON indexes, too; they mean the same."""
    content = yaml.load(HELM, Loader=yaml.BaseLoader)
    for name in ("backend", "backend-jobs", "quoted", "none"):
        assert chart_versions(json.dumps(content), name) == chart_versions(HELM, name)


def test_other_layouts_of_yaml_are_read_whole() -> None:
    """An index in an unusual layout gives the same answer."""
    content = yaml.load(HELM, Loader=yaml.BaseLoader)
    flow = "# made elsewhere\n" + yaml.dump(content, default_flow_style=True)
    wide = yaml.dump(content, indent=6, default_flow_style=False)
    for text in (flow, wide, HELM.replace("\n", "\r\n")):
        assert chart_versions(text, "backend") == chart_versions(HELM, "backend")


@pytest.mark.parametrize(
    "index",
    [
        "",
        "[]",
        "just text",
        "{",
        "entries: [",
        '{"a": ' * 50_000,
        "<html>no</html>",
        "a: &a [*a, *a]",
        "\x00",
    ],
)
def test_what_is_no_index_is_refused(index: str) -> None:
    """Whatever else a server may answer is a ValueError."""
    with pytest.raises(ValueError):  # noqa: PT011 - the parsers' words differ
        chart_versions(index, "backend")


@pytest.mark.parametrize("bracket", ["[", "{a: ", "- "])
def test_deep_nesting_ends_in_an_error(bracket: str) -> None:
    """A hundred thousand brackets, which would end a recursive parser's process, are refused."""
    block = f"apiVersion: v1\nentries:\n  backend:\n  - urls: {bracket * 100_000}\n"
    with pytest.raises(ValueError, match=r"nested too deeply|no valid YAML"):
        chart_versions(block, "backend")


def test_aliases_multiply_nothing() -> None:
    """An index that would unfold to billions of items is answered within a second."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    index = "\n".join([*lines, "entries: {backend: [{version: 1.0.0, urls: *a11}]}"])
    begin = time.perf_counter()
    assert chart_versions(index, "backend") == (ChartVersion("1.0.0"),)
    assert time.perf_counter() - begin < 1


def test_a_large_index_costs_little() -> None:
    """Out of ten thousand versions of other charts, one chart is found within half a second."""
    other = "".join(
        f"  - name: x\n    version: 1.0.{n}\n    description: {'d' * 800}\n" for n in range(10_000)
    )
    index = f"apiVersion: v1\nentries:\n  aaa:\n{other}  backend:\n  - version: 1.0.0\n  zzz:\n{other}generated: now\n"
    begin = time.perf_counter()
    assert chart_versions(index, "backend") == (ChartVersion("1.0.0"),)
    assert time.perf_counter() - begin < 0.5


names = st.from_regex(r"[a-z][a-z0-9.-]{0,8}", fullmatch=True)
texts = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=20)
entries = st.fixed_dictionaries(
    {"version": names, "description": texts}, optional={"urls": st.lists(texts, max_size=2)}
)


@given(
    st.dictionaries(names, st.lists(entries, min_size=1, max_size=3), min_size=1, max_size=4),
    st.integers(2, 8),
)
def test_cutting_out_agrees_with_reading_all(charts: dict[str, list[dict[str, object]]], indent: int) -> None:
    """For any index that a YAML writer makes, each chart's block is what a whole parse says it is."""
    content = {"apiVersion": "v1", "entries": charts, "generated": "now"}
    text = yaml.dump(content, indent=indent, allow_unicode=True)
    for name, expected in charts.items():
        assert [item.version for item in chart_versions(text, name)] == [item["version"] for item in expected]
