"""Which builder is taken, and what is said when none works."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.processes import Answer, FakeProcesses
from trunkline.adapters.builders import choose_builder
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import Command, ImageBuilder

HOME = Path("/nonexistent")
NO_ENGINE = (1, "\n", "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?\n")


def choose(wanted: str, *installed: str, **answers: Answer) -> tuple[ImageBuilder, FakeProcesses]:
    def answer(command: Command) -> Answer:
        return answers.get(command.argv[0], (0, "fine", ""))

    processes = FakeProcesses(answer, *installed)
    return choose_builder(wanted, processes, {}, HOME, pause=lambda _: None), processes


@pytest.mark.parametrize(
    ("installed", "chosen"),
    [
        (("docker", "podman", "buildah"), "docker"),
        (("podman", "buildah"), "podman"),
        (("buildah",), "buildah"),
    ],
)
def test_the_first_that_works_is_taken(installed: tuple[str, ...], chosen: str) -> None:
    """Docker comes before Podman, Podman before Buildah."""
    builder, _ = choose("", *installed)
    assert builder.name == chosen


@pytest.mark.parametrize("answer", [NO_ENGINE, TimeoutError("silent")])
def test_a_docker_client_alone_does_not_work(answer: Answer) -> None:
    """A client whose engine does not answer is passed over for what works."""
    builder, processes = choose("", "docker", "buildah", docker=answer)
    assert builder.name == "buildah"
    assert all(command.timeout_s for command in processes.commands)


def test_the_wanted_one_is_taken() -> None:
    """A builder that was asked for is taken before all others."""
    builder, processes = choose("buildah", "docker", "podman", "buildah")
    assert builder.name == "buildah"
    assert [command.argv[0] for command in processes.commands] == ["buildah"]


def test_nothing_installed_is_a_mistake_of_use() -> None:
    """Without any builder the error is exit code 2 and names all three."""
    with pytest.raises(
        UsageError, match="docker: not installed, podman: not installed, buildah: not installed"
    ):
        choose("")
    with pytest.raises(UsageError, match="podman: not installed"):
        choose("podman", "docker")


def test_an_engine_that_does_not_answer_is_unreachable() -> None:
    """The wanted Docker without its engine is exit code 7, in the client's own words."""
    with pytest.raises(Unreachable, match="Cannot connect to the Docker daemon") as caught:
        choose("docker", "docker", docker=NO_ENGINE)
    assert "setup_remote_docker" in caught.value.hint


def test_all_that_was_tried_is_named() -> None:
    """When what is installed does not work, the error says of each why."""
    broken = (125, "", "Error: 'overlay' is not supported\n")
    with pytest.raises(Unreachable) as caught:
        choose("", "docker", "podman", docker=NO_ENGINE, podman=broken)
    assert "docker: Cannot connect" in caught.value.message
    assert "podman: Error: 'overlay' is not supported" in caught.value.message
    assert "buildah: not installed" in caught.value.message


def test_an_unknown_builder_is_a_mistake_of_use() -> None:
    """A name that is no builder is refused with those that are."""
    with pytest.raises(UsageError, match="no builder 'kaniko'") as caught:
        choose("kaniko")
    assert "docker, podman or buildah" in caught.value.hint
