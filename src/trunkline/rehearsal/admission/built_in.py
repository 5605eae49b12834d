"""The admission of a plain cluster: what each plugin of the API adds and refuses, in their order.

First comes what may change an object, then the rules, and last what only looks: limits, and quotas at the very end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trunkline.rehearsal.admission import defaults
from trunkline.rehearsal.admission.accounts import Accounts
from trunkline.rehearsal.admission.addresses import Addresses
from trunkline.rehearsal.admission.limits import Limits
from trunkline.rehearsal.admission.priorities import Priorities, class_problems
from trunkline.rehearsal.admission.quotas import Quotas
from trunkline.rehearsal.admission.rules import problems_of
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.errors import ApiError, FieldError, forbidden, not_found
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, is_ending, name_of, namespace_of
from trunkline.rehearsal.registry import Write
from trunkline.rehearsal.store import Store

if TYPE_CHECKING:
    from trunkline.rehearsal.admission.webhooks import Webhooks

_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_IMMORTAL = {"default", "kube-system", "kube-public"}


class BuiltInAdmission:
    """Implements `registry.Admission`."""

    def __init__(self, store: Store, kinds: Kinds, clock: Clock) -> None:
        self._store, self._kinds, self._clock = store, kinds, clock
        self._namespaces = kinds.named("", "Namespace")
        self._addresses = Addresses(store, kinds.named("", "Service"))
        self._limits, self._quotas = Limits(store, kinds), Quotas(store, kinds, clock.now)
        self._webhook_kinds = [kinds.named("admissionregistration.k8s.io", kind) for kind in _WEBHOOKS]
        self._webhooks: Webhooks | None = None
        self._accounts, self._priorities = Accounts(store, kinds), Priorities(store, kinds)

    def default(self, kind: Kind, value: Object) -> None:
        """See the port."""
        defaults.fill(kind, value)

    def admit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """See the port."""
        if kind.namespaced and previous is None:
            self._check_namespace(kind, value)
        if previous is None and (kind.group, kind.kind) == ("", "Pod"):
            self._limits.fill(value)
            self._accounts.admit(kind, value)
            self._priorities.admit_pod(kind, value)
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

        webhooks = self._asked()
        if webhooks is not None:
            webhooks.change(kind, value, previous, how, lambda changed: self.default(kind, changed))

    def validate(self, kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
        """See the port."""
        found = problems_of(kind, value, previous)
        if kind.kind == "PriorityClass":
            found += class_problems(value, previous)
        return found

    def permit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """See the port."""
        webhooks = self._asked()
        if (
            webhooks is not None
            and webhooks.look(kind, value, previous, how)
            and kind.namespaced
            and previous is None
        ):
            # While others were asked, it may have begun to end.
            self._check_namespace(kind, value)
        if how.subresource:
            return
        self._limits.check(kind, value, previous)
        if kind.kind == "PriorityClass":
            self._priorities.check_class(kind, value)
        # Nothing may come between the count and what is stored.
        self._quotas.check(kind, value, previous)

    def dismiss(self, kind: Kind, value: Object, how: Write) -> None:
        """See the port."""
        if kind.kind == "Namespace" and not kind.group and name_of(value) in _IMMORTAL:
            raise forbidden(kind.plural, kind.group, name_of(value), "this namespace may not be deleted")
        webhooks = self._asked()
        if webhooks is not None:
            webhooks.look(kind, None, value, how)

    def _asked(self) -> Webhooks | None:
        if not any(self._store.count(kind) for kind in self._webhook_kinds):
            return None
        if self._webhooks is None:
            from trunkline.rehearsal.admission.webhooks import Webhooks  # noqa: PLC0415 - most clusters have none

            self._webhooks = Webhooks(self._store, self._kinds, self._clock)
        return self._webhooks

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
