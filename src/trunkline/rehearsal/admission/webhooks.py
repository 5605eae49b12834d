"""Admission webhooks: asked over HTTP, while the store's lock is given to others.

The call is made in a thread of its own, and whoever writes waits for it on a condition of the lock, which is free
meanwhile: what was read before may have changed by then, and the registry looks again before it stores anything.
A webhook that runs in the cluster, behind a Service with pods that are ready, cannot be asked, since no container runs:
it is taken to agree.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

from trunkline.rehearsal.admission.webhook_calls import CallFailed, call, seconds_of, too_late, with_timeout
from trunkline.rehearsal.admission.webhook_reviews import BadReview, Verdict, question, refusal, verdict
from trunkline.rehearsal.admission.webhook_rules import Asked, applies, may_be_asked
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.controllers.reading import entries, mapping, whole
from trunkline.rehearsal.controllers.selecting import labels_of
from trunkline.rehearsal.errors import ApiError, bad_request
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, at
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Store

_GROUP = "admissionregistration.k8s.io"
_BREATH_S, _MARGIN_S = 0.005, 0.2
_HARMLESS = {"None", "NoneOnDryRun"}


class Webhooks:
    """Asks the webhooks of a cluster."""

    def __init__(self, store: Store, kinds: Kinds, clock: Clock) -> None:
        self._store, self._kinds, self._clock = store, kinds, clock
        self._changing = kinds.named(_GROUP, "MutatingWebhookConfiguration")
        self._looking = kinds.named(_GROUP, "ValidatingWebhookConfiguration")
        self._namespaces = kinds.named("", "Namespace")
        self._services, self._endpoints = kinds.named("", "Service"), kinds.named("", "Endpoints")

    def change(
        self,
        kind: Kind,
        value: Object,
        previous: Object | None,
        how: Write,
        default: Callable[[Object], None],
    ) -> None:
        """Let the mutating ones change what is written, in place; `default` fills in what a patch leaves out.

        Raises:
            ApiError: one refuses, or cannot be asked.
        """
        asked = Asked(kind, "CREATE" if previous is None else "UPDATE", value, previous, how)
        for hook in self._hooks(self._changing, asked):
            found = self._ask(hook, asked, may_change=True)
            if found is not None and found.patch is not None and asked.value is not None:
                _patched(asked, found.patch)
                default(value)

    def look(self, kind: Kind, value: Object | None, previous: Object | None, how: Write) -> bool:
        """Ask the validating ones about a creation, a change, or a deletion, after which there is no object.

        Returns:
            Whether there were any.

        Raises:
            ApiError: one refuses, or cannot be asked.
        """
        operation = "DELETE" if value is None else "CREATE" if previous is None else "UPDATE"
        asked = Asked(kind, operation, value, previous, how)
        was_asked = False
        for hook in self._hooks(self._looking, asked):
            was_asked = True
            self._ask(hook, asked, may_change=False)
        return was_asked

    def _hooks(self, kind: Kind, asked: Asked) -> Iterator[dict[str, Any]]:
        if not self._store.count(kind) or not may_be_asked(asked.kind):
            return
        for configuration in self._store.all_of(kind):
            for hook in entries(configuration, "webhooks"):
                # Each looks at what those before it have made of the object.
                if applies(hook, asked, self._labels(asked)):
                    yield hook

    def _labels(self, asked: Asked) -> dict[str, Any] | None:
        if not asked.namespace:
            return None
        if not asked.kind.namespaced and asked.value is not None:
            return labels_of(asked.value)
        found = self._store.get(self._namespaces, "", asked.namespace)
        return labels_of(found) if found is not None else {}

    def _ask(self, hook: dict[str, Any], asked: Asked, *, may_change: bool) -> Verdict | None:
        name = str(hook.get("name"))
        if asked.how.dry_run and hook.get("sideEffects") not in _HARMLESS:
            raise bad_request(f'admission webhook "{name}" does not support dry run')
        try:
            found = self._verdict(hook, asked, may_change=may_change)
        except CallFailed as error:
            _fail(hook, f"failed to call webhook: {error}")
            return None
        except BadReview as error:
            _fail(hook, f"received invalid webhook response: {error}")
            return None
        if found is None:
            return None
        if asked.how.told is not None:
            asked.how.told.extend(found.warnings)
        if not found.allowed:
            raise refusal(name, found.status)
        return found

    def _verdict(self, hook: dict[str, Any], asked: Asked, *, may_change: bool) -> Verdict | None:
        client = mapping(hook, "clientConfig")
        if not client.get("url"):
            self._find_service(hook, mapping(client, "service"))
            return None
        review = question(hook, asked)
        url, body, timeout_s = str(client["url"]), json.dumps(review).encode(), seconds_of(hook)
        try:
            answer = self._apart(lambda: call(url, client.get("caBundle"), body, timeout_s), timeout_s)
        except TimeoutError as error:
            raise too_late(url, timeout_s) from error
        return verdict(review, answer, may_change=may_change)

    def _find_service(self, hook: dict[str, Any], service: dict[str, Any]) -> None:
        name, namespace = str(service.get("name")), str(service.get("namespace"))
        port, path = whole(service.get("port"), 443), f"/{str(service.get('path') or '').lstrip('/')}"
        url = with_timeout(f"https://{name}.{namespace}.svc:{port}{path}", seconds_of(hook))
        found = self._store.get(self._services, namespace, name)
        if found is None:
            raise CallFailed(f'Post "{url}": service "{name}" not found')
        listed = self._store.get(self._endpoints, namespace, name) or {}
        if not any(item.get("addresses") for item in entries(listed, "subsets")):
            address = at(found, "spec", "clusterIP")
            raise CallFailed(f'Post "{url}": dial tcp {address}:{port}: connect: connection refused')

    def _apart(self, deed: Callable[[], bytes], timeout_s: float) -> bytes:
        """Do what takes long while others have the lock, and let no time of the cluster's be skipped meanwhile.

        Raises:
            TimeoutError: it takes longer than so many seconds of real time, in which the world outside lives.
        """
        done: list[bytes | BaseException] = []
        finished = threading.Condition(self._store.lock)

        def work() -> None:
            outcome: bytes | BaseException
            try:
                outcome = deed()
            except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
                outcome = error
            with finished:
                done.append(outcome)
                finished.notify_all()

        threading.Thread(target=work, name="webhook", daemon=True).start()
        with self._clock.busy():
            for _ in range(round((timeout_s + _MARGIN_S) / _BREATH_S)):
                finished.wait(_BREATH_S)
                self._clock.touch()
                if done:
                    break
            else:
                raise TimeoutError
        if isinstance(done[0], BaseException):
            raise done[0]
        return done[0]


def _fail(hook: dict[str, Any], why: str) -> None:
    """Raise an error, unless a webhook's failure is to be passed over."""
    if hook.get("failurePolicy") != "Ignore":
        raise _internal(f'failed calling webhook "{hook.get("name")}": {why}')


def _internal(why: str) -> ApiError:
    causes = {"causes": [{"message": why}]}
    return ApiError(500, "InternalError", f"Internal error occurred: {why}", causes)


def _patched(asked: Asked, patch: Any) -> None:
    """Change the object as a webhook says, in place; who it is stays as it is."""
    from trunkline.rehearsal import patches  # noqa: PLC0415 - with its table of types

    value = asked.value
    if value is None:
        return
    kept = {
        key: value["metadata"].get(key)
        for key in ("name", "namespace", "uid", "generateName", "resourceVersion")
    }
    try:
        found = patches.json_patch(value, patch)
    except ApiError as error:
        raise _internal(error.message) from error
    if not isinstance(found, dict) or not isinstance(found.get("metadata"), dict):
        raise _internal("the patch leaves no object")
    mistyped, _ = patches.problems(asked.kind, found)
    if mistyped:
        raise _internal(mistyped[0])
    found["metadata"] |= {key: item for key, item in kept.items() if item is not None}
    found["apiVersion"], found["kind"] = value["apiVersion"], value["kind"]
    value.clear()
    value.update(patches.as_stored(asked.kind, found))
