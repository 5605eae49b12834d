"""A run's stages in order, and which commits may go where."""

from __future__ import annotations

from trunkline.config.project import Environment, Project
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Stage
from trunkline.domain.commits import Commit
from trunkline.errors import UsageError


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One stage of a run; `environment` is empty for test, build and gate."""

    stage: Stage
    environment: str = ""

    def __str__(self) -> str:
        return f"{self.stage} {self.environment}".strip()


def plan_pipeline(project: Project, until: str = "") -> tuple[PlannedStage, ...]:
    """The stages up to and including environment `until` (all environments when it is empty).

    Raises:
        UsageError: there is no such environment.
    """
    stages = [PlannedStage(Stage.TEST)] if project.test else []
    stages.append(PlannedStage(Stage.BUILD))
    if project.gate is not None:
        stages.append(PlannedStage(Stage.GATE))
    for environment in _in_order(project, until):
        if environment.approval:
            stages.append(PlannedStage(Stage.APPROVAL, environment.name))
        stages.append(PlannedStage(Stage.DEPLOY, environment.name))
    return tuple(stages)


def find_environment(project: Project, name: str) -> Environment:
    """The environment of that name.

    Raises:
        UsageError: there is none; the message lists those that are.
    """
    found = project.environment(name)
    if found is None:
        known = ", ".join(item.name for item in project.environments) or "none"
        raise UsageError(f"There is no environment {name!r} in {project.source}.", f"It knows: {known}.")
    return found


def check_discipline(commit: Commit, environment: Environment, trunk: str) -> None:
    """Refuse what trunk discipline keeps out of an environment.

    Raises:
        UsageError: the work tree is dirty, or the commit is not on trunk, and the environment does not allow it.
    """
    allows = f"or let `{environment.name}` allow it in trunkline.yaml (`allow: [dirty, off_trunk]`)."
    if commit.dirty and "dirty" not in environment.allow:
        raise UsageError(
            f"The work tree has changes that commit {commit.short} does not hold, and {environment.name} takes commits only.",
            f"Commit them, {allows}",
        )
    if not commit.on_trunk and "off_trunk" not in environment.allow:
        place = f"branch {commit.branch!r}" if commit.branch else "no branch"
        unknown = " (there is no such branch here)" if commit.on_trunk is None else ""
        raise UsageError(
            f"Commit {commit.short} ({place}) is not on trunk {trunk!r}{unknown}, and {environment.name} takes trunk only.",
            f"Merge it to {trunk} first, {allows}",
        )


def _in_order(project: Project, until: str) -> tuple[Environment, ...]:
    """The environments with their needs before them; all that `until` needs, or simply all."""
    placed: dict[str, Environment] = {}

    def place(environment: Environment) -> None:
        for need in environment.needs:
            place(find_environment(project, need))
        placed.setdefault(environment.name, environment)

    wanted = (find_environment(project, until),) if until else project.environments
    for environment in wanted:
        place(environment)
    return tuple(placed.values())
