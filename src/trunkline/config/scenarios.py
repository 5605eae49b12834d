"""Scenarios by name: those of the project and those that come along, changed by what `--fail` says.

`crash-loop` is one of them as it is; `crash-loop:environment=prod,after=5s` the same with other words in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from trunkline.domain.durations import parse_duration
from trunkline.domain.rehearsals import FAILURES, SHIPPED, Scenario
from trunkline.errors import UsageError

_PLACES = ("environment", "workload", "container")


def known_scenarios(own: Iterable[Scenario]) -> dict[str, Scenario]:
    """All scenarios by name; the project's own take the place of shipped ones of the same name."""
    return {**SHIPPED, **{scenario.name: scenario for scenario in own}}


def chosen_scenario(text: str, known: Mapping[str, Scenario]) -> Scenario:
    """The scenario that `--fail` names.

    Raises:
        UsageError: there is none of that name, or it does not know what is said of it.
    """
    name, _, settings = text.partition(":")
    if name not in known:
        raise UsageError(
            f"There is no scenario {name!r}.", "`trunkline rehearse --list` shows those that there are."
        )
    found = known[name]
    for setting in filter(None, settings.split(",")):
        key, equals, value = setting.partition("=")
        if not equals:
            raise UsageError(f"In --fail {text!r}, {setting!r} is no setting.", "Write it as key=value.")
        found = _set(found, key.strip(), value.strip(), text)
    return found


def _set(scenario: Scenario, key: str, value: str, text: str) -> Scenario:
    try:
        if key == "environment":
            return replace(scenario, environment=value)
        if key == "workload":
            return replace(scenario, workload=value)
        if key == "container":
            return replace(scenario, container=value)
        if key == "rollout":
            return replace(scenario, rollout=max(1, int(value)))
        parameter = FAILURES[scenario.what].get(key)
        if parameter is not None:
            return replace(scenario, parameters={**scenario.parameters, key: _READ[parameter.kind](value)})
    except ValueError as error:
        raise UsageError(f"In --fail {text!r}, {value!r} cannot be the {key}: {error}.") from error
    known = ", ".join((*_PLACES, "rollout", *FAILURES[scenario.what]))
    raise UsageError(f"{scenario.what} does not know {key!r}.", f"It knows: {known}.")


_READ: Mapping[str, Callable[[str], Any]] = {
    "duration": parse_duration,
    "count": int,
    "text": str,
    "lines": lambda value: tuple(value.split("|")),
}
