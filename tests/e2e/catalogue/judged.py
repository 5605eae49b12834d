"""Holds what became of a case to what the case says of it."""

from __future__ import annotations

import re

from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.runner import Result
from trunkline.errors import ExitCode


def judge(case: Case, result: Result) -> None:
    """Judge a case, whichever cluster it was played on.

    Raises:
        AssertionError: it did not end as the case says.
    """
    if case.cause is None:
        _came_through(result)
    else:
        _was_stopped(case, result)


def _was_stopped(case: Case, result: Result) -> None:
    assert result.code == ExitCode.DEPLOYMENT_FAILED, result.text
    assert case.cause is not None
    assert (result.outcome, result.cause) == ("failed", case.cause.value), result.text
    _holds(case.says, result.sentence, result)
    _holds(case.evidence, "\n".join((result.sentence, *result.evidence)), result)
    assert result.advice, result.text
    _holds((case.advice,), result.advice, result)
    # Only a deadline can end what is never certain; everything else ends before.
    assert (result.took_s >= case.timeout_s) == case.patient, f"{result.took_s} s: {result.text}"
    _undone(case, result)


def _came_through(result: Result) -> None:
    assert result.code == ExitCode.DONE, result.text
    assert (result.outcome, result.cause, result.undone) == ("succeeded", "", "")
    assert result.history[-1]["status"] == "deployed"


def _holds(words: tuple[str, ...], text: str, result: Result) -> None:
    for word in words:
        assert re.search(word.replace("@NAMESPACE@", result.namespace), text), f"{word!r}: {result.text}"


def _undone(case: Case, result: Result) -> None:
    if case.before:
        assert result.undone == "returned to revision 1", result.text
        assert result.history[-1]["status"] == "deployed"
        assert result.unready == []
    else:
        assert result.history == []
        assert result.left == []
