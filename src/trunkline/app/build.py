"""Building a commit's image once, and running its tests before."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace

from trunkline.config.project import ImageSettings
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Run, Stage
from trunkline.domain.commits import SHORT_LENGTH, Commit
from trunkline.domain.images import ImageReference
from trunkline.errors import ConfigurationError, DeploymentFailed, Refused, Unreachable, UsageError
from trunkline.ports import Command, World
from trunkline.run.attempts import Account, Subject, attempt, begin_run

REQUIRED = "required"
_SPDX = "application/spdx+json"
_REVISION = "org.opencontainers.image.revision"
# Quay removes the tag of an image with this label when its time is up (docs.quay.io, tag expiration).
_EXPIRES = "quay.expires-after"


@dataclass(frozen=True, slots=True)
class Built:
    """An image in the registry; `reused` when it was there already."""

    image: ImageReference
    reused: bool
    run: Run


def build(world: World, run: Run | None = None) -> Built:
    """Build and push the image of the commit that is checked out, unless the registry has it.

    Raises:
        UsageError: the work tree is dirty and no environment would take it.
        DeploymentFailed: the build failed. Unreachable: the registry does not answer, or refuses us.
    """
    commit = world.source.commit(world.project.trunk)
    _refuse_dirty(world, commit)
    image = _repository(world).with_tag(commit.tag)
    run = run or begin_run(world, commit)
    subject = Subject(Stage.BUILD, commit, image=str(image))
    return attempt(world, run, subject, lambda account: _build(world, run, commit, image, account))


def test(world: World, run: Run) -> None:
    """Run the project's own tests.

    Raises:
        DeploymentFailed: they failed.
    """
    commit = world.source.commit(world.project.trunk)
    attempt(world, run, Subject(Stage.TEST, commit), lambda account: _test(world, account))


def _build(world: World, run: Run, commit: Commit, image: ImageReference, account: Account) -> Built:
    _check_bill_of_materials(world)
    if started := world.local_registry.ensure(image):
        account.voice.note(started)
    there = _known_digest(world, image, account)
    if there is not None:
        return _reused(world, run, commit, image.with_digest(there), account)
    builder = world.builder()
    account.voice.note(f"building {image} with {builder.name}")
    settings = _settings(world, commit)
    builder.build(image, settings, world.project.root, _labels(world, commit), account.voice.output)
    # Another job may have been faster: what has the commit's tag keeps it.
    there = _known_digest(world, image, account)
    if there is not None:
        return _reused(world, run, commit, image.with_digest(there), account)
    try:
        pushed = builder.push(image, settings, account.voice.output)
    except Unreachable:
        # A registry whose tags never move refuses whoever comes second; any other refusal stays what it was.
        with contextlib.suppress(Unreachable):
            there = world.registry.digest(image, world.project.image)
        # What does not say whose it is may be anybody's, and was not there a moment ago.
        if there is None or not _revision(world, image.with_digest(there)):
            raise
        return _reused(world, run, commit, image.with_digest(there), account)
    account.digest = pushed
    _verify(world, image, pushed)
    account.voice.note(f"pushed {image.with_digest(pushed)}")
    _attach_bill_of_materials(world, image.with_digest(pushed), account)
    return Built(image.with_digest(pushed), reused=False, run=run)


def _reused(world: World, run: Run, commit: Commit, image: ImageReference, account: Account) -> Built:
    """The image that has the commit's tag already, if it is the commit's."""
    account.digest = image.digest or ""
    of = _revision(world, image)
    if of and of != commit.sha:
        raise DeploymentFailed(
            f"{image} is in the registry already, and is an image of commit {of[:SHORT_LENGTH]}, not of {commit.short}: "
            "the tag of a commit never moves.",
            "Find out who pushed it; then remove the tag, or push another commit.",
        )
    unlabelled = "" if of else " (it does not say which commit it is of)"
    account.voice.note(
        f"{image.repository}:{image.tag} is in the registry already, as {image.digest}{unlabelled}: nothing to build"
    )
    _attach_bill_of_materials(world, image, account)
    return Built(image, reused=True, run=run)


def _revision(world: World, image: ImageReference) -> str:
    """The commit that an image says to be of, or empty."""
    return world.registry.labels(image, world.project.image).get(_REVISION, "")


def _check_bill_of_materials(world: World) -> None:
    """Refuse to build what could not be completed.

    Raises:
        UsageError: a bill of materials is required, and cannot be made here.
    """
    if world.project.image.sbom == REQUIRED and (trouble := world.bill_of_materials.trouble()):
        raise UsageError(
            f"The image has to get a bill of materials (image.sbom), and {trouble}.",
            "Install syft (github.com/anchore/syft), or set image.sbom to wanted.",
        )


def _attach_bill_of_materials(world: World, image: ImageReference, account: Account) -> None:
    """Attach what the image is made of, if that is configured and not there yet.

    Raises:
        Unreachable: it is required, and cannot be made or attached; the image itself is in the registry.
    """
    settings, bill = world.project.image, world.bill_of_materials
    if not settings.sbom:
        return
    try:
        if trouble := bill.trouble():
            account.voice.warn(f"no bill of materials is attached: {trouble}")
        elif _SPDX not in world.artifacts.referrers(image, settings).values():
            document = bill.list(image, settings)
            world.artifacts.attach(image, document, settings)
            account.voice.note(f"attached a bill of materials of {document.count} packages")
    except Unreachable as error:
        if settings.sbom == REQUIRED:
            raise
        account.voice.warn(f"no bill of materials is attached: {error.message}")


def _verify(world: World, image: ImageReference, pushed: str) -> None:
    """Compare what was pushed with what the registry has.

    Raises:
        DeploymentFailed: it is something else, or lacks a platform.
    """
    settings = world.project.image
    stored = world.registry.digest(image, settings)
    if stored != pushed:
        raise DeploymentFailed(
            f"The registry has {image} as {stored or 'nothing'}, but {pushed} was pushed.",
            "Somebody else may push the same tag; build again.",
        )
    if len(settings.platforms) > 1:
        found = world.registry.platforms(image.with_digest(pushed), settings)
        lacking = [
            item
            for item in settings.platforms
            if not any(item in {name, name.rpartition("/")[0]} for name in found)
        ]
        if lacking:
            raise DeploymentFailed(
                f"{image.with_digest(pushed)} lacks {', '.join(lacking)}: it has {', '.join(found) or 'one image'}.",
                "Build again; the builder may know no emulation for that platform.",
            )


def _known_digest(world: World, image: ImageReference, account: Account) -> str | None:
    try:
        return world.registry.digest(image, world.project.image)
    except Refused as error:
        # Quay answers so for a repository that the first push will make; a wrong login fails there, too.
        account.voice.note(f"the registry does not tell whether it has the image yet: {error.message}")
        return None


def _test(world: World, account: Account) -> None:
    command = Command(("sh", "-c", world.project.test), directory=world.project.root)
    account.voice.note(f"running {world.project.test}")
    done = world.processes.run(command, account.voice.output)
    if done.code != 0:
        raise DeploymentFailed(
            f"The tests failed: `{world.project.test}` ended with exit code {done.code}.",
            "Read its output above, mend the commit and run again.",
        )


def _repository(world: World) -> ImageReference:
    if world.project.image.repository is None:
        raise ConfigurationError(
            "No image is configured.", hint="Name `image.repository`, or set IMAGE_NAME."
        )
    return world.project.image.repository


def _refuse_dirty(world: World, commit: Commit) -> None:
    if commit.dirty and not any("dirty" in item.allow for item in world.project.environments):
        raise UsageError(
            f"The work tree has changes that commit {commit.short} does not hold, and no environment takes such an image.",
            "Commit them, or let an environment allow it in trunkline.yaml (`allow: [dirty]`).",
        )


def _settings(world: World, commit: Commit) -> ImageSettings:
    """What is configured, with the commit filled in."""
    settings = world.project.image
    return replace(settings, build_args=_filled(world, commit, settings.build_args))


def _filled(world: World, commit: Commit, texts: Mapping[str, str]) -> dict[str, str]:
    known = {
        "${TRUNKLINE_COMMIT}": commit.sha,
        "${TRUNKLINE_SHORT_COMMIT}": commit.short,
        "${TRUNKLINE_SERVICE}": world.project.service,
    }
    filled = dict(texts)
    for spelling, value in known.items():
        filled = {name: text.replace(spelling, value) for name, text in filled.items()}
    return filled


def _labels(world: World, commit: Commit) -> dict[str, str]:
    """The pre-defined annotation keys of the OCI image specification, and those of the project."""
    settings = world.project.image
    labels = {
        **_filled(world, commit, settings.labels),
        _REVISION: commit.sha,
        "org.opencontainers.image.source": commit.source_url,
        "org.opencontainers.image.created": world.clock.now().isoformat(timespec="seconds"),
        "org.opencontainers.image.version": commit.tag,
        "org.opencontainers.image.title": world.project.service,
    }
    if settings.expires and (commit.dirty or not commit.on_trunk):
        labels[_EXPIRES] = settings.expires
    return {name: value for name, value in labels.items() if value}
