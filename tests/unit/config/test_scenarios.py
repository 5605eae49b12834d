"""Scenarios in `trunkline.yaml`, and those that `--fail` names."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.config.load import read_project
from trunkline.config.scenarios import chosen_scenario, known_scenarios
from trunkline.domain.rehearsals import SHIPPED, Ending, Scenario, What
from trunkline.errors import ConfigurationError, UsageError

HEAD = """\
version: 1
service: sample
image: {repository: quay.io/acme/sample}
chart: {path: chart}
environments:
  dev: {namespace: dev}
  qa: {namespace: qa}
rehearse:
  scenarios:
"""


def scenarios(text: str) -> tuple[Scenario, ...]:
    return read_project(f"{HEAD}{text}".encode(), "trunkline.yaml", Path("/p"), {}).scenarios


def mistakes(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        scenarios(text)
    return " ".join(map(str, caught.value.mistakes))


def test_a_scenario_of_ones_own() -> None:
    """All of it is read, durations in seconds, and what is left out has its default."""
    (found,) = scenarios(
        "    - {name: database-away, what: crash-loop, environment: qa, container: web, after: 3s, exit_code: 7,\n"
        "       logs: [no database], expect: {causes: [crash-loop], within: 1m}}\n"
    )
    assert (found.what, found.environment, found.container, found.rollout) == (
        What.CRASH_LOOP,
        "qa",
        "web",
        2,
    )
    assert dict(found.parameters) == {"after": 3.0, "exit_code": 7, "logs": ["no database"]}
    assert (found.expect.ending, found.expect.within_s, found.expect.undone) == (Ending.STOPPED, 60.0, True)


def test_all_mistakes_are_told() -> None:
    """An unknown failure, an unknown environment, a setting of another failure and a double name, all at once."""
    told = mistakes(
        "    - {name: one, what: crash-loop, environment: mars}\n"
        "    - {name: one, what: image-missing, after: 3s}\n"
        "    - {name: two, what: meteor}\n"
    )
    for words in ("mars", "two scenarios named one", "image-missing does not know 'after'", "meteor"):
        assert words in told, told


def test_ones_own_come_first() -> None:
    """A project's scenario takes the place of a shipped one of its name."""
    own = Scenario("crash-loop", What.NEVER_READY)
    assert known_scenarios([own])["crash-loop"] is own
    assert set(known_scenarios([])) == set(SHIPPED)


def test_what_fail_may_say() -> None:
    """The place, the rollout and the failure's own settings."""
    found = chosen_scenario("crash-loop:environment=prod,rollout=1,after=1m,logs=one|two", SHIPPED)
    assert (found.environment, found.rollout) == ("prod", 1)
    assert dict(found.parameters) == {"after": 60.0, "logs": ("one", "two")}


@given(st.text(max_size=40))
def test_any_text_is_a_scenario_or_a_mistake(text: str) -> None:
    """Nothing that --fail is given makes a fault."""
    with contextlib.suppress(UsageError):
        assert chosen_scenario(text, SHIPPED).name in SHIPPED
