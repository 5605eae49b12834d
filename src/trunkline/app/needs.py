"""What an environment asks of those before it: that they ran the commit, and with what.

Who follows takes the very same chart and the very same shared values layers, whatever became of them in their
repositories since: what was tried is what is deployed.
"""

from __future__ import annotations

from trunkline.config.project import Environment
from trunkline.domain.ingredients import Ingredients, parse_ingredients
from trunkline.errors import Unreachable, UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.plan.releases import Facts, Precedent
from trunkline.ports import World


def facts_of(world: World, environment: Environment) -> Facts:
    """What stands in an environment now.

    Raises:
        Unreachable: its cluster does not answer.
    """
    target = environment.target
    good = world.cluster(target.cluster).good_revisions(target)
    return Facts(world.helm(target.cluster).history(target), frozenset(good), good)


def check_needs(world: World, environment: Environment, sha: str) -> Precedent | None:
    """Verify that the environments before this one ran the commit; what the last of them ran, if that is known.

    Raises:
        UsageError: one of them did not. Unreachable: its cluster does not answer.
    """
    found: Precedent | None = None
    for need in environment.needs:
        other = find_environment(world.project, need)
        known, ingredients = _has_run(world, other, sha)
        if not known:
            raise UsageError(
                f"{environment.name} needs {need} to have run commit {sha[:7]} first, and it has not.",
                f"Deploy it there first: trunkline release {need}",
            )
        if ingredients is not None:
            found = Precedent(need, sha, ingredients)
    return found


def precedent_of(world: World, environment: Environment, sha: str) -> Precedent | None:
    """What a release of the commit would take over now, as far as that can be told: it is only to be looked at."""
    try:
        return check_needs(world, environment, sha)
    except (UsageError, Unreachable):
        return None


def _has_run(world: World, environment: Environment, sha: str) -> tuple[bool, Ingredients | None]:
    """Whether the commit stood in the environment: the cluster's word, or the ledger's where Helm has forgotten."""
    facts = facts_of(world, environment)
    for revision in reversed(facts.history.revisions):
        marks = facts.history.marks(revision)
        if marks is not None and marks.commit == sha and revision.number in facts.verified:
            return True, facts.ingredients(revision)
    known = world.ledger.deployments(service=world.project.service, environment=environment.name)
    deployment = next((item for item in known if item.commit == sha), None)
    if deployment is None:
        return False, None
    return True, parse_ingredients(deployment.ingredients)
