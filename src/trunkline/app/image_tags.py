"""Giving an image another tag, and removing images that nobody needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from trunkline.app.image_inventory import ImageRecord, images_of, repository_of, used
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference
from trunkline.domain.registry_images.pruning import Candidate, Verdict, is_commit_tag, plan_pruning
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import World

_ALL = 1000


@dataclass(frozen=True, slots=True)
class Pruned:
    """A plan, and how much of it was done; digests of what is gone."""

    repository: str
    verdicts: tuple[Verdict, ...]
    gone: tuple[str, ...] = ()

    @property
    def going(self) -> tuple[Verdict, ...]:
        """What the plan removes."""
        return tuple(verdict for verdict in self.verdicts if not verdict.kept)


def retag(world: World, image: ImageReference, tag: str, *, force: bool = False) -> ImageReference:
    """Let `tag` stand for the very bytes of an image; the image under that tag.

    Raises:
        UsageError: there is no such image, the tag is a commit's, or stands for another image and `force` is not set.
        Unreachable: the registry does not answer.
    """
    settings = world.project.image
    if is_commit_tag(tag):
        raise UsageError(
            f"The tag {tag} is that of a commit, which never moves.",
            "Choose another tag: trunkline build makes those.",
        )
    manifest = world.artifacts.manifest(image, settings)
    if manifest is None:
        raise UsageError(f"There is no image {image}.", "trunkline image list shows what there is.")
    target = replace(image, tag=tag, digest=None)
    there = world.registry.digest(target, settings)
    if there not in (None, manifest.digest) and not force:
        raise UsageError(
            f"{target} is {there}, and {image} is {manifest.digest}.",
            "Move the tag with --force, or choose another one.",
        )
    if there != manifest.digest:
        world.artifacts.tag(target, manifest, settings)
    return target.with_digest(manifest.digest)


def plan_prune(world: World, *, keep: int, older_than_s: float) -> Pruned:
    """What pruning would remove.

    Raises:
        Unreachable: the registry, or any environment, cannot be asked: what it runs is not known.
    """
    repository = repository_of(world)
    uses, troubles = used(world, whole=True)
    if troubles:
        name, why = next(iter(troubles.items()))
        raise Unreachable(
            f"What {name} runs is not known, so nothing is removed: {why}",
            "Make every environment reachable, or take what is gone for ever out of trunkline.yaml.",
        )
    needed: dict[str, list[str]] = {}
    for use in uses:
        if use.image.repository == repository.repository:
            reason = f"{use.environment} {'runs' if use.stands else 'could return to'} it"
            for name in filter(None, (use.image.digest, use.image.tag)):
                needed.setdefault(name, []).append(reason)
    for tag, reason in _under_way(world):
        needed.setdefault(tag, []).append(reason)
    candidates = [_candidate(image) for image in images_of(world, repository)]
    verdicts = plan_pruning(
        candidates, needed, world.clock.now(), keep=keep, older_than=timedelta(seconds=older_than_s)
    )
    return Pruned(repository.repository, verdicts)


def prune(world: World, plan: Pruned, on_gone: Callable[[Verdict], None]) -> Pruned:
    """Remove what the plan removes, one digest after another; what is gone already is done.

    Raises:
        Refused: the registry does not let us. Unreachable: it does not answer; what is gone stays gone.
    """
    repository = repository_of(world)
    gone = []
    for verdict in plan.going:
        world.artifacts.delete(repository.with_digest(verdict.image.digest), world.project.image)
        gone.append(verdict.image.digest)
        on_gone(verdict)
    return Pruned(plan.repository, plan.verdicts, tuple(gone))


def _under_way(world: World) -> list[tuple[str, str]]:
    """Tags that somebody is at work with, or that are checked out."""
    found = [(world.source.commit(world.project.trunk).tag, "its commit is checked out")]
    for record in world.ledger.attempts(service=world.project.service, limit=_ALL):
        if record.ending is None and record.attempt.image:
            tag = record.attempt.image.partition("@")[0].rpartition(":")[2]
            found.append((tag, f"a {record.attempt.stage} of it is under way"))
    return found


def _candidate(image: ImageRecord) -> Candidate:
    return Candidate(image.digest, image.tags, image.created, image.size, image.parts)
