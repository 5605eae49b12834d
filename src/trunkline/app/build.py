"""Building a commit's image once, and running its tests before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trunkline.domain.attempts import Run, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.images import ImageReference
from trunkline.errors import ConfigurationError, DeploymentFailed, Refused, UsageError
from trunkline.ports import Command, World
from trunkline.run.attempts import Account, Subject, attempt, begin_run


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
    project = world.project
    there = _known_digest(world, image, account)
    if there is not None:
        account.digest = there
        account.voice.note(f"{image} is in the registry already, as {there}: nothing to build")
        return Built(image.with_digest(there), reused=True, run=run)
    builder = world.builder()
    account.voice.note(f"building {image} with {builder.name}")
    settings = replace(project.image, build_args=_build_args(world, commit))
    builder.build(image, settings, project.root, _labels(world, commit), account.voice.output)
    pushed = builder.push(image, settings, account.voice.output)
    account.digest = pushed
    stored = world.registry.digest(image, project.image)
    if stored != pushed:
        raise DeploymentFailed(
            f"The registry has {image} as {stored or 'nothing'}, but {pushed} was pushed.",
            "Somebody else may push the same tag; build again.",
        )
    account.voice.note(f"pushed {image.with_digest(pushed)}")
    return Built(image.with_digest(pushed), reused=False, run=run)


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


def _build_args(world: World, commit: Commit) -> dict[str, str]:
    known = {
        "${TRUNKLINE_COMMIT}": commit.sha,
        "${TRUNKLINE_SHORT_COMMIT}": commit.short,
        "${TRUNKLINE_SERVICE}": world.project.service,
    }
    arguments = dict(world.project.image.build_args)
    for spelling, value in known.items():
        arguments = {name: text.replace(spelling, value) for name, text in arguments.items()}
    return arguments


def _labels(world: World, commit: Commit) -> dict[str, str]:
    """The pre-defined annotation keys of the OCI image specification."""
    labels = {
        "org.opencontainers.image.revision": commit.sha,
        "org.opencontainers.image.source": commit.source_url,
        "org.opencontainers.image.created": world.clock.now().isoformat(timespec="seconds"),
        "org.opencontainers.image.version": commit.tag,
        "org.opencontainers.image.title": world.project.service,
    }
    return {name: value for name, value in labels.items() if value}
