"""What the API does with an object that it is given: the rules that hold for whoever writes, client or controller.

Creation, change and deletion with names, versions, generations, finalizers, grace and propagation, as Kubernetes'
generic registry does them; what holds for one kind only is asked of `Admission`. Every call is made under the store's lock,
which admission may give away for a while to ask somebody outside: what was read before that is then looked at again.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Protocol

from trunkline.dataclass import dataclass
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.errors import FieldError, NotYet, already_exists, conflict, invalid, not_found
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import (
    Object,
    at,
    copy_of,
    metadata,
    name_of,
    namespace_of,
    new_uid,
    timestamp,
    uid_of,
)
from trunkline.rehearsal.store import Store

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
_GRACE_S = 30
_FOREGROUND, _ORPHAN = "foregroundDeletion", "orphan"


@dataclass(frozen=True, slots=True)
class Write:
    """How something is written.

    Attributes:
        manager: the field manager, for `managedFields`.
        subresource: such as `status`, empty for the object itself.
        dry_run: whether all is done but storing it.
        operation: of `managedFields`, `Apply` for a server-side apply.
        tracked: whether the fields' managers are to be noted; a server-side apply has done so itself.
        told: collects what the client is to be warned of, None where nobody listens.
    """

    manager: str = "unknown"
    subresource: str = ""
    dry_run: bool = False
    operation: str = "Update"
    tracked: bool = True
    told: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """How something is deleted (`metav1.DeleteOptions`).

    Attributes:
        grace_s: how long a pod may take to end, None for its own `terminationGracePeriodSeconds`.
        propagation: Background, Foreground or Orphan.
        uid: what has to be deleted, and nothing else of that name; empty for whatever is there.
        version: the resourceVersion that it must have; empty for any.
        told: as in `Write`.
    """

    grace_s: int | None = None
    propagation: str = "Background"
    uid: str = ""
    version: str = ""
    dry_run: bool = False
    told: list[str] | None = None


_WRITE, _DELETION = Write(), Deletion()


class Admission(Protocol):
    """What holds for objects of one kind, and what a cluster's administrators add."""

    def default(self, kind: Kind, value: Object) -> None:
        """Fill in, in place, what the API fills in where nothing is said."""
        ...

    def admit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """Look at a write, and change its object in place or refuse it.

        Raises:
            ApiError: it is refused: by a quota, a namespace that ends, a webhook.
        """
        ...

    def validate(self, kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
        """All that is wrong with an object, or with changing the previous one into it."""
        ...

    def permit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """Look at what is valid and about to be stored; nothing is changed any more.

        Raises:
            ApiError: it is refused: by a limit, a quota, a webhook.
        """
        ...

    def dismiss(self, kind: Kind, value: Object, how: Write) -> None:
        """Look at what is about to be deleted.

        Raises:
            ApiError: it has to stay.
        """
        ...


Tracking = Callable[[Kind, Object | None, Object, Write], None]
"""Notes in an object's `managedFields`, in place, who has set what: kind, previous object, object, how."""


class Registry:
    """Writes objects as the API does."""

    def __init__(self, store: Store, clock: Clock, admission: Admission, tracking: Tracking) -> None:
        self._store, self._clock = store, clock
        self._admission, self._tracking = admission, tracking

    def create(self, kind: Kind, value: Object, how: Write = _WRITE) -> Object:
        """Create an object; the argument is not kept.

        Raises:
            ApiError: it is refused.
        """
        value = copy_of(value)
        meta: dict[str, Any] = value.setdefault("metadata", {})
        if not meta.get("name") and meta.get("generateName"):
            meta["name"] = f"{meta['generateName']}{random_suffix()}"
        value["apiVersion"], value["kind"] = value.get("apiVersion") or kind.api_version, kind.kind
        if kind.has_status and kind.kind != "Node":
            value.pop("status", None)
        for key in ("resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
            meta.pop(key, None)
        meta.update(uid=new_uid(), creationTimestamp=timestamp(self._clock.now()))
        if _counts_generations(kind):
            meta["generation"] = 1
        self._admission.default(kind, value)
        if self._store.get(kind, namespace_of(value), name_of(value)) is not None:
            raise already_exists(kind.plural, kind.group, name_of(value))
        # What admission adds is nobody's: it comes after the managers are noted, as in the real API.
        if how.tracked:
            self._tracking(kind, None, value, how)
        self._admission.admit(kind, value, None, how)
        self._check(kind, value, None)
        self._admission.permit(kind, value, None, how)
        self._check_unchanged(kind, value, None)
        return value if how.dry_run else self._store.put(kind, value)

    def update(self, kind: Kind, value: Object, how: Write = _WRITE) -> Object:
        """Put an object in place of the one of its name; the argument is not kept.

        Raises:
            ApiError: there is none, it has changed since, or it is refused.
        """
        value = copy_of(value)
        previous = self._existing(kind, namespace_of(value), name_of(value))
        _same_version(kind, previous, metadata(value).get("resourceVersion") or "")
        if metadata(value).get("uid") not in {None, "", uid_of(previous)}:
            why = f"Precondition failed: UID in precondition: {uid_of(value)}, UID in object meta: {uid_of(previous)}"
            raise conflict(kind.plural, kind.group, name_of(value), why)
        _keep(kind, previous, value, how.subresource)
        self._admission.default(kind, value)
        if how.tracked:
            self._tracking(kind, previous, value, how)
        self._admission.admit(kind, value, previous, how)
        self._check(kind, value, previous)
        self._admission.permit(kind, value, previous, how)
        self._check_unchanged(kind, value, previous)
        if _counts_generations(kind) and not how.subresource and _asks_for(value) != _asks_for(previous):
            value["metadata"]["generation"] = int(previous["metadata"].get("generation") or 1) + 1
        if how.dry_run:
            return value
        if _may_go(value):
            self._store.put(kind, value)
            return self._store.remove(kind, namespace_of(value), name_of(value))
        return self._store.put(kind, value)

    def update_status(self, kind: Kind, value: Object, manager: str = "kube-controller-manager") -> Object:
        """Write the status of an object as its controller does.

        Raises:
            ApiError: there is no such object any more.
        """
        return self.update(kind, value, Write(manager, "status" if kind.has_status else ""))

    def delete(self, kind: Kind, namespace: str, name: str, how: Deletion = _DELETION) -> Object:
        """Delete an object, or begin to: what has finalizers or a grace stays until they are done.

        Returns:
            The object as it is now, or was last.

        Raises:
            ApiError: there is none, or it is another one than was meant.
        """
        by = Write(dry_run=how.dry_run, told=how.told)
        self._admission.dismiss(kind, self._existing(kind, namespace, name), by)
        value: Object = copy_of(self._existing(kind, namespace, name))
        _same_version(kind, value, how.version)
        if how.uid and how.uid != uid_of(value):
            why = f"Precondition failed: UID in precondition: {how.uid}, UID in object meta: {uid_of(value)}"
            raise conflict(kind.plural, kind.group, name, why)
        meta = value["metadata"]
        grace_s = _grace_of(kind, value, how.grace_s)
        finalizers = [item for item in meta.get("finalizers") or () if item not in {_FOREGROUND, _ORPHAN}]
        if how.propagation == "Foreground":
            finalizers.append(_FOREGROUND)
        elif how.propagation == "Orphan":
            finalizers.append(_ORPHAN)
        first = not meta.get("deletionTimestamp")
        if first or grace_s < int(meta.get("deletionGracePeriodSeconds") or 0):
            meta["deletionTimestamp"] = timestamp(self._clock.now())
            meta["deletionGracePeriodSeconds"] = grace_s
            if first and _counts_generations(kind):
                meta["generation"] = int(meta.get("generation") or 1) + 1
        meta["finalizers"] = finalizers
        if not finalizers:
            del meta["finalizers"]
        if kind.kind == "Namespace":
            value.setdefault("status", {})["phase"] = "Terminating"
        if how.dry_run:
            return value
        # What goes at once is never seen ending: a watch tells of its end only.
        return self._store.remove(kind, namespace, name) if _may_go(value) else self._store.put(kind, value)

    def _existing(self, kind: Kind, namespace: str, name: str) -> Object:
        found = self._store.get(kind, namespace, name)
        if found is None:
            raise not_found(kind.plural, kind.group, name)
        return found

    def _check_unchanged(self, kind: Kind, value: Object, previous: Object | None) -> None:
        found = self._store.get(kind, namespace_of(value), name_of(value))
        if found is previous:
            return
        if previous is None:
            raise already_exists(kind.plural, kind.group, name_of(value))
        if found is None:
            raise not_found(kind.plural, kind.group, name_of(value))
        raise NotYet(conflict(kind.plural, kind.group, name_of(value)))

    def _check(self, kind: Kind, value: Object, previous: Object | None) -> None:
        problems = self._admission.validate(kind, value, previous)
        if problems:
            raise invalid(kind.kind, kind.group, name_of(value), problems)


def random_suffix(length: int = 5) -> str:
    """The end of a generated name: letters without vowels, so that no word comes about."""
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _counts_generations(kind: Kind) -> bool:
    """Whether changes to what an object asks for are counted; the core's kinds count none, but for pods."""
    return kind.group not in {"", "events.k8s.io", "coordination.k8s.io", "rbac.authorization.k8s.io", "discovery.k8s.io"} and kind.kind not in {
        "PriorityClass", "StorageClass", "ControllerRevision",
    }  # fmt: skip


def _asks_for(value: Object) -> Object:
    return {key: item for key, item in value.items() if key not in {"metadata", "status", "apiVersion"}}


def _same_version(kind: Kind, previous: Object, version: str) -> None:
    if version and version != metadata(previous).get("resourceVersion"):
        raise conflict(kind.plural, kind.group, name_of(previous))


def _keep(kind: Kind, previous: Object, value: Object, subresource: str) -> None:
    """Put back, in place, what this write may not change."""
    before, meta = metadata(previous), value.setdefault("metadata", {})
    if subresource == "status":
        status = value.get("status")
        managed = meta.get("managedFields")
        value.clear()
        value.update(copy_of(previous))
        if managed is not None:
            value["metadata"]["managedFields"] = managed
        value.pop("status", None)
        if status is not None:
            value["status"] = status
        return
    for key in (
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
    ):
        meta.pop(key, None)
        if key in before:
            meta[key] = before[key]
    value["kind"] = kind.kind
    value["apiVersion"] = value.get("apiVersion") or previous["apiVersion"]
    if "managedFields" not in meta and "managedFields" in before:
        meta["managedFields"] = copy_of(before["managedFields"])
    if kind.has_status:
        value.pop("status", None)
        if "status" in previous:
            value["status"] = copy_of(previous["status"])


def _grace_of(kind: Kind, value: Object, asked_s: int | None) -> int:
    if kind.kind != "Pod" or kind.group:
        return 0
    # A pod that no kubelet has, or that has ended, needs no time to end.
    if not at(value, "spec", "nodeName") or str(at(value, "status", "phase")) in {"Succeeded", "Failed"}:
        return 0
    own_s = at(value, "spec", "terminationGracePeriodSeconds")
    grace_s = asked_s if asked_s is not None else own_s if isinstance(own_s, int) else _GRACE_S
    # As the API's pod strategy: what is negative is one second.
    return int(grace_s) if grace_s >= 0 else 1


def _may_go(value: Object) -> bool:
    """Whether an object that ends waits for nobody any more."""
    meta = metadata(value)
    if not meta.get("deletionTimestamp") or meta.get("finalizers") or meta.get("deletionGracePeriodSeconds"):
        return False
    return not (value["kind"] == "Namespace" and (value.get("spec") or {}).get("finalizers"))
