"""Return an environment to what it ran before: as a person wishes, or because a deployment was cut off."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.app.changes import base_of
from trunkline.app.deploying import Released, lease_holder, open_site, record_standing
from trunkline.app.needs import facts_of
from trunkline.config.project import Environment
from trunkline.domain.attempts import Kind, Stage
from trunkline.domain.commits import Commit
from trunkline.plan.pipeline import find_environment
from trunkline.plan.releases import (
    Facts,
    is_cut_off,
    plan_rollback,
)
from trunkline.ports import World
from trunkline.run.attempts import Account, Subject, attempt, begin_run
from trunkline.run.execute import Execution, execute


def rollback(world: World, name: str, to: int | None = None, wait_for_lock_s: float = 0.0) -> Released:
    """Return an environment to an earlier revision, and watch it become good.

    Raises:
        UsageError: there is nothing to return to. Else as `release`.
    """
    released = _go_back(world, find_environment(world.project, name), to, wait_for_lock_s, lambda _: True)
    if released is None:
        raise AssertionError("a person's wish is always wanted")
    return released


def repair(world: World, name: str, wait_for_lock_s: float = 0.0) -> Released | None:
    """Return an environment to its last good revision, where a deployment was cut off before its end; else None.

    Raises:
        UsageError: there is nothing good to return to. Else as `release`.
    """
    environment = find_environment(world.project, name)
    facts = facts_of(world, environment)
    if not is_cut_off(facts):
        return None
    good = facts.history.last_good(facts.verified)
    return _go_back(world, environment, good.number if good else None, wait_for_lock_s, is_cut_off)


def _go_back(
    world: World,
    environment: Environment,
    to: int | None,
    wait_for_lock_s: float,
    wanted: Callable[[Facts], bool],
) -> Released | None:
    """Return to a revision, unless it is not wanted any more once nobody else is at work: then None."""
    seen, goal = plan_rollback(environment, facts_of(world, environment), to)
    commit = Commit(seen.commit or "unknown")
    run = begin_run(world, commit)
    subject = Subject(Stage.DEPLOY, commit, environment.name, seen.image, environment.release, Kind.ROLLBACK)

    def body(account: Account) -> Released | None:
        cluster = world.cluster(environment.target.cluster)
        holder = lease_holder(world, run)
        with cluster.lease(environment.target, holder, wait_for_lock_s, account.voice.note) as lease:
            facts = facts_of(world, environment)
            if not wanted(facts):
                account.voice.note(f"{environment.name} was mended meanwhile")
                return None
            decided, _ = plan_rollback(environment, facts, goal.number)
            with open_site(world, environment, account, decided.digest) as site:
                execute(Execution(world, decided, site, lease, account, facts.history))
        return record_standing(
            world, account, environment, decided, run, site.revision, base_of(world, environment, facts)
        )

    return attempt(world, run, subject, body)
