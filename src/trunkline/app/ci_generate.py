"""The configuration that CircleCI runs, made of the project; and whether the one that is there still is that."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.config.project import Project
from trunkline.dataclass import dataclass
from trunkline.errors import UsageError
from trunkline.expressions import expression
from trunkline.plan.circleci.jobs import Pipeline
from trunkline.plan.circleci.pipeline import pipeline_of
from trunkline.plan.circleci.writing import parted, sum_of, written

PLACE = ".circleci/config.yml"
_PINNED = expression(r"image: \"?(\S+?)@(sha256:[0-9a-f]{64})")
_GENERATE = "Make it anew: trunkline ci generate circleci"


@dataclass(frozen=True, slots=True)
class Drift:
    """Why a generated file is not what the project says.

    Attributes:
        line: where they part, from 1.
    """

    line: int
    why: str
    mend: str


def pipeline_for(project: Project, images: Mapping[str, str]) -> Pipeline:
    """The project's jobs on CircleCI.

    Args:
        project: what is configured.
        images: the images of environments' jobs, as far as they are known besides `ci.circleci.images`.

    Raises:
        UsageError: an environment's jobs have no image.
    """
    known = {**images, **project.circleci.images}
    missing = [item.name for item in project.environments if item.name not in known]
    if missing:
        raise UsageError(
            f"The jobs of {', '.join(missing)} have no image with Helm and kubectl in it.",
            "Build and push them: trunkline ci images --build --push; or name your own in ci.circleci.images.",
        )
    return pipeline_of(project, known)


def explained(project: Project) -> Pipeline:
    """The same for a person, whether the images are there or not."""
    return pipeline_of(
        project, {item.name: "deploy" for item in project.environments} | dict(project.circleci.images)
    )


def generated(project: Project, images: Mapping[str, str]) -> str:
    """The text of `.circleci/config.yml`.

    Raises:
        UsageError: as `pipeline_for`.
    """
    return written(pipeline_for(project, images))


def is_generated(text: str) -> bool:
    """Whether a file is one of ours, be it changed by hand since."""
    return parted(text) is not None


def is_changed_by_hand(text: str) -> bool:
    """Whether a file is one of ours that somebody edited."""
    parts = parted(text)
    return parts is not None and sum_of(parts[1]) != parts[0]


def drift(project: Project, text: str) -> Drift | None:
    """Where a generated file is not what the project says now; None where it is, and for a file of somebody else's.

    No registry is asked: a digest that the file pins is taken for the right one of its tag.
    """
    parts = parted(text)
    if parts is None:
        return None
    if is_changed_by_hand(text):
        return Drift(_mark_line(text), "it was changed by hand since it was made", _GENERATE)
    try:
        expected = generated(project, pinned(project, text))
    except UsageError as error:
        return Drift(_mark_line(text), error.message, error.hint)
    if expected == text:
        return None
    return Drift(
        _first_difference(expected, text),
        "trunkline.yaml, or this version of Trunkline, says something else",
        _GENERATE,
    )


def pinned(project: Project, text: str) -> Mapping[str, str]:
    """The images that a generated file gives to the jobs of environments."""
    found: dict[str, str] = {}
    current = ""
    names = {f"deploy-{item.name}": item.name for item in project.environments}
    for line in text.splitlines():
        if line.startswith("  ") and not line.startswith("   ") and line.endswith(":"):
            current = names.get(line.strip().removesuffix(":"), "")
        elif current and (image := _PINNED.search(line)):
            found[current] = f"{image[1]}@{image[2]}"
    return found


def _mark_line(text: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if "sha256:" in line)


def _first_difference(expected: str, text: str) -> int:
    wanted, there = (part.splitlines()[_HEAD_LINES:] for part in (expected, text))
    pairs = zip(wanted, there, strict=False)
    same = next(
        (index for index, (one, other) in enumerate(pairs) if one != other), min(len(wanted), len(there))
    )
    return _HEAD_LINES + same + 1


# The comment with the sum is different wherever anything is.
_HEAD_LINES = 3
