"""What a release and a return share: where deeds are done, who holds the lock, and what is recorded as standing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from trunkline.app.changes import brought
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Deployment, Run
from trunkline.plan.steps import Plan
from trunkline.ports import LeaseHolder, World
from trunkline.run.attempts import Account
from trunkline.run.site import Site


@dataclass(frozen=True, slots=True)
class Released:
    """What stands in the environment now."""

    environment: str
    plan: Plan
    revision: int
    run: Run


def record_standing(
    world: World,
    account: Account,
    environment: Environment,
    done: Plan,
    run: Run,
    revision: int,
    base: str,
) -> Released:
    """What stands in the environment now; it is recorded with the attempt's ending, unless it is already."""
    begun = account.attempt
    account.digest, account.revision = done.digest, revision
    if not _recorded(world, environment, done, revision):
        account.deployment = Deployment(
            id=begun.id,
            attempt_id=begun.id,
            run_id=run.id,
            service=begun.service,
            environment=environment.name,
            commit=done.commit or begun.commit,
            image=done.image,
            digest=done.digest,
            release=str(environment.target),
            revision=revision,
            kind=begun.kind,
            actor=begun.actor,
            deployed_at=begun.started_at,
            ingredients=done.ingredients.dump() if done.ingredients else "",
            changes=brought(world, base, done.commit or begun.commit).dump(),
        )
    return Released(environment.name, done, revision, run)


def _recorded(world: World, environment: Environment, done: Plan, revision: int) -> bool:
    """Whether the ledger has the deployment that was found: a run that was killed may not have written it down."""
    if done.deed != "resume":
        return False
    known = world.ledger.deployments(service=world.project.service, environment=environment.name)
    found = (revision, done.commit, done.digest)
    return any((item.revision, item.commit, item.digest) == found for item in known)


@contextmanager
def open_site(world: World, environment: Environment, account: Account, digest: str) -> Iterator[Site]:
    """Where a plan becomes deeds; what happens there is watched from now on."""
    cluster, helm = world.cluster(environment.target.cluster), world.helm(environment.target.cluster)
    # Opened before Helm is called, so that nothing of what it sets off is missed.
    with cluster.watch(environment.namespace) as watch:
        yield Site(environment, helm, cluster, watch, account.voice, digest)


def lease_holder(world: World, run: Run) -> LeaseHolder:
    """Who holds the lock, for those who wait for it."""
    surroundings = world.surroundings
    link = f", {surroundings.link}" if surroundings.link else ""
    return LeaseHolder(run.id, f"{surroundings.actor} on {surroundings.host} (run {run.id}{link})")
