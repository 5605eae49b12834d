"""The catalogue of rollouts on the real cluster: each through the installed `trunkline release`, end to end.

The cases are data in `*_cases.py`; `runner` plays them, a few at a time; here they are judged. A table of all that was
seen is printed at the end of the run.
"""

from __future__ import annotations

import pytest

from tests.e2e.catalogue.all_cases import BENIGN, FAILING
from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.judged import judge
from tests.e2e.catalogue.runner import Catalogue

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("case", FAILING, ids=lambda case: case.name)
def test_a_failure_is_named_shown_and_undone(case: Case, catalogue: Catalogue) -> None:
    """A failing release ends with 1, its cause, its evidence and its advice, and what was there before is back."""
    judge(case, catalogue.result(case.name))


@pytest.mark.parametrize("case", BENIGN, ids=lambda case: case.name)
def test_trouble_that_mends_itself_fails_nothing(case: Case, catalogue: Catalogue) -> None:
    """A release that is good in the end ends with 0 and is never undone, whatever it looked like on the way."""
    judge(case, catalogue.result(case.name))
