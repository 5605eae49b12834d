"""Which webhooks are asked about a write: by rules and selectors (`k8s.io/apiserver/pkg/admission/plugin/webhook`). Pure.

Conditions in CEL (`matchConditions`) are not computed: a webhook is asked whatever they say.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.rehearsal.controllers.reading import entries, texts
from trunkline.rehearsal.controllers.selecting import labels_of, matches
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, name_of, namespace_of
from trunkline.rehearsal.registry import Write

_ANY = "*"
_NEVER = {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}


@dataclass(frozen=True, slots=True)
class Asked:
    """What webhooks are asked about.

    Attributes:
        operation: CREATE, UPDATE or DELETE.
        value: the object as it is to be, None if it is to be deleted.
        previous: the object as it is, None if it is new.
    """

    kind: Kind
    operation: str
    value: Object | None
    previous: Object | None
    how: Write

    @property
    def any_value(self) -> Object:
        """The object, as it is to be or was."""
        return self.value if self.value is not None else self.previous or {}

    @property
    def name(self) -> str:
        """The object's name."""
        return name_of(self.any_value)

    @property
    def namespace(self) -> str:
        """The object's namespace; a Namespace is in itself."""
        is_namespace = self.kind.kind == "Namespace" and not self.kind.group
        return self.name if is_namespace else namespace_of(self.any_value)


def may_be_asked(kind: Kind) -> bool:
    """Whether webhooks see objects of a kind at all: nobody may lock out those who would correct a webhook."""
    return not (kind.group == "admissionregistration.k8s.io" and kind.kind in _NEVER)


def applies(hook: Mapping[str, Any], asked: Asked, namespace_labels: Mapping[str, Any] | None) -> bool:
    """Whether a webhook is to be asked; the labels of the namespace are None for what is in none."""
    if not any(_rule_holds(rule, asked) for rule in entries(dict(hook), "rules")):
        return False
    if namespace_labels is not None and not _selects(hook.get("namespaceSelector"), namespace_labels):
        return False
    selector = hook.get("objectSelector")
    return any(
        _selects(selector, labels_of(value)) for value in (asked.value, asked.previous) if value is not None
    )


def _rule_holds(rule: dict[str, Any], asked: Asked) -> bool:
    kind = asked.kind
    return (
        _listed(rule, "operations", asked.operation)
        and _listed(rule, "apiGroups", kind.group)
        and any(_listed(rule, "apiVersions", version) for version in kind.versions)
        and any(_is_resource(text, kind.plural, asked.how.subresource) for text in texts(rule, "resources"))
        and rule.get("scope") in {None, _ANY, "Namespaced" if kind.namespaced else "Cluster"}
    )


def _listed(rule: dict[str, Any], key: str, wanted: str) -> bool:
    found = texts(rule, key)
    return _ANY in found or wanted in found


def _is_resource(text: str, plural: str, subresource: str) -> bool:
    resource, _, below = text.partition("/")
    return resource in {_ANY, plural} and below in {_ANY, subresource}


def _selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    asks = isinstance(selector, dict) and (selector.get("matchLabels") or selector.get("matchExpressions"))
    return not asks or matches(selector, labels)
