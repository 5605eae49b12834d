"""Which stage a CI job is, told by its name, or by somebody who knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from trunkline.domain.attempts import Stage
from trunkline.expressions import expression

_WORDS = expression(r"[a-z0-9]+")
_STAGES = {
    Stage.DEPLOY: {"deploy", "deployment", "release", "promote", "rollout", "helm", "upgrade"},
    Stage.GATE: {"scan", "gate", "security", "vulnerabilities"},
    Stage.BUILD: {"build", "image", "push", "docker", "package"},
    Stage.TEST: {"test", "tests", "unit", "integration", "e2e", "lint", "check", "checks"},
}
_ALSO = {
    "dev": {"development"},
    "development": {"dev"},
    "qa": {"test", "testing"},
    "stage": {"staging", "stg"},
    "staging": {"stage", "stg"},
    "prod": {"production", "prd", "live"},
    "production": {"prod", "prd", "live"},
}


class JobStage(NamedTuple):
    """A stage, with its environment where it has one."""

    stage: Stage
    environment: str = ""


def stage_of(
    name: str, environments: Iterable[str], named: Mapping[str, JobStage], *, approval: bool
) -> JobStage | None:
    """The stage of a job; None where its name says nothing.

    Args:
        name: the job's.
        environments: those of the project, in order.
        named: what somebody said of jobs by name; it counts more than words.
        approval: whether somebody gives it, and nothing runs.
    """
    if name in named:
        return named[name]
    words = set(_WORDS.findall(name.lower()))
    place = _place(words, tuple(environments))
    if approval:
        return JobStage(Stage.APPROVAL, place) if place else None
    for stage, known in _STAGES.items():
        if words & known:
            if stage is not Stage.DEPLOY:
                return JobStage(stage)
            return JobStage(stage, place) if place else None
    return None


def _place(words: set[str], environments: tuple[str, ...]) -> str:
    """The environment that is named; its own name counts more than what others call it."""
    for environment in environments:
        if set(_WORDS.findall(environment.lower())) <= words:
            return environment
    return next((item for item in environments if words & _ALSO.get(item.lower(), set())), "")
