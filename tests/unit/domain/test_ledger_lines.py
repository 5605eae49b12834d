"""A ledger as lines: complete and in order, or refused."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.records import a_deployment, a_gate, a_mark, a_run, an_approval, an_attempt, an_ending, at
from trunkline.domain.attempts import StepBegun
from trunkline.domain.ledger_lines import KINDS, LedgerRecord, read_lines, write_lines

RECORDS: list[LedgerRecord] = [
    a_run(),
    an_attempt(),
    StepBegun("attempt-1", "Apply", at(1)),
    an_ending(),
    an_approval(),
    a_deployment(),
    a_gate(),
    a_mark(),
]
LINES = list(write_lines(RECORDS))


def test_there_and_back() -> None:
    """Every kind of record comes back from its line as it was."""
    assert {type(record) for record in RECORDS} == set(KINDS.values())
    assert list(read_lines(LINES)) == RECORDS
    assert list(read_lines(write_lines([]))) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1 is no JSON"),
        (["{}"], "line 1 is not the first one of a ledger"),
        (['{"trunkline-ledger": 2}'], "line 1 is not the first one of a ledger that this version reads"),
        (LINES[:-1], "it is cut off after line 9: the last line, which counts the records, is missing"),
        ([*LINES[:3], LINES[-1]], "it has 2 records, and its last line counts 8"),
        ([*LINES, "{}"], "line 11 stands behind the last one"),
        ([LINES[0], "[]", LINES[-1]], "line 2 is no JSON object"),
        ([LINES[0], '{"kind": "magic", "record": {}}'], "line 2 is of no kind that this version knows"),
        ([LINES[0], '{"kind": "run", "record": {}}'], "line 2: Run lacks id, service"),
    ],
)
def test_what_is_no_whole_ledger(lines: list[str], message: str) -> None:
    """What is missing, too much or of no known kind is told with its line."""
    with pytest.raises(ValueError, match=message):
        list(read_lines(lines))


@given(st.lists(st.text() | st.sampled_from(LINES)))
def test_any_lines(lines: list[str]) -> None:
    """Whatever lines come, they are a ledger or a ValueError, and no more records come than lines."""
    with contextlib.suppress(ValueError):
        assert len(list(read_lines(lines))) == len(lines) - 2


def test_lines_are_lines() -> None:
    """A record's line feeds do not break its line."""
    [_, line, _] = write_lines([a_run(service="a\nb")])
    assert "\n" not in line
    assert json.loads(line)["record"]["service"] == "a\nb"
