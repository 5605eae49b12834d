"""What lies in the project's image repository, and where it runs, ran or could be returned to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field, replace
from datetime import datetime
from typing import TypeVar

from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.gates import GateRecord
from trunkline.domain.images import ImageReference
from trunkline.domain.registry_images.manifests import ConfigFacts, ManifestFacts, read_config, read_manifest
from trunkline.domain.registry_images.usage import images_in
from trunkline.errors import ConfigurationError, TrunklineError, Unreachable
from trunkline.plan.releases import image_in
from trunkline.ports import Manifest, World

REVISION = "org.opencontainers.image.revision"
_LARGEST_CONFIG = 8 * 1024 * 1024
_AT_ONCE = 8
_GATES = 1000

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class ImageRecord:
    """One digest of the repository.

    Attributes:
        commit: as its label says, or empty.
        size: bytes of its layers and configuration; of an index, of its first image's.
        platforms: what it is for; digests of an index's images by platform.
        parts: of an index, the digests of all that belongs to it.
        gate: the gate's newest word on it, or empty.
        runs_in: environments where it stands.
        returns_in: environments that keep a revision of it.
    """

    digest: str
    tags: tuple[str, ...]
    commit: str = ""
    created: datetime | None = None
    size: int = 0
    platforms: Mapping[str, str] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    gate: str = ""
    runs_in: tuple[str, ...] = ()
    returns_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Use:
    """An environment's revision of an image; `stands` where it is the one that runs."""

    environment: str
    revision: int
    image: ImageReference
    stands: bool


@dataclass(frozen=True, slots=True)
class Inventory:
    """The images of a repository, newest first; `troubles` says which environments could not be asked, and why."""

    repository: str
    images: tuple[ImageRecord, ...]
    troubles: Mapping[str, str] = field(default_factory=dict)


def repository_of(world: World) -> ImageReference:
    """The project's image repository.

    Raises:
        ConfigurationError: it names none.
    """
    found = world.project.image.repository
    if found is None:
        raise ConfigurationError("No image is configured.", hint="Name `image.repository` in trunkline.yaml.")
    return found


def inventory(world: World) -> Inventory:
    """All images that have a tag, with where they run.

    Raises:
        ConfigurationError: no repository is configured. Unreachable: the registry does not answer.
    """
    repository = repository_of(world)
    images = images_of(world, repository)
    uses, troubles = used(world)
    gates = {record.digest: record.outcome.value for record in reversed(_gates(world))}
    records = tuple(_with_uses(image, uses, gates.get(image.digest, "")) for image in images)
    return Inventory(repository.repository, records, troubles)


def images_of(world: World, repository: ImageReference) -> tuple[ImageRecord, ...]:
    """Every digest that has a tag, newest first; what is attached to images by a tag of its own is no image.

    Raises:
        Unreachable: the registry does not answer.
    """
    tags = [tag for tag in world.artifacts.tags(repository, world.project.image) if not _is_fallback(tag)]
    found = _at_once(lambda tag: _manifest(world, repository.with_tag(tag)), tags)
    by_digest: dict[str, tuple[Manifest, list[str]]] = {}
    for tag, manifest in zip(tags, found, strict=True):
        # A tag may go while we look.
        if manifest is not None:
            by_digest.setdefault(manifest.digest, (manifest, []))[1].append(tag)
    records = _at_once(lambda item: _record(world, repository, *item), list(by_digest.values()))
    return tuple(
        sorted(records, key=lambda item: item.created.timestamp() if item.created else 0.0, reverse=True)
    )


def used(world: World, *, whole: bool = False) -> tuple[tuple[Use, ...], Mapping[str, str]]:
    """What all environments run and could return to, and which of them could not be asked.

    Args:
        world: whose environments.
        whole: look into the objects of every revision, too; else only into those that bear no marks of ours.
    """

    def ask(environment: Environment) -> tuple[tuple[Use, ...], str]:
        try:
            return _used(world, environment, whole=whole), ""
        except TrunklineError as error:
            return (), error.message

    environments = world.project.environments
    found = _at_once(ask, environments)
    troubles = {item.name: told for item, (_, told) in zip(environments, found, strict=True) if told}
    return tuple(use for uses, _ in found for use in uses), troubles


def facts_of_image(world: World, image: ImageReference) -> tuple[Manifest, ManifestFacts, ConfigFacts] | None:
    """What the registry has of an image by its digest, or else its tag; of an index, its first image's configuration.

    Raises:
        Unreachable: the registry does not answer, or what it has is none.
    """
    manifest = _manifest(world, image)
    if manifest is None:
        return None
    facts, config = _read(world, image, manifest)
    return manifest, facts, config


def _manifest(world: World, image: ImageReference) -> Manifest | None:
    return world.artifacts.manifest(image, world.project.image)


def _read(world: World, image: ImageReference, manifest: Manifest) -> tuple[ManifestFacts, ConfigFacts]:
    try:
        facts = own = read_manifest(manifest.content)
        if facts.children:
            child = image.with_digest(next(iter(facts.children.values())))
            below = _manifest(world, child)
            own = read_manifest(below.content) if below else facts
        config = ConfigFacts()
        if own.config is not None and not own.kind:
            content = world.artifacts.blob(image, own.config.digest, _LARGEST_CONFIG, world.project.image)
            config = read_config(content)
    except ValueError as error:
        raise Unreachable(
            f"{image.registry} has something as {image} that is no image: {error}.", "Remove that tag."
        ) from None
    return (facts if not facts.children else _sized(facts, own)), config


def _sized(index: ManifestFacts, first: ManifestFacts) -> ManifestFacts:
    return ManifestFacts(
        first.config, first.layers, index.children, index.attestations, index.subject, index.kind
    )


def _record(world: World, repository: ImageReference, manifest: Manifest, tags: list[str]) -> ImageRecord:
    facts, config = _read(world, repository.with_tag(tags[0]).with_digest(manifest.digest), manifest)
    platforms = facts.children or ({config.platform: manifest.digest} if config.platform else {})
    return ImageRecord(
        digest=manifest.digest,
        tags=tuple(sorted(tags)),
        commit=config.labels.get(REVISION, ""),
        created=config.created,
        size=facts.size,
        platforms=platforms,
        parts=(*facts.children.values(), *facts.attestations),
    )


def _used(world: World, environment: Environment, *, whole: bool) -> tuple[Use, ...]:
    helm = world.helm(environment.target.cluster)
    history = helm.history(environment.target)
    found: dict[Use, None] = {}
    for revision in history.revisions:
        marks = history.marks(revision)
        marked = image_in(marks) if marks else None
        images = [marked] if marked else []
        if whole or marked is None or marked.digest is None:
            images += images_in(helm.applied(environment.target, revision.number).objects)
        stands = revision == history.current
        found.update(dict.fromkeys(Use(environment.name, revision.number, image, stands) for image in images))
    return tuple(found)


def _with_uses(image: ImageRecord, uses: Iterable[Use], gate: str) -> ImageRecord:
    own = [use for use in uses if is_of(use.image, image)]
    runs = dict.fromkeys(use.environment for use in own if use.stands)
    returns = dict.fromkeys(use.environment for use in own if not use.stands and use.environment not in runs)
    return replace(image, gate=gate, runs_in=tuple(runs), returns_in=tuple(returns))


def is_of(used_image: ImageReference, image: ImageRecord) -> bool:
    """Whether an environment's image is this one: by its digest where it has one, else by its tag."""
    if used_image.digest:
        return used_image.digest in (image.digest, *image.parts)
    return used_image.tag in image.tags


def _gates(world: World) -> tuple[GateRecord, ...]:
    return world.ledger.gates(service=world.project.service, limit=_GATES)


def _is_fallback(tag: str) -> bool:
    """Whether a tag lists what is attached to a digest (distribution specification 1.1), or is cosign's."""
    return tag.startswith("sha256-")


def _at_once(work: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return list(pool.map(work, items))
