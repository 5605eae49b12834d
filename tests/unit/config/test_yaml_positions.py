"""YAML with places: what is read, what is refused, and that nothing breaks the reader."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from trunkline.config.mistakes import Spot
from trunkline.config.yaml_positions import Mapping, Node, Number, Scalar, Sequence, parse, resolve


def _plain(node: Node | None) -> Any:
    if isinstance(node, Mapping):
        return {key: _plain(entry.value) for key, entry in node.entries.items()}
    if isinstance(node, Sequence):
        return [_plain(item) for item in node.items]
    if isinstance(node, Scalar):
        return node.value.value if isinstance(node.value, Number) else node.value
    return None


def _told(text: str) -> list[str]:
    return [mistake.spelled("f") for mistake in parse(text).mistakes]


def test_keys_and_values_know_their_places() -> None:
    """Every key, value and list item has its line and column, counted in characters from 1."""
    root = parse("é: x\nb:\n  - 'c'\n  - {dé: e}\n").root
    assert isinstance(root, Mapping)
    assert (root.entries["é"].spot, root.entries["é"].value.spot) == (Spot(1, 1), Spot(1, 4))
    items = root.entries["b"].value
    assert isinstance(items, Sequence)
    assert [item.spot for item in items.items] == [Spot(3, 5), Spot(4, 5)]
    inner = items.items[1]
    assert isinstance(inner, Mapping)
    assert (inner.entries["dé"].spot, inner.entries["dé"].value.spot) == (Spot(4, 6), Spot(4, 10))


@pytest.mark.parametrize(
    "word", ["yes", "no", "on", "off", "y", "N", "tRue", "1_000", "1:30", "0b1", "2019-01-08", "="]
)
def test_words_of_older_yaml_are_texts(word: str) -> None:
    """What only YAML 1.1 takes for a boolean, a number or a date is a text."""
    assert resolve(word) == word


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("010", 10),
        ("0o10", 8),
        ("0xff", 255),
        ("1.10", 1.1),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
    ],
)
def test_plain_scalars_follow_the_core_schema(text: str, value: Any) -> None:
    """An unquoted scalar means what YAML 1.2 says; a number remembers its spelling."""
    found = resolve(text)
    assert (found.value if isinstance(found, Number) else found) == value
    assert not isinstance(found, Number) or found.text == text


def test_a_number_of_any_length_is_read() -> None:
    """Digits beyond what Python turns into an integer are no reason to fail."""
    assert isinstance(resolve("9" * 10_000), Number)


def test_quoted_and_block_scalars_are_texts() -> None:
    """Quotes, block styles and the tag `!!str` make a text of anything."""
    assert _plain(parse("a: 'true'\nb: \"1\"\nc: |\n  null\nd: !!str 5\n").root) == {
        "a": "true",
        "b": "1",
        "c": "null\n",
        "d": "5",
    }


def test_keys_are_texts_as_they_are_spelled() -> None:
    """A key that looks like a number or a boolean is a text."""
    assert _plain(parse("1: a\ntrue: b\n").root) == {"1": "a", "true": "b"}


def test_a_second_key_of_the_same_name_is_told_and_dropped() -> None:
    """A duplicate key is a mistake at its own place; the first one stands."""
    parsed = parse("a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert _plain(parsed.root) == {"a": 1, "b": {"c": 1}}
    assert [mistake.spelled("f") for mistake in parsed.mistakes] == [
        "f:4:3: b: the key 'c' stands in line 3 already",
        "f:5:1: the key 'a' stands in line 1 already",
    ]


def test_merge_keys_tags_and_odd_keys_are_told_together() -> None:
    """Everything that has no meaning in a project file is told, with the path to it."""
    assert _told("a: &x {b: 1}\nc:\n  <<: *x\n  d: !env E\n? [e]\n: f\n") == [
        "f:3:3: c: merge keys (`<<`) have no meaning here; write the keys out",
        "f:4:6: c.d: tags have no meaning here; put quotes around a value that begins with '!'",
        "f:5:3: a key is one word, not a list or a mapping",
    ]


def test_an_alias_stands_for_its_anchor() -> None:
    """A value that is written once may be used again."""
    assert _plain(parse("a: &v [x, y]\nb: *v\nc: &w z\nd: *w\n").root) == {
        "a": ["x", "y"],
        "b": ["x", "y"],
        "c": "z",
        "d": "z",
    }


def test_aliases_without_meaning_are_told_without_their_names() -> None:
    """An alias to nothing or to itself is a mistake that does not repeat what may be a password."""
    told = _told("a: *hunter2\nb: &b [*b]\n")
    assert [line.split(";")[0] for line in told] == [
        "f:1:4: a: this alias has no anchor (`&name`) before it",
        "f:2:8: b[0]: this alias contains itself",
    ]
    assert "hunter2" not in "".join(told)


def test_aliases_that_multiply_are_refused() -> None:
    """The billion laughs end after 20000 values, long before they take memory."""
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    assert _told(bomb) == ["f:5:15: the file has more than 20000 values"]


def test_aliases_that_nest_are_refused() -> None:
    """Depth that grows through aliases ends at the same limit as depth that is written out."""
    tower = f"a0: &a0 {'[' * 20}{']' * 20}\na1: {'[' * 20}*a0{']' * 20}\n"
    assert _told(tower) == ["f:2:25: aliases nest this more than 32 levels deep"]


def test_a_hundred_thousand_brackets_end_in_a_sentence() -> None:
    """Nesting that overflows a recursive reader's stack is refused."""
    assert _told("[" * 100_000) == ["f:1:33: this is nested more than 32 levels deep"]


@given(st.text(max_size=80) | st.text(alphabet="ab:-[]{}&*!|>'\"%@`#,?~ \n\t1.", max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Any text gives a tree or a mistake, and every mistake is on one line with a place in it."""
    parsed = parse(text)
    assert all(mistake.spot >= Spot(1, 1) and "\n" not in mistake.spelled("f") for mistake in parsed.mistakes)


# PyYAML writes YAML 1.1, in which these are words; YAML 1.2 reads numbers.
_NUMBERS_SINCE_1_2 = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
)
_words = st.text(max_size=8).filter(lambda text: not _NUMBERS_SINCE_1_2.fullmatch(text))
_scalars = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | _words
_trees = st.recursive(
    _scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


@example(tree=["1e5x"])
@given(_trees.filter(lambda tree: tree is not None))
def test_what_yaml_writes_is_read_back(tree: Any) -> None:
    """A document that PyYAML writes is read as what it was made of; only merge keys are ours to refuse."""
    text = yaml.safe_dump(tree, allow_unicode=False, sort_keys=False)
    parsed = parse(text)
    if not parsed.mistakes:
        assert _plain(parsed.root) == tree
    else:
        assert all("merge keys" in mistake.text for mistake in parsed.mistakes)
