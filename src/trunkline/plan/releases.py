"""What a deployment of one image to one environment has to do, given what stands there now."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from trunkline.config.checks import filled
from trunkline.config.project import Environment, ImageKeys
from trunkline.dataclass import dataclass
from trunkline.domain.commits import Commit
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.ingredients import Ingredients, parse_ingredients
from trunkline.domain.releases import History, Marks, Revision
from trunkline.errors import UsageError
from trunkline.plan.steps import (
    Apply,
    AwaitRollout,
    Check,
    Forget,
    Keep,
    NoteGood,
    Plan,
    Remove,
    Repair,
    Return,
    Soak,
    Step,
    Undo,
)

_FIRST_INSTALL_FAILED = "its first install failed"
_FAILED = "the new one failed"


@dataclass(frozen=True, slots=True)
class Material:
    """What goes into a release, fetched and at hand.

    Attributes:
        chart: path of the chart's directory or archive.
        values: paths of the layers, later ones win.
        ingredients: what the two are.
        encrypted: the names of layers that were decrypted.
    """

    chart: Path
    values: tuple[Path, ...]
    ingredients: Ingredients
    encrypted: frozenset[str] = frozenset()

    @property
    def label(self) -> str:
        """The chart's name and version."""
        return str(self.ingredients.chart)

    @property
    def fingerprint(self) -> str:
        """A digest of the chart's and the layers' contents, wherever they came from."""
        content = hashlib.sha256(bytes.fromhex(self.ingredients.chart.digest))
        for layer in self.ingredients.layers:
            content.update(bytes.fromhex(layer.digest))
        return content.hexdigest()


@dataclass(frozen=True, slots=True)
class Precedent:
    """What another environment ran of a commit, which the next one takes over: its chart and the layers of both."""

    environment: str
    commit: str
    ingredients: Ingredients


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out before planning.

    Attributes:
        history: Helm's state.
        verified: the revisions known to be good.
        made_of: what those are made of, as `Ingredients.dump` has it.
    """

    history: History
    verified: Collection[int]
    made_of: Mapping[int, str] = field(default_factory=dict)

    def ingredients(self, revision: Revision) -> Ingredients | None:
        """What a good revision is made of; one that Helm returned to is made of the same as it was then."""
        origin = self.history.origin(revision)
        return parse_ingredients(self.made_of.get(origin.number, "")) if origin else None


def plan_release(
    environment: Environment,
    facts: Facts,
    material: Material,
    image: ImageReference,
    keys: ImageKeys,
    marks: Marks,
    *,
    again: bool = False,
) -> Plan:
    """Install or upgrade; or only wait, where this very release stands and nobody saw its rollout end.

    Args:
        environment: where to.
        facts: what is there.
        material: the chart and its values.
        image: what to deploy.
        keys: where the chart takes the image.
        marks: who deploys what, and why.
        again: whether to deploy once more what stands already.
    """
    pins = image_pins(image, keys)
    identity = release_identity(material, pins)
    marks = replace(marks, image=str(image), release=identity)
    latest = facts.history.latest
    undo = _undo(facts.history, facts)
    there = facts.history.marks(latest) if latest and latest.deployed else None
    if latest and there and there.release == identity and not again:
        return _resumed(environment, facts, marks, image, latest, material.ingredients)
    steps = (
        *((Forget(),) if facts.verified and not facts.history.exists else ()),
        *_repair(facts.history),
        Apply(
            install=isinstance(undo, Remove),
            chart=material.chart,
            chart_label=material.label,
            values=material.values,
            pins=pins,
            description=marks.description(),
            history_max=environment.history_max,
            create_namespace=environment.create_namespace,
            timeout_s=environment.timeout_s,
            undo=_reaction(environment, undo),
        ),
        AwaitRollout(environment.timeout_s, environment.settle_s),
        *_proofs(environment, marks.commit, image, material.ingredients),
    )
    deed = "install" if isinstance(undo, Remove) else "upgrade"
    notes = (*_notes(facts, image), *_kept(environment))
    return _plan(environment, deed, marks, image, steps, notes, material.ingredients)


def plan_rollback(environment: Environment, facts: Facts, to: int | None) -> tuple[Plan, Revision]:
    """Return to revision `to`, or to the newest good one before what stands now; the plan and that revision.

    Raises:
        UsageError: there is nothing to return to.
    """
    history = facts.history
    current = history.current or history.latest
    goal = history.find(to) if to is not None else _before(facts, current)
    if goal is None:
        kept = ", ".join(str(item.number) for item in history.revisions) or "none"
        wanted = f"revision {to}" if to is not None else "earlier good revision"
        raise UsageError(
            f"{environment.target} has no {wanted} to return to (kept: {kept}).",
            "Look at `trunkline history`, or deploy an older commit with `trunkline release`.",
        )
    marks = history.marks(goal) or Marks(commit="")
    image = image_in(marks)
    latest = history.latest
    steps: tuple[Step, ...] = (
        *((Repair(latest.number, latest.status),) if latest and latest.pending else ()),
        Return(goal.number, "asked for by a person"),
        AwaitRollout(environment.timeout_s, environment.settle_s),
        NoteGood(facts.ingredients(goal)),
    )
    plan = Plan(
        environment.name,
        str(environment.target),
        "rollback",
        marks.commit,
        marks.image,
        image.digest or "" if image else "",
        steps,
        ingredients=facts.ingredients(goal),
    )
    return plan, goal


def is_cut_off(facts: Facts) -> bool:
    """Whether a deployment ended before its end: a record still waits for it, or nobody saw what stands become good."""
    history = facts.history
    latest, current = history.latest, history.current
    if latest is None:
        return False
    return latest.pending or current is None or history.last_good(facts.verified) != current


def image_pins(image: ImageReference, keys: ImageKeys) -> Mapping[str, object]:
    """The values that pin the image, nested as the chart's keys say (`image.tag` becomes `{image: {tag: …}}`).

    Raises:
        UsageError: two keys take the same place, or one lies below the other.
    """
    pins: dict[str, Any] = {}
    for path, value in (
        (keys.repository, image.repository),
        (keys.tag, image.tag),
        (keys.digest, image.digest),
    ):
        if path and value:
            *parents, leaf = path.split(".")
            place = pins
            for parent in parents:
                place = place.setdefault(parent, {})
                if not isinstance(place, dict):
                    raise _conflict(path)
            if leaf in place:
                raise _conflict(path)
            place[leaf] = value
    return pins


def release_identity(material: Material, pins: Mapping[str, object]) -> str:
    """A digest of everything that goes into a release, 16 hexadecimal digits."""
    content = json.dumps([material.fingerprint, pins], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def image_in(marks: Marks) -> ImageReference | None:
    """The image that a revision is marked with; None where it has none that can be read."""
    try:
        return parse_image(marks.image) if marks.image else None
    except ValueError:
        return None


def _conflict(path: str) -> UsageError:
    return UsageError(
        f"The image key {path!r} takes the place of another one in the chart's values.",
        "Give `chart.image_keys` three different paths, none below another; an empty one is not set.",
    )


def _undo(history: History, facts: Facts) -> Return | Remove:
    """Back to the newest good revision of `history`.

    Where none was seen to be good (its Trunkline was killed, or the note of it was lost), what stood is still
    better than nothing: only a release that never stood is removed.
    """
    good = history.last_good(facts.verified) or next(iter(history.stood), None)
    return Return(good.number, _FAILED) if good else Remove(_FIRST_INSTALL_FAILED)


def _reaction(environment: Environment, undo: Return | Remove) -> Undo:
    return Keep(undo) if environment.on_failure == "keep" else undo


def _kept(environment: Environment) -> tuple[str, ...]:
    if environment.on_failure == "keep":
        return ("what fails is kept as it is, and not undone (on_failure: keep)",)
    return ()


def _proofs(
    environment: Environment, commit: str, image: ImageReference, ingredients: Ingredients
) -> tuple[Step, ...]:
    """What a good rollout has to go through before it counts as good, and may be returned to."""
    known = {
        "TRUNKLINE_COMMIT": commit,
        "TRUNKLINE_SHORT_COMMIT": Commit(commit).short,
        "TRUNKLINE_IMAGE": str(image),
        "TRUNKLINE_DIGEST": image.digest or "",
    }
    checks = tuple(Check(filled(check, known)) for check in environment.checks)
    return (*checks, *([Soak(environment.soak_s)] if environment.soak_s else ()), NoteGood(ingredients))


def _repair(history: History) -> tuple[Step, ...]:
    """What a client that died left behind, and Helm would stumble over."""
    latest = history.latest
    if latest is None:
        return ()
    if latest.status == "uninstalling":
        return (Remove("its removal was cut off half-way"),)
    if latest.status == "pending-install" and not history.stood:
        return (Remove("its first install was cut off half-way"),)
    return (Repair(latest.number, latest.status),) if latest.pending else ()


def _resumed(
    environment: Environment,
    facts: Facts,
    marks: Marks,
    image: ImageReference,
    latest: Revision,
    ingredients: Ingredients,
) -> Plan:
    if latest.number in facts.verified:
        return _plan(
            environment,
            "resume",
            marks,
            image,
            (),
            ("it stands already, and its rollout was good (--again deploys it once more)",),
            ingredients,
        )
    undo = _reaction(environment, _undo(facts.history.without(latest.number), facts))
    wait = AwaitRollout(environment.timeout_s, environment.settle_s, latest.number, undo)
    note = f"revision {latest.number} is this very release; only its rollout is still to be seen"
    steps = (wait, *_proofs(environment, marks.commit, image, ingredients))
    notes = (note, *_kept(environment))
    return _plan(environment, "resume", marks, image, steps, notes, ingredients)


def _before(facts: Facts, current: Revision | None) -> Revision | None:
    """The newest good revision that runs something else than `current`."""
    if current is None:
        return None
    now = facts.history.marks(current)
    earlier = History(tuple(item for item in facts.history.revisions if item.number < current.number))
    while (good := earlier.last_good(facts.verified)) is not None:
        there = facts.history.marks(good)
        if now is None or there is None or there.release != now.release:
            return good
        earlier = History(tuple(item for item in earlier.revisions if item.number < good.number))
    return None


def _notes(facts: Facts, image: ImageReference) -> tuple[str, ...]:
    notes = []
    current = facts.history.current
    marks = facts.history.marks(current) if current else None
    if current and marks is None:
        notes.append(f"revision {current.number} was not made by Trunkline")
    if image.digest is None:
        notes.append("the image is pinned by its tag alone: its digest could not be found out")
    return tuple(notes)


def _plan(
    environment: Environment,
    deed: str,
    marks: Marks,
    image: ImageReference,
    steps: tuple[Step, ...],
    notes: tuple[str, ...],
    ingredients: Ingredients,
) -> Plan:
    return Plan(
        environment=environment.name,
        release=str(environment.target),
        deed=deed,
        commit=marks.commit,
        image=str(image),
        digest=image.digest or "",
        steps=steps,
        notes=notes,
        ingredients=ingredients,
    )
