"""The ServiceAccount of a pod: it has to be there, and lends its pull secrets (the plugin `ServiceAccount`)."""

from __future__ import annotations

from trunkline.rehearsal.controllers.reading import entries
from trunkline.rehearsal.errors import NotYet, forbidden
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, copy_of, name_of, namespace_of
from trunkline.rehearsal.store import Store

_DEFAULT = "default"


class Accounts:
    """Knows the accounts of a cluster."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._accounts = store, kinds.named("", "ServiceAccount")

    def admit(self, kind: Kind, pod: Object) -> None:
        """Give a new pod its account, in place.

        Raises:
            ApiError: there is no such account, or not yet the one that each namespace gets.
        """
        spec = pod.get("spec")
        if not isinstance(spec, dict):
            return
        name = str(spec.get("serviceAccountName") or _DEFAULT)
        spec["serviceAccountName"] = spec["serviceAccount"] = name
        account = self._store.get(self._accounts, namespace_of(pod), name)
        if account is None:
            # Plugins that change pods are asked before a name is made up.
            shown = str(pod["metadata"].get("generateName") or name_of(pod))
            why = f'error looking up service account {namespace_of(pod)}/{name}: serviceaccount "{name}" not found'
            refusal = forbidden(kind.plural, kind.group, shown, why)
            raise NotYet(refusal) if name == _DEFAULT else refusal
        if not spec.get("imagePullSecrets") and entries(account, "imagePullSecrets"):
            spec["imagePullSecrets"] = copy_of(entries(account, "imagePullSecrets"))
