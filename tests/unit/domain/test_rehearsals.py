"""Scenarios as data, and what may be expected of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.domain.rehearsals import (
    FAILURES,
    SHIPPED,
    Ending,
    Expectation,
    Performance,
    Scenario,
    What,
    broken_expectations,
)

CRASH = Scenario("crash", What.CRASH_LOOP, expect=Expectation(causes=("crash-loop",), within_s=60))
STOPPED = Performance(
    CRASH, "qa", Ending.STOPPED, "qa", "crash-loop", "It crashed.", "returned to revision 1", took_s=5
)


def test_every_failure_has_a_scenario() -> None:
    """What the simulated cluster can play comes along as a scenario, with a story for people."""
    assert {scenario.what for scenario in SHIPPED.values()} == set(What) == set(FAILURES)
    assert all(scenario.story.endswith(".") for scenario in SHIPPED.values())


def test_what_is_left_out_has_its_default() -> None:
    """A scenario says what it wants to say, and the rest is the failure's own."""
    assert CRASH.value("exit_code") == 1
    assert replace(CRASH, parameters={"exit_code": 7}).value("exit_code") == 7


@pytest.mark.parametrize(
    ("seen", "words"),
    [
        pytest.param(STOPPED, "", id="as expected"),
        pytest.param(replace(STOPPED, ending=Ending.DELIVERED, stopped_at=""), "was to be stopped at qa, and came through", id="not noticed"),
        pytest.param(replace(STOPPED, stopped_at="dev"), "was to be stopped at qa, and was at dev", id="elsewhere"),
        pytest.param(replace(STOPPED, cause="timed-out"), "cause was to be crash-loop, and timed-out was named", id="other cause"),
        pytest.param(replace(STOPPED, cause=""), "and none was named", id="no cause"),
        pytest.param(replace(STOPPED, undone=""), "was to be taken back, and was not", id="not undone"),
        pytest.param(replace(STOPPED, touched=("prod",)), "was changed: prod", id="production touched"),
        pytest.param(replace(STOPPED, took_s=90), "It took 90 s; 60 s are allowed", id="too late"),
        pytest.param(replace(STOPPED, left_over=("In qa a hook is at work.",)), "In qa a hook is at work.", id="something is left"),
        pytest.param(
            replace(STOPPED, scenario=replace(CRASH, expect=Expectation(Ending.DELIVERED))),
            "was to come through, and was stopped at qa: It crashed.",
            id="stopped",
        ),
    ],
)  # fmt: skip
def test_expectations(seen: Performance, words: str) -> None:
    """Each expectation that does not hold is one sentence."""
    told = list(broken_expectations(seen))
    assert len(told) == (1 if words else 0)
    assert words in "".join(told)
