"""What a release would change, and what was changed behind Helm's back. Only reads and dry runs; nothing is made."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from trunkline.app.images import repository_for
from trunkline.app.material import gathered
from trunkline.app.needs import precedent_of
from trunkline.app.values_schema import check_values
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.commits import Commit
from trunkline.domain.differences import MISSING, Change, ChangeKind, ObjectChange, compare_manifests, whole
from trunkline.domain.drift import SCALED, drift
from trunkline.domain.images import ImageReference
from trunkline.domain.manifests import Identity, identified
from trunkline.domain.releases import History, Revision
from trunkline.errors import DeploymentFailed, UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.plan.releases import image_pins
from trunkline.ports import LiveObject, UpgradeRequest, World


@dataclass(frozen=True, slots=True)
class Comparison:
    """What stands in an environment, against what a release would bring and against what the cluster has.

    Attributes:
        revision: the one that stands; 0 where none does.
        planned: from its manifest to what Helm would render now.
        drift: from its manifest to the live objects.
        notes: what a person has to know to read the two.
    """

    environment: str
    release: str
    revision: int
    commit: str
    image: str
    planned: tuple[ObjectChange, ...]
    drift: tuple[ObjectChange, ...]
    notes: tuple[str, ...] = ()

    @property
    def differs(self) -> bool:
        """Whether there is any difference."""
        return bool(self.planned or self.drift)


def diff(world: World, name: str, commit: str = "HEAD") -> Comparison:
    """Compare the revision that stands with what a release of `commit` would render, and with the live objects.

    Raises:
        UsageError: no such environment or commit, or the chart cannot be rendered.
        Unreachable: registry, storage or cluster do not answer.
    """
    environment = find_environment(world.project, name)
    wanted = world.source.commit(world.project.trunk, commit)
    helm = world.helm(environment.target.cluster)
    history = helm.history(environment.target)
    current = history.current
    stands = helm.applied(environment.target, current.number).objects if current else ()
    notes = [*_state(history, current)]
    with ThreadPoolExecutor(max_workers=1) as pool:
        drifting = pool.submit(_drift, world, environment, stands)
        image, rendered, said = _rendered(world, environment, wanted)
        found, remarks = drifting.result()
    return Comparison(
        environment=environment.name,
        release=str(environment.target),
        revision=current.number if current else 0,
        commit=wanted.sha,
        image=str(image),
        planned=compare_manifests(stands, rendered, environment.namespace),
        drift=found,
        notes=tuple(map(world.redactor.text, (*notes, *said, *remarks))),
    )


def _state(history: History, current: Revision | None) -> tuple[str, ...]:
    """What of Helm's state a reader has to know."""
    latest = history.latest
    if current is None:
        kept = f"; its newest revision {latest.number} is {latest.status}" if latest else ""
        return (f"no revision stands{kept}: everything would be added",)
    if latest is not None and latest != current:
        newest = f"revision {latest.number} is {latest.status} and may have left something"
        return (f"{newest}; compared with revision {current.number}",)
    return ()


def _rendered(
    world: World, environment: Environment, commit: Commit
) -> tuple[ImageReference, tuple[Mapping[str, object], ...], tuple[str, ...]]:
    """The image, the objects that Helm would apply for the commit, and what to know of them."""
    notes: tuple[str, ...] = ()
    with gathered(world, environment, precedent_of(world, environment, commit.sha)) as material:
        image = repository_for(world, material).with_tag(commit.tag)
        digest = world.registry.digest(image, world.project.image)
        if digest is None:
            notes = (f"the image {image} is not built yet; its digest is not known",)
        else:
            image = image.with_digest(digest)
        check_values(world, environment, material, image)
        request = UpgradeRequest(
            target=environment.target,
            chart=material.chart,
            values=material.values,
            pins=image_pins(image, world.project.chart.image_keys),
            description="",
            history_max=environment.history_max,
            create_namespace=False,
            timeout_s=environment.timeout_s,
        )
        try:
            objects = world.helm(environment.target.cluster).preview(request)
        except DeploymentFailed as error:
            # Nothing was deployed: an exit code 1 would say that something differs.
            raise UsageError(error.message, "Correct the chart or its values.") from error
    return image, objects, notes


def _drift(
    world: World, environment: Environment, manifest: tuple[Mapping[str, object], ...]
) -> tuple[tuple[ObjectChange, ...], list[str]]:
    """What was changed behind Helm's back, and what to know of it."""
    wanted = identified(manifest, environment.namespace)
    if not wanted:
        return (), []
    cluster, namespace = world.cluster(environment.target.cluster), environment.namespace
    seen = dict(zip(wanted, cluster.live(tuple(wanted.values()), namespace), strict=True))
    scaled = _scaled(wanted, cluster.autoscaled(namespace) if _may_scale(wanted) else frozenset(), namespace)
    inspection = _Inspection(wanted, seen, scaled)
    doubtful = inspection.doubtful()
    made = cluster.reapplied([wanted[identity] for identity in doubtful], namespace) if doubtful else ()
    return inspection.result(dict(zip(doubtful, made, strict=True)))


@dataclass(frozen=True, slots=True)
class _Inspection:
    """A release's objects: as its manifest has them, as the cluster has them, and which an autoscaler scales."""

    wanted: Mapping[Identity, Mapping[str, Any]]
    seen: Mapping[Identity, LiveObject]
    scaled: frozenset[Identity]

    def doubtful(self) -> list[Identity]:
        """The objects that differ from their manifest, if only in the spelling."""
        return [
            identity
            for identity, live in self.seen.items()
            if live.found is not None and self._differs(identity, live.found, self.wanted[identity])
        ]

    def result(self, made: Mapping[Identity, LiveObject]) -> tuple[tuple[ObjectChange, ...], list[str]]:
        """The differences that are left when the API server was asked, and notes."""
        changes, notes = [], []
        for identity, live in sorted(self.seen.items(), key=lambda pair: pair[0]):
            if live.trouble:
                notes.append(f"{identity} could not be read: {live.trouble}")
            elif live.found is None:
                if _goes_by_itself(self.wanted[identity]):
                    notes.append(f"{identity} is gone, as its ttlSecondsAfterFinished allows")
                else:
                    changes.append(whole(identity, self.wanted[identity], MISSING))
            elif identity in made:
                answer = made[identity]
                if answer.found is None:
                    reason = answer.trouble or "it is gone meanwhile"
                    notes.append(
                        f"{identity} was compared field by field, as the API would not try it: {reason}"
                    )
                found = self._differs(identity, live.found, answer.found)
                if found:
                    changes.append(ObjectChange(identity, ChangeKind.CHANGED, found))
        notes += [
            f"{identity} has another number of replicas, which is its autoscaler's decision"
            for identity in sorted(self.scaled)
            if self._rescaled(identity)
        ]
        return tuple(changes), notes

    def _rescaled(self, identity: Identity) -> bool:
        wanted = _mapping(self.wanted[identity].get("spec")).get("replicas")
        seen = _mapping((self.seen[identity].found or {}).get("spec")).get("replicas", wanted)
        return wanted is not None and seen != wanted

    def _differs(
        self, identity: Identity, live: Mapping[str, Any], made: Mapping[str, Any] | None
    ) -> tuple[Change, ...]:
        return drift(self.wanted[identity], live, made, autoscaled=identity in self.scaled)


def _may_scale(wanted: Mapping[Identity, object]) -> bool:
    return any(identity.kind in SCALED for identity in wanted)


def _scaled(
    wanted: Mapping[Identity, Mapping[str, Any]], live: frozenset[tuple[str, str]], namespace: str
) -> frozenset[Identity]:
    """The workloads that an autoscaler of the cluster, or of the manifest, scales."""
    targets = set(live)
    for identity, item in wanted.items():
        if identity.kind == "HorizontalPodAutoscaler":
            target = _mapping(_mapping(item.get("spec")).get("scaleTargetRef"))
            targets.add((str(target.get("kind")), str(target.get("name"))))
    return frozenset(
        identity
        for identity in wanted
        if identity.namespace == namespace and (identity.kind, identity.name) in targets
    )


def _goes_by_itself(item: Mapping[str, Any]) -> bool:
    return item.get("kind") == "Job" and "ttlSecondsAfterFinished" in _mapping(item.get("spec"))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
