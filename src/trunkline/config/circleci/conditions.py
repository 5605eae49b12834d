"""Conditions: expressions, and the older form of mappings with `and`, `or`, `not`, `equal` and `matches`."""

from __future__ import annotations

from trunkline.config.circleci.expressions import Unreadable, check_expression
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import entries, is_templated, items, text
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Mapping, Node, Scalar

_WORDS = ("and", "or", "not", "equal", "matches")


def check_logic(survey: Survey, node: Node | None) -> None:
    """See that a condition can be read, in either form."""
    match node:
        case Mapping():
            _check_mapping(survey, node)
        case Scalar(value=str()) if not is_templated(node):
            check_text(survey, node)
        case _:
            return


def check_text(survey: Survey, node: Scalar) -> None:
    """See that an expression can be read."""
    try:
        check_expression(text(node))
    except Unreadable as error:
        survey.add("expression", node.spot, f"{quoted(text(node))} cannot be read: {error.what}", error.mend)


def _check_mapping(survey: Survey, node: Mapping) -> None:
    for name, entry in entries(node).items():
        if name not in _WORDS:
            survey.add(
                "expression",
                entry.spot,
                f"a condition has no {quoted(name)}{suggestion(name, _WORDS)}",
                f"Write one of {', '.join(_WORDS)}.",
            )
        elif name in ("and", "or"):
            for item in items(entry.value):
                check_logic(survey, item)
        elif name == "not":
            check_logic(survey, entry.value)
        elif name == "matches":
            survey.keys(entry.value, ("pattern", "value"), "'matches'")
            survey.needs(entry.value, ("pattern", "value"), "'matches'")
