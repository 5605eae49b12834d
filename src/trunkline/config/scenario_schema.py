"""The shape of a rehearsal's scenario in a `trunkline.yaml`, as `schema` has that of all else.

Importing this module imports pydantic: only what loads a file may do so.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from trunkline.config import kinds, rules
from trunkline.config.kinds import Section
from trunkline.domain.rehearsals.scenarios import FAILURES, Ending, What
from trunkline.domain.rollouts import Cause

ScenarioName = Annotated[str, kinds.text(rules.ENVIRONMENT)]
Failure = Annotated[str, kinds.choice(*(what.value for what in What))]
OptionalEnvironment = Annotated[str, kinds.optional(kinds.text(rules.ENVIRONMENT))]
OptionalName = Annotated[str, kinds.optional(kinds.text(rules.RELEASE))]
Line = Annotated[str, kinds.text(rules.LINE)]
OptionalLine = Annotated[str, kinds.optional(kinds.text(rules.LINE))]
EndingWord = Annotated[str, kinds.choice(*(ending.value for ending in Ending))]
CauseCode = Annotated[str, kinds.choice(*(cause.value for cause in Cause))]
Duration = Annotated[str, kinds.text(rules.DURATION, number="; give it a unit")]
OptionalDuration = Annotated[str, kinds.optional(kinds.text(rules.DURATION, number="; give it a unit"))]
Rollout = Annotated[int, kinds.count(1)]
Count = Annotated[int, kinds.count(0)]
Flag = Annotated[bool, kinds.FLAG]


class ExpectedEnd(Section):
    """How the train is expected to end."""

    ending: EndingWord = Field(
        "stopped",
        description="Whether it is to be stopped there, or to come through.",
        examples=["delivered"],
    )
    causes: list[CauseCode] = Field(
        [],
        description="The causes, one of which has to be named; any, when left out.",
        examples=[["crash-loop"]],
    )
    undone: Flag = Field(
        default=True, description="Whether what was begun has to be taken back.", examples=[True]
    )
    within: Duration = Field(
        "0s",
        description="How long the struck deployment may take, in the rehearsal's time; 0s for any time.",
        examples=["1m"],
    )


def _knows(parameter: str) -> str:
    """Which failures a parameter is for, in words."""
    return ", ".join(what.value for what, known in FAILURES.items() if parameter in known)


class ScenarioSection(Section):
    """A failure, the place where it strikes, and what is expected then."""

    name: ScenarioName = Field(description="What `--fail` calls it.", examples=["database-away"])
    what: Failure = Field(description="The failure.", examples=["crash-loop"])
    story: OptionalLine = Field(
        "", description="What happened, for people.", examples=["The database is away."]
    )
    environment: OptionalEnvironment = Field(
        "", description="Where it strikes; the last but one, when left out.", examples=["qa"]
    )
    workload: OptionalName = Field(
        "", description="The workload that is struck; all of them, when left out.", examples=["sample"]
    )
    container: OptionalName = Field(
        "", description="The container that is struck; the first one, when left out.", examples=["web"]
    )
    rollout: Rollout = Field(
        2,
        description="Which deployment to that environment is struck; the ones before are healthy.",
        examples=[1],
    )
    after: OptionalDuration = Field(
        "", description=f"When it happens: for {_knows('after')}.", examples=["3s"]
    )
    for_: OptionalDuration = Field(
        "", alias="for", description=f"How long it lasts: for {_knows('for')}.", examples=["20s"]
    )
    delay: OptionalDuration = Field(
        "", description=f"How long each answer takes: for {_knows('delay')}.", examples=["500ms"]
    )
    exit_code: Count | None = Field(
        None, description=f"How the container ends: for {_knows('exit_code')}.", examples=[3]
    )
    code: Count | None = Field(None, description=f"The HTTP status: for {_knows('code')}.", examples=[429])
    logs: list[Line] = Field(
        [], description=f"The container's last log lines: for {_knows('logs')}.", examples=[["no database"]]
    )
    message: OptionalLine = Field(
        "", description=f"What is said: for {_knows('message')}.", examples=["unsigned"]
    )
    missing: OptionalName = Field(
        "", description="The ConfigMap that is not there: for configuration-missing.", examples=["settings"]
    )
    expect: ExpectedEnd = Field(
        default_factory=ExpectedEnd,
        description="How the train is expected to end; stopped and undone, when left out.",
        examples=[{"ending": "stopped", "causes": ["crash-loop"], "within": "1m"}],
    )


class RehearseSection(Section):
    """Failures of one's own for `trunkline rehearse`, beside those that come with it."""

    scenarios: list[ScenarioSection] = Field(
        [],
        description="The scenarios; `trunkline rehearse --list` shows them with those that come along.",
        examples=[[{"name": "database-away", "what": "crash-loop", "environment": "qa"}]],
    )


PARAMETERS = ("after", "for", "delay", "exit_code", "code", "logs", "message", "missing")
"""The keys that only some failures know."""


def given(section: ScenarioSection) -> dict[str, Any]:
    """The parameters that a scenario sets, as they were written."""
    values = section.model_dump(by_alias=True)
    return {name: values[name] for name in PARAMETERS if values[name] not in (None, "", [])}
