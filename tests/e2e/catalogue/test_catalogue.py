"""The catalogue of rollouts on the real cluster: each through the installed `trunkline release`, end to end.

The cases are data in `*_cases.py`; `runner` plays them, a few at a time; here they are judged. A table of all that was
seen is printed at the end of the run.
"""

from __future__ import annotations

import re

import pytest

from tests.e2e.catalogue.all_cases import BENIGN, FAILING
from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.runner import Catalogue, Result
from trunkline.errors import ExitCode

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_a_failure_is_named_shown_and_undone(case: Case, catalogue: Catalogue) -> None:
    """A failing release ends with 1, its cause, its evidence and its advice, and what was there before is back."""
    result = catalogue.result(case.name)
    assert result.code == ExitCode.DEPLOYMENT_FAILED, result.text
    assert case.cause is not None
    assert (result.outcome, result.cause) == ("failed", case.cause.value), result.text
    _holds(case.says, result.sentence, case, result)
    _holds(case.evidence, "\n".join((result.sentence, *result.evidence)), case, result)
    assert result.advice, result.text
    _holds((case.advice,), result.advice, case, result)
    # Only a deadline can end what is never certain; everything else ends before.
    assert (result.took_s >= case.timeout_s) == case.patient, f"{result.took_s} s: {result.text}"
    _undone(case, result)


@pytest.mark.parametrize("case", BENIGN, ids=lambda case: case.name)
def test_trouble_that_mends_itself_fails_nothing(case: Case, catalogue: Catalogue) -> None:
    """A release that is good in the end ends with 0 and is never undone, whatever it looked like on the way."""
    result = catalogue.result(case.name)
    assert result.code == ExitCode.DONE, result.text
    assert (result.outcome, result.cause, result.undone) == ("succeeded", "", "")
    assert result.history[-1]["status"] == "deployed"


def _holds(words: tuple[str, ...], text: str, case: Case, result: Result) -> None:
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
