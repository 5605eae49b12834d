"""No mistake repeats what a variable holds, or what may be a password."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.config.files import ENVIRON, FULL, mistakes, refusal, with_lines

_SECRET = "Tr0ub4dor&3"


def _texts(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_a_wrong_value_from_a_variable_is_shown_as_the_file_spells_it() -> None:
    """Where a variable's value is not what was expected, the mistake shows the variable."""
    assert mistakes(with_lines(("service: sample", "service: a-${NAME}")), {"NAME": _SECRET}) == [
        "trunkline.yaml:2:10: service: expected lower-case letters, digits, '-' and '.', at most 53 of them (Helm's limit), found 'a-${NAME}' as the environment fills it in"
    ]


def test_no_place_in_the_file_gives_a_variable_away() -> None:
    """Put into every value of the file in turn, a secret that is wrong there is never repeated."""
    lines = FULL.splitlines()
    refused = 0
    for number, line in enumerate(lines):
        key, colon, value = line.partition(": ")
        if not colon or value == "|":
            continue
        text = "\n".join([*lines[:number], f"{key}: ${{SECRET}}", *lines[number + 1 :]])
        try:
            error = refusal(text, {**ENVIRON, "SECRET": _SECRET})
        except pytest.fail.Exception:
            # Some values may be any text.
            continue
        refused += 1
        assert _SECRET not in _texts(error)
    assert refused > 20


@pytest.mark.parametrize(
    "value",
    [
        _SECRET,
        f"[{_SECRET}]",
        f"!{_SECRET}",
        f"*{_SECRET[:4]}",
        f"{{a: {_SECRET}}}",
        f"${{A:-{_SECRET}}}",
        "12345678",
        f"a-${{A}}-{_SECRET}",
    ],
)
def test_a_password_in_the_file_is_refused_and_not_repeated(value: str) -> None:
    """A password that is written down is a mistake that says where it belongs."""
    text = with_lines(("chart:", f"  username: robot\n  password: {value}\nchart:"))
    error = refusal(text, {"A": "x"})
    assert any("image.password" in line for line in error.mistakes)
    assert value.strip("[]!*{}") not in _texts(error)
    assert _SECRET not in _texts(error)


def test_a_refused_password_says_how_to_mend_it() -> None:
    """The mistake names the form that is taken."""
    [line] = mistakes(with_lines(("chart:", f"  username: robot\n  password: {_SECRET}\nchart:")))
    assert line == (
        "trunkline.yaml:6:13: image.password: expected a variable alone such as ${QUAY_PASSWORD}: "
        "a password never stands in a file; move it to the environment"
    )


def test_a_key_of_datadog_in_the_file_is_not_repeated() -> None:
    """An API key that is written down is refused without its value."""
    text = with_lines(
        ("chart:", f"measure: {{api_key: {_SECRET}, sinks: {{datadog: {{api_key: {_SECRET}}}}}}}\nchart:")
    )
    error = refusal(text)
    assert len(error.mistakes) == 2
    assert _SECRET not in _texts(error)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=20))
def test_malformed_overrides_are_not_repeated(value: str) -> None:
    """Whatever a variable of Datadog's holds, its mistake does not."""
    value = f"§{value}§"
    names = ("DD_API_KEY", "DD_SITE", "DD_URL", "DD_ENABLED", "TRUNKLINE_METRIC_PREFIX")
    error = refusal(with_lines(), dict.fromkeys(names, value))
    assert len(error.mistakes) == len(names)
    assert value not in _texts(error)
