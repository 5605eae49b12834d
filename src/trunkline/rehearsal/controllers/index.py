"""Finds the objects of one kind by namespace and by label, so that nobody looks through all pods of a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.rehearsal.controllers.selecting import exact_labels, labels_of, matches, selector_of
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, controller_of, name_of, namespace_of
from trunkline.rehearsal.store import Change, Store

_Group = tuple[str, ...]


class Index:
    """The objects of a kind; it follows the store, and reads what was there before when it is first asked."""

    def __init__(self, store: Store, kind: Kind) -> None:
        self._store, self._kind = store, kind
        self._objects: dict[str, dict[str, Object]] = {}
        self._labelled: dict[_Group, set[str]] = {}
        self._orphans: dict[_Group, set[str]] = {}
        self._is_loaded = False
        store.listen(self._changed)

    def of_namespace(self, namespace: str) -> list[Object]:
        """All in a namespace, in the order of their names."""
        self._load()
        found = self._objects.get(namespace, {})
        return [found[name] for name in sorted(found)]

    def selected(self, namespace: str, selector: object) -> list[Object]:
        """Those that a LabelSelector selects, in the order of their names."""
        self._load()
        found = self._objects.get(namespace, {})
        crowds = [self._labelled.get((namespace, key, item), set()) for key, item in exact_labels(selector)]
        names = min(crowds, key=len) if crowds else set(found)
        return [found[name] for name in sorted(names) if matches(selector, labels_of(found[name]))]

    def orphans(self, namespace: str, selector: object) -> list[Object]:
        """Those that a LabelSelector selects and no controller owns."""
        self._load()
        found = self._objects.get(namespace, {})
        names = sorted(self._orphans.get((namespace,), ()))
        return [found[name] for name in names if matches(selector, labels_of(found[name]))]

    def selecting(self, value: Object) -> list[Object]:
        """Those of this kind whose own selector selects an object."""
        labels = labels_of(value)
        if not labels:
            return []
        self._load()
        found = self._objects.get(namespace_of(value), {})
        return [item for item in found.values() if matches(selector_of(item), labels)]

    def _load(self) -> None:
        if not self._is_loaded:
            self._is_loaded = True
            for value in self._store.all_of(self._kind):
                self._add(value)

    def _changed(self, change: Change) -> None:
        if change.kind.plural != self._kind.plural or change.kind.group != self._kind.group:
            return
        if not self._is_loaded:
            return
        if change.previous is not None:
            self._remove(change.previous)
        if change.type != "DELETED":
            self._add(change.value)

    def _add(self, value: Object) -> None:
        namespace, name = namespace_of(value), name_of(value)
        self._objects.setdefault(namespace, {})[name] = value
        for label in _labels(value):
            self._labelled.setdefault(label, set()).add(name)
        if controller_of(value) is None:
            self._orphans.setdefault((namespace,), set()).add(name)

    def _remove(self, value: Object) -> None:
        namespace, name = namespace_of(value), name_of(value)
        self._objects.get(namespace, {}).pop(name, None)
        if not self._objects.get(namespace):
            self._objects.pop(namespace, None)
        for label in _labels(value):
            _discard(self._labelled, label, name)
        _discard(self._orphans, (namespace,), name)


def _labels(value: Object) -> Iterator[_Group]:
    for key, item in labels_of(value).items():
        if isinstance(item, str):
            yield namespace_of(value), key, item


def _discard(groups: dict[_Group, set[str]], key: _Group, name: str) -> None:
    group = groups.get(key)
    if group is not None:
        group.discard(name)
        if not group:
            del groups[key]
