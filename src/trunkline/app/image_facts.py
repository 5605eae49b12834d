"""Everything that is known of one image: from the registry, the ledger and the environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from trunkline.app.image_inventory import REVISION, facts_of_image, repository_of, used
from trunkline.dataclass import dataclass
from trunkline.domain.commits import is_sha
from trunkline.domain.gates import GateRecord
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.registry_images.manifests import Blob
from trunkline.errors import UsageError
from trunkline.ports import World

_ALL = 1000


@dataclass(frozen=True, slots=True)
class Placed:
    """An environment's revision of the image; `stands` where it is the one that runs."""

    environment: str
    revision: int
    stands: bool


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployment of the image that the ledger remembers."""

    environment: str
    at: datetime
    kind: str
    actor: str


@dataclass(frozen=True, slots=True)
class ImageReport:
    """All of it.

    Attributes:
        platforms: of an index, digests by platform; else the one that the image is for.
        attached: what is attached to it: kinds by digest.
        troubles: which environments could not be asked, and why.
    """

    image: str
    digest: str
    media_type: str
    commit: str
    created: datetime | None
    size: int
    platforms: Mapping[str, str]
    labels: Mapping[str, str]
    layers: tuple[Blob, ...]
    history: tuple[str, ...]
    attached: Mapping[str, str]
    gate: GateRecord | None
    placed: tuple[Placed, ...]
    deployed: tuple[Deployed, ...]
    troubles: Mapping[str, str] = field(default_factory=dict)


def find_image(world: World, named: str) -> ImageReference:
    """The image that a person means: a reference, a commit, a tag of the project's repository, or nothing for HEAD's.

    Raises:
        UsageError: it is none of these.
    """
    if not named:
        return repository_of(world).with_tag(world.source.commit(world.project.trunk).tag)
    if "/" in named:
        try:
            image = parse_image(named)
        except ValueError as error:
            raise UsageError(f"That is no image: {error}.", "Name it as quay.io/acme/sample:tag.") from None
        if not image.tag and not image.digest:
            raise UsageError(f"{named} has neither a tag nor a digest.", "Add one of them.")
        return image
    repository = repository_of(world)
    if named.startswith("sha256:"):
        return repository.with_digest(named)
    if is_sha(named) and not world.registry.digest(repository.with_tag(named), world.project.image):
        return repository.with_tag(world.source.commit(world.project.trunk, named).tag)
    return repository.with_tag(named)


def inspect(world: World, image: ImageReference) -> ImageReport:
    """Look at one image from all sides.

    Raises:
        UsageError: there is no such image. Unreachable: the registry does not answer.
    """
    found = facts_of_image(world, image)
    if found is None:
        raise UsageError(f"There is no image {image}.", "trunkline image list shows what there is.")
    manifest, facts, config = found
    pinned = image.with_digest(manifest.digest)
    uses, troubles = used(world)
    digests = {manifest.digest, *facts.children.values()}
    gates = world.ledger.gates(digest=manifest.digest, limit=1)
    deployments = world.ledger.deployments(service=world.project.service, limit=_ALL)
    hide = world.redactor.text
    return ImageReport(
        image=str(pinned),
        digest=manifest.digest,
        media_type=manifest.media_type,
        commit=config.labels.get(REVISION, ""),
        created=config.created,
        size=facts.size,
        platforms=facts.children or ({config.platform: manifest.digest} if config.platform else {}),
        labels={key: hide(value) for key, value in config.labels.items()},
        layers=facts.layers,
        history=tuple(map(hide, config.history)),
        attached=world.artifacts.referrers(pinned, world.project.image),
        gate=gates[0] if gates else None,
        placed=tuple(
            Placed(use.environment, use.revision, use.stands)
            for use in uses
            if use.image.digest in digests or (not use.image.digest and use.image.tag == image.tag)
        ),
        deployed=tuple(
            Deployed(item.environment, item.deployed_at, item.kind.value, item.actor)
            for item in deployments
            if item.digest in digests
        ),
        troubles=troubles,
    )
