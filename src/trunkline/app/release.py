"""Deploying one image to one environment: release, promote, roll back; and showing the plan of it.

Facts are read under the release's lease, so that what was planned is still true when it is done.
"""

from __future__ import annotations

from dataclasses import replace

from trunkline.app.changes import base_of
from trunkline.app.check import ensure_tools
from trunkline.app.deploying import Released, lease_holder, open_site, record_standing
from trunkline.app.gate_word import CAUSE, check_gate
from trunkline.app.images import image_of, repository_for
from trunkline.app.material import gathered
from trunkline.app.needs import check_needs, facts_of
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Kind, Run, Stage
from trunkline.domain.commits import Commit, dirty_tree_in
from trunkline.domain.images import ImageReference
from trunkline.domain.releases import Marks
from trunkline.errors import DeploymentFailed, RefusedByGate, UsageError, ValuesRefused
from trunkline.plan.pipeline import check_discipline, find_environment
from trunkline.plan.releases import (
    Facts,
    Material,
    Precedent,
    image_in,
    plan_release,
)
from trunkline.plan.staleness import check_not_overtaken, standing_marks
from trunkline.plan.steps import Plan
from trunkline.ports import Cluster, World
from trunkline.run.attempts import Account, Subject, attempt, begin_run
from trunkline.run.execute import Execution, execute
from trunkline.run.helm_work import refusal
from trunkline.run.site import RolloutFailed


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is to be deployed: a commit, its image if that is known already, why, and whose chart and layers it takes."""

    commit: Commit
    image: ImageReference | None = None
    kind: Kind = Kind.RELEASE
    precedent: Precedent | None = None


def plan(world: World, name: str) -> Plan:
    """Exactly what `release` would do to the environment now; nothing is changed.

    Raises:
        UsageError, Unreachable: as `release`.
    """
    environment = find_environment(world.project, name)
    commit = world.source.commit(world.project.trunk)
    check_discipline(commit, environment, world.project.trunk)
    precedent = check_needs(world, environment, commit.sha)
    ensure_tools(world, environment)
    with gathered(world, environment, precedent) as material:
        image = _image(world, Cargo(commit), material)
        from trunkline.app.values_schema import check_values  # noqa: PLC0415 - a release does not come here

        check_values(world, environment, material, image)
        check_gate(world, environment, image)
        facts = facts_of(world, environment)
        marks = _marks(world, None, Cargo(commit))
        _guard(world, environment, facts, marks)
        return plan_release(environment, facts, material, image, world.project.chart.image_keys, marks)


def release(
    world: World,
    name: str,
    run: Run | None = None,
    cargo: Cargo | None = None,
    wait_for_lock_s: float = 0.0,
    *,
    again: bool = False,
) -> Released:
    """Deploy the commit that is checked out (or the given cargo) to an environment, and watch it become good.

    What stands already is not deployed twice, unless `again` says so.

    Raises:
        UsageError: trunk discipline, a missing image, an unmet need.
        RefusedByGate: the environment asks for the gate's word, which is missing, too old or no.
        Locked: another deployment of this release is at work. Overtaken: a newer commit stands there.
        DeploymentFailed: it failed; the message says what was undone.
        Unreachable: registry, storage or cluster do not answer.
    """
    environment = find_environment(world.project, name)
    if cargo is None:
        cargo = Cargo(world.source.commit(world.project.trunk))
        check_discipline(cargo.commit, environment, world.project.trunk)
    precedent = check_needs(world, environment, cargo.commit.sha)
    cargo = replace(cargo, precedent=cargo.precedent or precedent)
    ensure_tools(world, environment)
    run = run or begin_run(world, cargo.commit)
    image = str(cargo.image or "")
    if not image and world.project.image.repository is not None:
        image = str(world.project.image.repository.with_tag(cargo.commit.tag))
    subject = Subject(Stage.DEPLOY, cargo.commit, name, image, environment.release, cargo.kind)
    deployed = cargo
    return attempt(
        world,
        run,
        subject,
        lambda account: _release(world, environment, run, deployed, account, wait_for_lock_s, again=again),
    )


def promote(world: World, source: str, goal: str, wait_for_lock_s: float = 0.0) -> Released:
    """Deploy to `goal` the very image, chart and shared values layers that `source` runs now.

    Raises:
        UsageError: nothing of ours runs in `source`, or trunk discipline keeps it out of `goal`. Else as `release`.
    """
    origin, destination = find_environment(world.project, source), find_environment(world.project, goal)
    facts = facts_of(world, origin)
    history = facts.history
    good = history.last_good(facts.verified)
    # An older good revision is not what runs there now.
    good = good if good == history.current else None
    marks = history.marks(good) if good else None
    image = image_in(marks) if marks else None
    if good is None or marks is None or image is None:
        raise UsageError(
            f"{source} runs nothing that Trunkline deployed and saw become good.",
            f"Deploy to it first: trunkline release {source}",
        )
    commit = _promoted(world, origin, marks.commit, image)
    check_discipline(commit, destination, world.project.trunk)
    ingredients = facts.ingredients(good)
    precedent = Precedent(source, commit.sha, ingredients) if ingredients else None
    cargo = Cargo(commit, image, Kind.PROMOTION, precedent)
    return release(world, goal, cargo=cargo, wait_for_lock_s=wait_for_lock_s)


def _promoted(world: World, origin: Environment, sha: str, image: ImageReference) -> Commit:
    """What runs in `origin`; an environment with looser rules is no way around the discipline of the next one."""
    on_trunk: bool | None = True
    if "off_trunk" in origin.allow:
        on_trunk = world.source.commit(world.project.trunk, sha).on_trunk
    return Commit(sha, on_trunk=on_trunk, dirty_tree=dirty_tree_in(image.tag or ""))


def _release(
    world: World,
    environment: Environment,
    run: Run,
    cargo: Cargo,
    account: Account,
    wait_for_lock_s: float,
    *,
    again: bool,
) -> Released:
    with gathered(world, environment, cargo.precedent) as material:
        image = _image(world, cargo, material)
        account.digest = image.digest or ""
        _check_gate(world, environment, image, account)
        cluster = world.cluster(environment.target.cluster)
        _ensure_namespace(cluster, environment, account)
        holder = lease_holder(world, run)
        with cluster.lease(environment.target, holder, wait_for_lock_s, account.voice.note) as lease:
            facts = facts_of(world, environment)
            marks = _marks(world, run, cargo)
            unsure = _guard(world, environment, facts, marks)
            keys = world.project.chart.image_keys
            decided = plan_release(environment, facts, material, image, keys, marks, again=again)
            for note in (*filter(None, (unsure,)), *decided.notes):
                account.voice.note(note)
            with open_site(world, environment, account, account.digest) as site:
                try:
                    execute(Execution(world, decided, site, lease, account, facts.history))
                except ValuesRefused:
                    # Helm has looked anyway; only who is refused pays for being told where.
                    from trunkline.app.values_schema import check_values  # noqa: PLC0415 - as said

                    check_values(world, environment, material, image)
                    raise
    latest = facts.history.latest
    revision = site.revision or (latest.number if latest else 0)
    return record_standing(
        world, account, environment, decided, run, revision, base_of(world, environment, facts)
    )


def _check_gate(world: World, environment: Environment, image: ImageReference, account: Account) -> None:
    try:
        check_gate(world, environment, image)
    except RefusedByGate:
        account.cause = CAUSE
        raise


def _ensure_namespace(cluster: Cluster, environment: Environment, account: Account) -> None:
    if not environment.create_namespace:
        return
    try:
        cluster.ensure_namespace(environment.namespace)
    except DeploymentFailed as error:
        found = refusal(environment.target, error)
        account.cause = found.cause.value
        raise RolloutFailed((found,)) from error


def _guard(world: World, environment: Environment, facts: Facts, wanted: Marks) -> str:
    stands = standing_marks(facts.history)
    precedes: bool | None = None
    if stands is not None and stands.commit != wanted.commit:
        precedes = world.source.precedes(wanted.commit, stands.commit)
    return check_not_overtaken(environment, facts.history, wanted, precedes=precedes)


def _image(world: World, cargo: Cargo, material: Material) -> ImageReference:
    if cargo.image is not None:
        return cargo.image
    return image_of(world, cargo.commit, repository_for(world, material))


def _marks(world: World, run: Run | None, cargo: Cargo) -> Marks:
    surroundings = world.surroundings
    return Marks(
        commit=cargo.commit.sha,
        run=run.id if run else "",
        kind=cargo.kind.value,
        actor=surroundings.actor,
        pipeline=surroundings.pipeline,
        ci=surroundings.link,
    )
