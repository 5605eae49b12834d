"""Variables in texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.config.interpolation import BUILD_VARIABLES, Interpolated, Unset, interpolate

_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("${A}", "a"),
        ("x${A}y${B}z", "xaybz"),
        ("${A}${B}", "ab"),
        ("${EMPTY}", ""),
        ("${EMPTY:-d}", "d"),
        ("${UNSET:-d}", "d"),
        ("${UNSET:-}", ""),
        ("${UNSET:-a:-b}", "a:-b"),
        ("${A:-d}", "a"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("${A}$${B}", "a${B}"),
        ("$A $ $$ {A}", "$A $ $$ {A}"),
    ],
)
def test_variables_are_replaced(text: str, filled: str) -> None:
    """A text comes out with its variables' values, and with `${` where `$${` was written."""
    found = interpolate(text, {"A": "a", "B": "b", "EMPTY": ""})
    assert (found.text, found.problems) == (filled, ())


@pytest.mark.parametrize(
    "text", ["${", "${A", "${}", "${1}", "${A-b}", "${A:b}", "${ A}", "${A:-${B}}", "${Ä}"]
)
def test_what_is_no_variable_is_a_problem(text: str) -> None:
    """A `${` that no variable follows is told once, without repeating what follows."""
    found = interpolate(text, {"A": "a", "B": "b"})
    assert found.problems == (
        "expected a variable such as ${NAME} or ${NAME:-default}; write $${ for a plain ${",
    )


def test_every_missing_variable_is_told_once() -> None:
    """Each missing variable is a problem of its own, however often it occurs."""
    assert [problem.split()[2] for problem in interpolate("${X}${Y}${X}", {}).problems] == ["X", "Y"]


def test_what_a_variable_holds_is_not_expanded() -> None:
    """A value that looks like a variable stays as it is."""
    assert interpolate("${A}", {"A": "${B} $${C}", "B": "b"}).text == "${B} $${C}"


def test_a_filled_text_keeps_its_spelling() -> None:
    """A text with a variable can say how the file spells it; one without is an ordinary text."""
    filled = interpolate("x-${A}", {"A": "secret"}).text
    assert isinstance(filled, Interpolated)
    assert filled.spelling == "x-${A}"
    assert not isinstance(interpolate("$${A}", {}).text, Interpolated)


@pytest.mark.parametrize("text", ["${TRUNKLINE_COMMIT}", "${TRUNKLINE_COMMIT:-main}"])
def test_the_builds_own_variables_are_kept(text: str) -> None:
    """Where the build fills in its variables they stay, in the one spelling that it looks for."""
    found = interpolate(text, {"TRUNKLINE_COMMIT": "not this"}, BUILD_VARIABLES)
    assert (found.text, found.problems) == ("${TRUNKLINE_COMMIT}", ())


@given(st.lists(st.tuples(_NAMES, st.text(max_size=10)), max_size=5), st.text(max_size=5))
def test_any_values_come_out_as_they_are(pairs: list[tuple[str, str]], between: str) -> None:
    """Whatever the variables hold, the result is their values joined by what stood between them."""
    environ = dict(pairs)
    between = between.replace("$", "").replace("{", "")
    text = between.join(f"${{{name}}}" for name, _ in pairs)
    assert interpolate(text, environ).text == between.join(environ[name] for name, _ in pairs)


@given(st.text(alphabet="${}:-AB x", max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    """Any text is filled, or has a problem; escaping every `${` gives any text back."""
    interpolate(text, {"A": "a"})
    assert interpolate(text.replace("${", "$${"), {}).text == text


def test_an_environment_in_which_everything_is_set() -> None:
    """What is set is itself, what is not is a word that stands for nothing, and our own variables are never made up."""
    environ = Unset({"HERE": "yes", "EMPTY": ""})
    assert interpolate("${HERE} ${EMPTY}${ELSEWHERE}", environ) == ("yes not-set-here", ())
    assert interpolate("${TRUNKLINE_COMMIT}", environ).problems
