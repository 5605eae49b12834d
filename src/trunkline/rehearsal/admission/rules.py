"""What an object must be, in the API's words: names, what is required, and what may not change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.expressions import expression
from trunkline.rehearsal.admission.validation import shape_problems
from trunkline.rehearsal.admission.validation.words import invalid, required
from trunkline.rehearsal.controllers.selecting import matches
from trunkline.rehearsal.errors import FieldError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, metadata, name_of

_SUBDOMAIN = expression(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LABEL_VALUE = expression(r"(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?")
_LONGEST_NAME, _LONGEST_VALUE = 253, 63
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)
_TEMPLATED = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"}
_FREE_NAMES = {"Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"}


def problems_of(kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
    """All that is wrong with an object, or with its change."""
    found = list(_metadata(kind, value))
    if kind.kind in _TEMPLATED and kind.group == "apps":
        found += _workload(kind, value, previous)
    elif kind.kind == "Job" and kind.group == "batch":
        found += _job(value, previous)
    elif kind.kind in {"ConfigMap", "Secret"} and not kind.group and at(previous, "immutable") is True:
        found += _unchanged(value, previous)
    return found + shape_problems(kind, value, previous)


def _metadata(kind: Kind, value: Object) -> Iterator[FieldError]:
    name = name_of(value)
    if not name:
        yield required("metadata.name", "name or generateName is required")
    elif kind.kind not in _FREE_NAMES and (len(name) > _LONGEST_NAME or not _SUBDOMAIN.fullmatch(name)):
        yield invalid("metadata.name", name, _SUBDOMAIN_WORDS)
    labels = metadata(value).get("labels") or {}
    for text in labels.values() if isinstance(labels, dict) else ():
        if not isinstance(text, str) or len(text) > _LONGEST_VALUE or not _LABEL_VALUE.fullmatch(text):
            yield invalid("metadata.labels", text, _VALUE_WORDS)


def _workload(kind: Kind, value: Object, previous: Object | None) -> Iterator[FieldError]:
    spec = at(value, "spec") or {}
    selector, labels = at(spec, "selector"), at(spec, "template", "metadata", "labels") or {}
    if not selector:
        yield required("spec.selector")
    elif not isinstance(labels, dict) or not matches(selector, labels):
        yield invalid(
            "spec.template.metadata.labels", _go_map(labels), "`selector` does not match template `labels`"
        )
    if previous is not None and kind.kind != "StatefulSet" and at(previous, "spec", "selector") != selector:
        shown = f"{{MatchLabels:{_go_map(at(selector, 'matchLabels') or {})},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
        yield FieldError(
            "spec.selector",
            "FieldValueInvalid",
            f"Invalid value: &v1.LabelSelector{shown}: field is immutable",
        )
    if previous is not None and kind.kind == "StatefulSet":
        yield from _stateful(spec, at(previous, "spec") or {})
    replicas = at(spec, "replicas")
    if isinstance(replicas, int) and replicas < 0:
        yield invalid("spec.replicas", replicas, "must be greater than or equal to 0")
    if at(spec, "strategy", "type") == "Recreate" and at(spec, "strategy", "rollingUpdate"):
        yield FieldError(
            "spec.strategy.rollingUpdate",
            "FieldValueForbidden",
            "Forbidden: may not be specified when strategy `type` is 'Recreate'",
        )
    policy = at(spec, "template", "spec", "restartPolicy")
    if policy != "Always":
        yield FieldError(
            "spec.template.spec.restartPolicy",
            "FieldValueNotSupported",
            f'Unsupported value: "{policy}": supported values: "Always"',
        )


def _stateful(spec: Object, before: Object) -> Iterator[FieldError]:
    free = {
        "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
    }  # fmt: skip
    if {key: item for key, item in spec.items() if key not in free} != {
        key: item for key, item in before.items() if key not in free
    }:
        said = (
            "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        yield FieldError("spec", "FieldValueForbidden", said)


def _job(value: Object, previous: Object | None) -> Iterator[FieldError]:
    spec = at(value, "spec") or {}
    policy = at(spec, "template", "spec", "restartPolicy")
    if policy not in ("Never", "OnFailure"):
        yield FieldError(
            "spec.template.spec.restartPolicy",
            "FieldValueNotSupported",
            f'Unsupported value: "{policy}": supported values: "OnFailure", "Never"',
        )
    if previous is not None and at(previous, "spec", "template") != at(spec, "template"):
        yield FieldError(
            "spec.template",
            "FieldValueInvalid",
            "Invalid value: core.PodTemplateSpec{...}: field is immutable",
        )


def _unchanged(value: Object, previous: Object | None) -> Iterator[FieldError]:
    for key in ("data", "binaryData"):
        if at(previous, key) != value.get(key):
            yield FieldError(
                key, "FieldValueForbidden", "Forbidden: field is immutable when `immutable` is set"
            )


def _go_map(labels: Any) -> str:
    items = labels.items() if isinstance(labels, dict) else ()
    return "map[string]string{" + ", ".join(f'"{key}":"{item}"' for key, item in sorted(items)) + "}"
