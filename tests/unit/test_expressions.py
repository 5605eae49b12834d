"""Regular expressions that wait to be compiled."""

from __future__ import annotations

import gc
import re
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

import pytest

import trunkline
from trunkline import expressions
from trunkline.expressions import expression

KIND: Any = expressions.Expression  # type: ignore[attr-defined]  # type checkers see `re.compile`


def test_an_expression_is_what_re_compiles() -> None:
    """Its methods, its groups and its flags."""
    for made in (re.compile(r"(?P<name>a+)b", re.IGNORECASE), expression(r"(?P<name>a+)b", re.IGNORECASE)):
        found = made.search("xAAB")
        assert found is not None
        assert found["name"] == "AA"
        assert made.sub("-", "ab aab") == "- -"
        assert made.groupindex["name"] == 1
        assert made.flags & re.IGNORECASE
        assert [match.end() for match in made.finditer("abab")] == [2, 4]


def test_nothing_is_compiled_before_it_is_used() -> None:
    """A mistake shows at the first use alone."""
    made = expression("(never ended")
    with pytest.raises(re.error):
        made.search("")


def test_all_of_ours_can_be_compiled() -> None:
    """What no command used yet could otherwise be wrong unseen."""
    for module in walk_packages(trunkline.__path__, "trunkline."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    ours: list[Any] = [made for made in gc.get_objects() if type(made) is KIND]
    assert len(ours) > 100
    assert all(
        isinstance(made.pattern, (str, bytes)) for made in ours if "(never ended" not in made._arguments
    )
