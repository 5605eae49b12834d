"""What a deployment brings: looked up while the commits are at hand, as later nobody may know."""

from __future__ import annotations

from trunkline.config.project import Environment
from trunkline.domain.delivery.changes import Changes
from trunkline.errors import TrunklineError
from trunkline.plan.releases import Facts
from trunkline.ports import World


def base_of(world: World, environment: Environment, facts: Facts) -> str:
    """The commit that stood in an environment before; empty where nothing of ours did.

    The cluster knows it for every machine that deploys there; where Helm has forgotten, the ledger may know.
    """
    good = facts.history.last_good(facts.verified)
    marks = facts.history.marks(good) if good else None
    if marks is not None and marks.commit:
        return marks.commit
    known = world.ledger.deployments(service=world.project.service, environment=environment.name, limit=1)
    return known[0].commit if known else ""


def brought(world: World, base: str, commit: str) -> Changes:
    """The commits between what stood and what stands now."""
    if not base or base == commit:
        return Changes(base)
    try:
        return Changes(base, world.source.shipped(base, commit))
    except TrunklineError:
        # A deployment that is done does not fail for what is only counted.
        return Changes(base, None)
