"""The port `Watch`: reflectors that are opened as they are needed, and the observations that are made of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from trunkline.adapters.kubernetes.client import JsonObject, KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.discovery import Kinds, UnknownKind
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.picture import compose
from trunkline.adapters.kubernetes.reflector import Reflector
from trunkline.domain.redaction import Redactor
from trunkline.domain.rollouts import KubernetesObject, Observation, Resource
from trunkline.errors import TrunklineError
from trunkline.ports import Clock

_PATIENCE = Patience(request_s=5.0, retry_s=0.0)
# One change seldom comes alone; those that come together are seen together.
_COALESCED_S = 0.02
_LONGEST_REST_S = 0.5
_FIRST_LISTS_S = 2.0
_LEAVE_S = 2.0
_HOOK = "helm.sh/hook"
_VERSIONS = {"Pod": "v1", "Event": "v1", "ReplicaSet": "apps/v1", "Job": "batch/v1"}


class KubernetesWatch:
    """Implements the port `Watch`; `close` ends all of its threads."""

    def __init__(self, client: KubernetesClient, clock: Clock, redactor: Redactor, namespace: str) -> None:
        self._client = client.with_patience(_PATIENCE)
        self._clock, self._redactor, self._namespace = clock, redactor, namespace
        self._kinds = Kinds(self._client)
        self._began = clock.monotonic()
        self._changes = 0
        self._changed = threading.Condition()
        self._reflectors: dict[str, Reflector] = {}
        for kind in ("Pod", "Event", "Job"):
            self._open(self._path(kind, namespace))

    def observe(self, resources: Sequence[Resource], timeout_s: float) -> Iterator[Observation]:
        """See the port."""
        started = self._clock.monotonic()
        source = _Kept(self)
        for reflector in self._needed(resources):
            reflector.listed.wait(max(0.0, _FIRST_LISTS_S - (self._clock.monotonic() - started)))
        while True:
            seen_changes = self._changes
            trouble = self._trouble(resources)
            now = compose(source, resources)
            elapsed_s = self._clock.monotonic() - started
            if elapsed_s >= timeout_s:
                yield self._last(resources, now, trouble, elapsed_s)
                return
            yield replace(now, elapsed_s=elapsed_s, trouble=trouble)
            left_s = timeout_s - (self._clock.monotonic() - started)
            self._rest(seen_changes, min(_LONGEST_REST_S, max(0.0, left_s)))

    def look(self, resources: Sequence[Resource]) -> Observation:
        """See the port."""
        return compose(_Asked(self._client, self._kinds, self._redactor), resources)

    def hooks(self) -> Observation:
        """See the port."""
        found: dict[Resource, KubernetesObject] = {}
        for kind in ("Job", "Pod"):
            reflector = self._reflectors[self._path(kind, self._namespace)]
            for uid, thing in reflector.objects().items():
                metadata = thing.get("metadata") or {}
                if uid not in reflector.first and _HOOK in (metadata.get("annotations") or {}):
                    resource = Resource(kind, self._namespace, str(metadata.get("name")), _VERSIONS[kind])
                    found[resource] = thing
        elapsed_s = self._clock.monotonic() - self._began
        if not found:
            return Observation(elapsed_s, {})
        return replace(compose(_Kept(self, found), tuple(found)), elapsed_s=elapsed_s)

    def close(self) -> None:
        """End all threads."""
        for reflector in self._reflectors.values():
            reflector.close()
        for reflector in self._reflectors.values():
            reflector.join(_LEAVE_S)

    def kept(self, kind: str, namespace: str, api_version: str = "") -> Mapping[str, JsonObject]:
        """What the reflector of a collection holds; it is opened where it was not."""
        try:
            path = self._path(kind, namespace, api_version)
        except (UnknownKind, TrunklineError):
            return {}
        return self._open(path).objects()

    def _needed(self, resources: Sequence[Resource]) -> list[Reflector]:
        wanted = [(resource.kind, resource.namespace, resource.api_version) for resource in resources]
        for resource in resources:
            if resource.has_pods:
                wanted += [("Pod", resource.namespace, ""), ("Event", resource.namespace, "")]
            if resource.kind == "Deployment":
                wanted.append(("ReplicaSet", resource.namespace, ""))
        found = []
        for kind, namespace, api_version in dict.fromkeys(wanted):
            # A kind that is not served yet may be so after its definition is.
            try:
                found.append(self._open(self._path(kind, namespace, api_version)))
            except (UnknownKind, TrunklineError):
                continue
        return found

    def _trouble(self, resources: Sequence[Resource]) -> str:
        return next(filter(None, (reflector.trouble() for reflector in self._needed(resources))), "")

    def _last(
        self, resources: Sequence[Resource], seen: Observation, trouble: str, elapsed_s: float
    ) -> Observation:
        """The last word is the API's own, if it answers."""
        try:
            seen, trouble = self.look(resources), ""
        except TrunklineError as error:
            trouble = trouble or error.message
        return replace(seen, elapsed_s=elapsed_s, trouble=trouble, expired=True)

    def _rest(self, seen_changes: int, longest_s: float) -> None:
        with self._changed:
            if self._changes == seen_changes:
                self._clock.wait(self._changed, longest_s)
            came = self._changes != seen_changes
        if came:
            self._clock.sleep(min(_COALESCED_S, longest_s))

    def _path(self, kind: str, namespace: str, api_version: str = "") -> str:
        return self._kinds.collection(api_version or _VERSIONS.get(kind, ""), kind, namespace)

    def _open(self, path: str) -> Reflector:
        if path not in self._reflectors:
            prepare = _preparation(path, self._redactor)
            # Events are evidence: who may not read them can still see how a rollout goes.
            optional = path.endswith("/events")
            self._reflectors[path] = Reflector(
                self._client, path, prepare, self._note_change, optional=optional
            )
        return self._reflectors[path]

    def _note_change(self) -> None:
        with self._changed:
            self._changes += 1
            self._changed.notify_all()


class _Kept:
    """A `Source` of what the reflectors hold; `known` are objects that are at hand already."""

    def __init__(
        self, watch: KubernetesWatch, known: Mapping[Resource, KubernetesObject] | None = None
    ) -> None:
        self._watch, self._known = watch, known or {}

    def one(self, resource: Resource) -> KubernetesObject | None:
        if resource in self._known:
            return self._known[resource]
        found = self._watch.kept(resource.kind, resource.namespace, resource.api_version).values()
        return next(
            (thing for thing in found if (thing.get("metadata") or {}).get("name") == resource.name), None
        )

    def of(self, kind: str, namespace: str) -> Iterable[KubernetesObject]:
        return self._watch.kept(kind, namespace).values()


class _Asked:
    """A `Source` that asks the API, each collection once."""

    def __init__(self, client: KubernetesClient, kinds: Kinds, redactor: Redactor) -> None:
        self._client, self._kinds, self._redactor = client, kinds, redactor
        self._lists: dict[str, tuple[JsonObject, ...]] = {}

    def one(self, resource: Resource) -> KubernetesObject | None:
        try:
            where = self._kinds.collection(resource.api_version, resource.kind, resource.namespace)
            return _preparation(where, self._redactor)(self._client.get(path_of(where, resource.name)))
        except UnknownKind:
            return None
        except ApiError as error:
            if error.not_found:
                return None
            raise

    def of(self, kind: str, namespace: str) -> Iterable[KubernetesObject]:
        path = self._kinds.collection(_VERSIONS[kind], kind, namespace)
        if path not in self._lists:
            self._lists[path] = self._listed(path)
        return self._lists[path]

    def _listed(self, path: str) -> tuple[JsonObject, ...]:
        try:
            found = self._client.list(path).items
        except ApiError as error:
            if error.forbidden and path.endswith("/events"):
                return ()
            raise
        return tuple(map(_preparation(path, self._redactor), found))


def _preparation(path: str, redactor: Redactor) -> Callable[[JsonObject], JsonObject]:
    """Hides secrets in what people are shown: messages of events, and statuses with the messages of containers."""
    if path.endswith("/events"):
        return redactor.value
    return lambda thing: (
        {**thing, "status": redactor.value(thing["status"])} if thing.get("status") else thing
    )
