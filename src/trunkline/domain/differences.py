"""Where two versions of a Kubernetes object differ, path by path, with nothing in it that must not be shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.disclosure import conceals, disclosed
from trunkline.domain.manifests import Identity, essence, identified, merge_key, same
from trunkline.domain.rollouts import KubernetesObject

# Deeper than any object of Kubernetes; what lies below is compared as a whole.
_DEEPEST = 60


class _Missing:
    """The type of `MISSING`: there is nothing at this path, not even null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING = _Missing()


class ChangeKind(StrEnum):
    """What became of a path or of an object."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a path: into a field, or to a list's item, which then is at hand.

    Attributes:
        item: the mapping or scalar in the list; MISSING for a field.
    """

    label: str
    item: Any = MISSING

    @property
    def to_item(self) -> bool:
        """Whether it leads to a list's item."""
        return self.item is not MISSING


Path = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs.

    Attributes:
        path: such as `spec.template.spec.containers[web].image`.
        before, after: the values, with secrets masked; None where there is none, or it is not to be shown.
        hidden: whether the values are kept back because they are secret.
        by: who did it as Kubernetes noted it, such as `kubectl-edit`; empty where it did not.
        at: when that client last changed the object, RFC 3339, UTC; or empty.
    """

    path: str
    kind: ChangeKind
    before: Any = None
    after: Any = None
    hidden: bool = False
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that differs; one that is new or gone has one change, without a path: all of it."""

    object: Identity
    kind: ChangeKind
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A difference before anything of it is masked; a side that has nothing is MISSING."""

    path: Path
    before: Any
    after: Any


def compare_manifests(
    before: Iterable[object], after: Iterable[object], namespace: str
) -> tuple[ObjectChange, ...]:
    """What turns one manifest into the other, in the order of kinds and names."""
    old, new = identified(before, namespace), identified(after, namespace)
    changes = []
    for identity in sorted(old.keys() | new.keys()):
        if identity not in old:
            changes.append(whole(identity, MISSING, new[identity]))
        elif identity not in new:
            changes.append(whole(identity, old[identity], MISSING))
        elif found := compare_objects(old[identity], new[identity]):
            changes.append(ObjectChange(identity, ChangeKind.CHANGED, found))
    return tuple(changes)


def whole(identity: Identity, before: Any, after: Any) -> ObjectChange:
    """An object that is on one side only; the other one is MISSING."""
    sides = (essence(side) if isinstance(side, Mapping) else side for side in (before, after))
    change = masked(identity.kind, Found((), *sides))
    return ObjectChange(identity, change.kind, (change,))


def compare_objects(before: KubernetesObject, after: KubernetesObject) -> tuple[Change, ...]:
    """What differs between two versions of one object."""
    kind = str(after.get("kind", ""))
    return tuple(masked(kind, found) for found in compare(essence(before), essence(after)))


def compare(before: Any, after: Any, path: Path = ()) -> Iterator[Found]:
    """Where two values differ; null is nothing, and the order of lists that have keys says nothing."""
    before, after = (MISSING if value is None else value for value in (before, after))
    if len(path) < _DEEPEST and isinstance(before, Mapping) and isinstance(after, Mapping):
        for name, one, other in paired_fields(before, after):
            yield from compare(one, other, (*path, Step(name)))
    elif len(path) < _DEEPEST and isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(before, after, path)
    elif not _equal(before, after, path):
        yield from _spread(Found(path, before, after))


def equal(one: Any, other: Any, path: Path = ()) -> bool:
    """Whether nothing differs."""
    return next(compare(one, other, path), None) is None


def masked(kind: str, found: Found, by: str = "", at: str = "") -> Change:
    """The difference as it may be shown of an object of that kind."""
    fields = tuple(step.label for step in found.path)
    values = [None if side is MISSING else side for side in (found.before, found.after)]
    before, after = (disclosed(kind, fields, value) for value in values)
    deed = ChangeKind.CHANGED
    if found.before is MISSING:
        deed = ChangeKind.ADDED
    elif found.after is MISSING:
        deed = ChangeKind.REMOVED
    hidden = conceals(kind, fields) or (deed is ChangeKind.CHANGED and equal(before, after))
    if hidden:
        before = after = None
    return Change(spelled(found.path), deed, before, after, hidden, by, at)


def spelled(path: Path) -> str:
    """The path for people: fields with dots, items and names that have dots themselves in brackets."""
    text = ""
    for step in path:
        plain = not step.to_item and step.label and not set(step.label) & set(".[]/ ")
        text += f".{step.label}" if plain else f"[{step.label}]"
    return text.removeprefix(".")


def fields_of(value: Mapping[Any, Any]) -> dict[str, Any]:
    """The mapping with texts as keys: YAML allows others."""
    return {str(key): item for key, item in value.items()}


def paired_fields(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Each name with what both sides have there, MISSING included."""
    old, new = fields_of(before), fields_of(after)
    for name in dict.fromkeys((*old, *new)):
        yield name, old.get(name, MISSING), new.get(name, MISSING)


def paired_items(before: Sequence[Any], after: Sequence[Any]) -> Iterator[tuple[Step, Any, Any]] | None:
    """Each item with its counterpart, MISSING included; None for lists that only make sense as a whole."""
    key = merge_key(before, after)
    if key is not None:
        old, new = ({key(item): item for item in items} for items in (before, after))
        return (
            (Step(name, new.get(name, old.get(name))), old.get(name, MISSING), new.get(name, MISSING))
            for name in dict.fromkeys((*old, *new))
        )
    if len(before) == len(after) and all(isinstance(item, (Mapping, list)) for item in (*before, *after)):
        pairs = enumerate(zip(before, after, strict=True))
        return ((Step(str(number), other), one, other) for number, (one, other) in pairs)
    return None


def _compare_lists(before: list[Any], after: list[Any], path: Path) -> Iterator[Found]:
    pairs = paired_items(before, after)
    if pairs is not None:
        for step, one, other in pairs:
            yield from compare(one, other, (*path, step))
    elif not _equal(before, after, path):
        yield Found(path, before, after)


def _spread(found: Found) -> Iterator[Found]:
    """What is there on one side only, field by field and item by item; an item itself stays whole."""
    value = found.after if found.before is MISSING else found.before
    alone = found.before is MISSING or found.after is MISSING
    parts = parts_of(value, found.path) if alone and len(found.path) < _DEEPEST else None
    if parts is None:
        yield found
        return
    for below, part in parts:
        if part is not None:
            one, other = (part, MISSING) if found.after is MISSING else (MISSING, part)
            yield from _spread(Found(below, one, other))


def parts_of(value: Any, path: Path) -> list[tuple[Path, Any]] | None:
    """The fields of a mapping or the items of a list that has keys, with their paths; None for what stays whole."""
    if not value or (path and path[-1].to_item):
        return None
    if isinstance(value, Mapping):
        return [((*path, Step(name)), item) for name, item in fields_of(value).items()]
    if isinstance(value, list) and (key := merge_key(value)) is not None:
        return [((*path, Step(key(item), item)), item) for item in value]
    return None


def _equal(before: Any, after: Any, path: Path) -> bool:
    fields = tuple(step.label for step in path)
    try:
        if isinstance(before, list) and isinstance(after, list):
            return len(before) == len(after) and all(
                _equal(one, other, path) for one, other in zip(before, after, strict=True)
            )
        if len(path) >= _DEEPEST:
            return bool(before == after)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            return equal(before, after, path)
        return same(before, after, fields)
    except RecursionError:
        return before is after
