"""The steps that a deployment can be made of: frozen data, each with the step that takes it back.

`run.perform` is the only place that turns one into deeds; `describe` is what a person reads of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import assert_never

from trunkline.config import checks
from trunkline.dataclass import dataclass
from trunkline.domain.ingredients import Ingredients


@dataclass(frozen=True, slots=True)
class Repair:
    """Write `failed` where a dead Helm client left a revision `pending-*`."""

    revision: int
    status: str


@dataclass(frozen=True, slots=True)
class Remove:
    """Uninstall the release: what was installed goes, and its history."""

    reason: str


@dataclass(frozen=True, slots=True)
class Return:
    """Helm rollback to a revision that stood."""

    revision: int
    reason: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Leave a failed deployment as it is, for a person to look at; `instead_of` is how it would be undone."""

    instead_of: Return | Remove


@dataclass(frozen=True, slots=True)
class Apply:
    """Helm upgrade or install, without waiting.

    Attributes:
        install: whether there is nothing yet to upgrade.
        chart: path of the chart's directory or archive.
        chart_label: its name and version.
        values: paths of the layers, later ones win.
        pins: the image, as the last layer.
        description: the marks for the revision.
        undo: what takes it back.
    """

    install: bool
    chart: Path
    chart_label: str
    values: tuple[Path, ...]
    pins: Mapping[str, object]
    description: str
    history_max: int
    create_namespace: bool
    timeout_s: float
    undo: Undo


@dataclass(frozen=True, slots=True)
class AwaitRollout:
    """Watch the workloads of the revision until they are good, or cannot become so.

    Attributes:
        revision: an existing revision to watch; 0 for the one that the step before made.
        undo: what takes back a rollout that was found half-way; None where the step before has it.
    """

    timeout_s: float
    settle_s: float
    revision: int = 0
    undo: Undo | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """Try that what stands now does what it should."""

    check: checks.Check


@dataclass(frozen=True, slots=True)
class Soak:
    """Watch for some time whether what became good stays so; a restart or an unready pod is a failure."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class NoteGood:
    """Note in the cluster that the revision is good, so that an undo may return to it, and what it is made of."""

    ingredients: Ingredients | None = None


@dataclass(frozen=True, slots=True)
class Forget:
    """Take back what was noted as good about a release of the same name that somebody uninstalled since."""


Undo = Return | Remove | Keep
Step = Repair | Remove | Return | Keep | Apply | AwaitRollout | Check | Soak | NoteGood | Forget


@dataclass(frozen=True, slots=True)
class Plan:
    """What a deployment will do, in order.

    Attributes:
        deed: `install`, `upgrade`, `rollback` or `resume`, for people.
        notes: what was found that a person should know.
        ingredients: the chart and the layers; None where nobody wrote them down.
    """

    environment: str
    release: str
    deed: str
    commit: str
    image: str
    digest: str
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = field(default=())
    ingredients: Ingredients | None = None


def describe(step: Step) -> str:  # noqa: C901 - a case for each step
    """One line for a person."""
    match step:
        case Repair(revision, status):
            return f"mark revision {revision} failed: a Helm client left it {status} and is gone"
        case Remove(reason):
            return f"uninstall the release: {reason}"
        case Return(revision, reason):
            return f"return to revision {revision}: {reason}"
        case Apply():
            layers = ", ".join(path.name for path in step.values) or "the chart's own values"
            return f"helm {'install' if step.install else 'upgrade'} {step.chart_label} with {layers}"
        case AwaitRollout():
            return f"wait until the rollout is good, {step.timeout_s:.0f} s at most"
        case Keep():
            return "keep what failed, as configured (on_failure: keep)"
        case Check(check):
            return f"check: {check.name}, {check.timeout_s:.0f} s at most"
        case Soak(duration_s):
            return f"watch for {duration_s:.0f} s whether it stays good"
        case NoteGood():
            return "note the revision as good"
        case Forget():
            return "forget which revisions were good: the release that they belonged to is gone"
        case _:
            assert_never(step)


def undo_of(step: Step) -> Undo | None:
    """The step that takes `step` back, if it changes anything that needs to be."""
    match step:
        case Apply() | AwaitRollout():
            return step.undo
        case _:
            return None
