"""The admission of a plain cluster: defaults, namespaces that are there and do not end, addresses, and the first rules."""

from __future__ import annotations

from trunkline.rehearsal.admission import defaults
from trunkline.rehearsal.admission.addresses import Addresses
from trunkline.rehearsal.admission.rules import problems_of
from trunkline.rehearsal.errors import ApiError, FieldError, forbidden, not_found
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, is_ending, name_of, namespace_of
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Store


class BuiltInAdmission:
    """Implements `registry.Admission`."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._kinds = store, kinds
        self._namespaces = kinds.named("", "Namespace")
        self._addresses = Addresses(store, kinds.named("", "Service"))

    def default(self, kind: Kind, value: Object) -> None:
        """See the port."""
        defaults.fill(kind, value)

    def admit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """See the port."""
        if kind.namespaced and previous is None:
            self._check_namespace(kind, value)
        if previous is None and (kind.group, kind.kind) == ("", "Pod"):
            defaults.admitted_pod(value)
        if previous is None and (kind.group, kind.kind) == ("batch", "Job"):
            defaults.admitted_job(value)
        if (kind.group, kind.kind) == ("apps", "DaemonSet") and not how.subresource:
            defaults.admitted_daemon_set(value, previous)
        if (
            kind.kind == "Service"
            and not kind.group
            and not how.subresource
            and isinstance(value.get("spec"), dict)
        ):
            self._addresses.allot(value, previous)

    def validate(self, kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
        """See the port."""
        return problems_of(kind, value, previous)

    def _check_namespace(self, kind: Kind, value: Object) -> None:
        name = namespace_of(value)
        found = self._store.get(self._namespaces, "", name)
        if found is None:
            raise not_found("namespaces", "", name)
        # Events tell of the end itself.
        if is_ending(found) and kind.kind != "Event":
            why = f"unable to create new content in namespace {name} because it is being terminated"
            error = forbidden(kind.plural, kind.group, name_of(value), why)
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {name} is being terminated",
                "field": "metadata.namespace",
            }
            raise ApiError(error.code, error.reason, error.message, {**error.details, "causes": [cause]})
