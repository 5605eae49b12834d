"""The shape of a rehearsal's scenario in a `trunkline.yaml`, as `schema` has that of all else."""

from __future__ import annotations

from typing import Any

from trunkline.config import kinds, rules
from trunkline.config.sections import DEFAULTS, ListOf, Section, key
from trunkline.domain.rehearsals.scenarios import FAILURES, Ending, What
from trunkline.domain.rollouts import Cause

SCENARIO_NAME = kinds.text(rules.ENVIRONMENT)
FAILURE = kinds.choice(*(what.value for what in What))
OPTIONAL_ENVIRONMENT = kinds.optional(kinds.text(rules.ENVIRONMENT))
OPTIONAL_NAME = kinds.optional(kinds.text(rules.RELEASE))
LINE = kinds.text(rules.LINE)
OPTIONAL_LINE = kinds.optional(kinds.text(rules.LINE))
ENDING_WORD = kinds.choice(*(ending.value for ending in Ending))
CAUSE_CODE = kinds.choice(*(cause.value for cause in Cause))
DURATION = kinds.text(rules.DURATION, number="; give it a unit")
OPTIONAL_DURATION = kinds.optional(kinds.text(rules.DURATION, number="; give it a unit"))
ROLLOUT = kinds.count(1)
COUNT = kinds.count(0)
FLAG = kinds.FLAG


class ExpectedEnd(Section):
    """How the train is expected to end."""

    ending: str = key(
        ENDING_WORD,
        "stopped",
        description="Whether it is to be stopped there, or to come through.",
        examples=["delivered"],
    )
    causes: list[str] = key(
        ListOf(CAUSE_CODE),
        [],
        description="The causes, one of which has to be named; any, when left out.",
        examples=[["crash-loop"]],
    )
    undone: bool = key(
        FLAG, default=True, description="Whether what was begun has to be taken back.", examples=[True]
    )
    within: str = key(
        DURATION,
        "0s",
        description="How long the struck deployment may take, in the rehearsal's time; 0s for any time.",
        examples=["1m"],
    )


def _knows(parameter: str) -> str:
    """Which failures a parameter is for, in words."""
    return ", ".join(what.value for what, known in FAILURES.items() if parameter in known)


class ScenarioSection(Section):
    """A failure, the place where it strikes, and what is expected then."""

    name: str = key(SCENARIO_NAME, description="What `--fail` calls it.", examples=["database-away"])
    what: str = key(FAILURE, description="The failure.", examples=["crash-loop"])
    story: str = key(
        OPTIONAL_LINE, "", description="What happened, for people.", examples=["The database is away."]
    )
    environment: str = key(
        OPTIONAL_ENVIRONMENT,
        "",
        description="Where it strikes; the last but one, when left out.",
        examples=["qa"],
    )
    workload: str = key(
        OPTIONAL_NAME,
        "",
        description="The workload that is struck; all of them, when left out.",
        examples=["sample"],
    )
    container: str = key(
        OPTIONAL_NAME,
        "",
        description="The container that is struck; the first one, when left out.",
        examples=["web"],
    )
    rollout: int = key(
        ROLLOUT,
        2,
        description="Which deployment to that environment is struck; the ones before are healthy.",
        examples=[1],
    )
    after: str = key(
        OPTIONAL_DURATION, "", description=f"When it happens: for {_knows('after')}.", examples=["3s"]
    )
    for_: str = key(
        OPTIONAL_DURATION,
        "",
        name="for",
        description=f"How long it lasts: for {_knows('for')}.",
        examples=["20s"],
    )
    delay: str = key(
        OPTIONAL_DURATION,
        "",
        description=f"How long each answer takes: for {_knows('delay')}.",
        examples=["500ms"],
    )
    exit_code: int | None = key(
        kinds.nullable(COUNT),
        None,
        description=f"How the container ends: for {_knows('exit_code')}.",
        examples=[3],
    )
    code: int | None = key(
        kinds.nullable(COUNT), None, description=f"The HTTP status: for {_knows('code')}.", examples=[429]
    )
    logs: list[str] = key(
        ListOf(LINE),
        [],
        description=f"The container's last log lines: for {_knows('logs')}.",
        examples=[["no database"]],
    )
    message: str = key(
        OPTIONAL_LINE, "", description=f"What is said: for {_knows('message')}.", examples=["unsigned"]
    )
    missing: str = key(
        OPTIONAL_NAME,
        "",
        description="The ConfigMap that is not there: for configuration-missing.",
        examples=["settings"],
    )
    expect: ExpectedEnd = key(
        ExpectedEnd,
        DEFAULTS,
        description="How the train is expected to end; stopped and undone, when left out.",
        examples=[{"ending": "stopped", "causes": ["crash-loop"], "within": "1m"}],
    )


class RehearseSection(Section):
    """Failures of one's own for `trunkline rehearse`, beside those that come with it."""

    scenarios: list[ScenarioSection] = key(
        ListOf(ScenarioSection),
        [],
        description="The scenarios; `trunkline rehearse --list` shows them with those that come along.",
        examples=[[{"name": "database-away", "what": "crash-loop", "environment": "qa"}]],
    )


PARAMETERS = ("after", "for", "delay", "exit_code", "code", "logs", "message", "missing")
"""The keys that only some failures know."""


def given(section: ScenarioSection) -> dict[str, Any]:
    """The parameters that a scenario sets, as they were written."""
    values = {name: getattr(section, section.keys[name][0]) for name in PARAMETERS}
    return {name: value for name, value in values.items() if value not in (None, "", [])}
