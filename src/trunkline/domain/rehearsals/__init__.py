"""Failures that a team wants to have seen before they happen: scenarios are data, and say what is expected of each."""

from typing import TYPE_CHECKING

from trunkline.lazily import importing

if TYPE_CHECKING:
    from trunkline.domain.rehearsals.catalogue import SHIPPED
    from trunkline.domain.rehearsals.report import Moment, Performance, broken_expectations
    from trunkline.domain.rehearsals.scenarios import FAILURES, Ending, Expectation, Parameter, Scenario, What

__all__ = [
    "FAILURES",
    "SHIPPED",
    "Ending",
    "Expectation",
    "Moment",
    "Parameter",
    "Performance",
    "Scenario",
    "What",
    "broken_expectations",
]

__getattr__ = importing(
    __name__,
    {
        "Ending": "scenarios",
        "Expectation": "scenarios",
        "FAILURES": "scenarios",
        "Moment": "report",
        "Parameter": "scenarios",
        "Performance": "report",
        "SHIPPED": "catalogue",
        "Scenario": "scenarios",
        "What": "scenarios",
        "broken_expectations": "report",
    },
)
