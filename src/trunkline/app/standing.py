"""What stands where, as the clusters say it; and what the ledger remembers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from trunkline.app.needs import facts_of
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import AttemptRecord
from trunkline.domain.ingredients import Ingredients
from trunkline.domain.rollouts import selectors_of
from trunkline.errors import TrunklineError, UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.ports import LogLine, World


@dataclass(frozen=True, slots=True)
class Standing:
    """What one environment runs; `trouble` says why nothing is known.

    Attributes:
        good: whether Trunkline saw this revision's rollout succeed.
        state: Helm's status of the newest revision, when it is another than the one that stands.
        ingredients: the chart and the values layers with their digests, of a revision that was seen good.
    """

    environment: str
    release: str
    revision: int = 0
    chart: str = ""
    commit: str = ""
    image: str = ""
    actor: str = ""
    kind: str = ""
    since: datetime | None = None
    good: bool = False
    state: str = ""
    trouble: str = ""
    ingredients: Ingredients | None = None


def status(world: World) -> tuple[Standing, ...]:
    """What every environment runs; the environments are asked at the same time."""
    environments = world.project.environments
    with ThreadPoolExecutor(max_workers=max(1, len(environments))) as pool:
        return tuple(pool.map(lambda item: _standing(world, item), environments))


def history(world: World, environment: str = "", limit: int = 20) -> tuple[AttemptRecord, ...]:
    """The newest attempts that the ledger has of this service, newest first.

    Raises:
        UsageError: there is no such environment.
    """
    if environment:
        find_environment(world.project, environment)
    return world.ledger.attempts(service=world.project.service, environment=environment, limit=limit)


def logs(world: World, name: str, *, follow: bool, tail: int | None) -> Iterator[LogLine]:
    """Log lines of all pods of the release that stands in an environment.

    Raises:
        UsageError: nothing stands there. Unreachable: the cluster does not answer.
    """
    target = find_environment(world.project, name).target
    helm = world.helm(target.cluster)
    latest = helm.history(target).latest
    if latest is None:
        raise UsageError(f"There is no release {target}.", f"Deploy it first: trunkline release {name}")
    selectors = selectors_of(helm.applied(target, latest.number).objects)
    return world.cluster(target.cluster).logs(target.namespace, selectors, follow=follow, tail=tail)


def _standing(world: World, environment: Environment) -> Standing:
    target = environment.target
    try:
        facts = facts_of(world, environment)
    except TrunklineError as error:
        return Standing(environment.name, str(target), trouble=error.message)
    found = facts.history
    current, latest = found.current, found.latest
    state = latest.status if latest is not None and latest != current else ""
    if current is None:
        return Standing(environment.name, str(target), state=state)
    marks = found.marks(current)
    return Standing(
        environment=environment.name,
        release=str(target),
        revision=current.number,
        chart=current.chart,
        commit=marks.commit if marks else "",
        image=marks.image if marks else "",
        actor=marks.actor if marks else "",
        kind=marks.kind if marks else "",
        since=current.updated_at,
        good=current == found.last_good(facts.verified),
        state=state,
        ingredients=facts.ingredients(current),
    )
