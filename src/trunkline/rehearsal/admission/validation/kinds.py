"""Which page is asked about which kind, and the small families that need none."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from trunkline.expressions import expression
from trunkline.rehearsal.admission.validation.pod_specs import pod_spec_problems
from trunkline.rehearsal.admission.validation.services import service_problems
from trunkline.rehearsal.admission.validation.words import (
    at_least,
    data_key_problems,
    invalid,
    key_problems,
    required,
    unsupported,
)
from trunkline.rehearsal.controllers.reading import entries, mapping
from trunkline.rehearsal.errors import FieldError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at

_PERCENT = expression(r"[0-9]+%")
_PERCENT_WORDS = (
    "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
    "validation is '[0-9]+%')"
)
_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_TEMPLATED = {
    ("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("apps", "DaemonSet"), ("batch", "Job"),
}  # fmt: skip


def shape_problems(kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
    """All that is wrong with the shape of an object, or with its change."""
    found = list(_keys(value))
    known = (kind.group, kind.kind)
    if known in _TEMPLATED:
        claims = frozenset(
            str(at(item, "metadata", "name")) for item in entries(value, "spec", "volumeClaimTemplates")
        )
        found += pod_spec_problems(mapping(value, "spec", "template", "spec"), "spec.template.spec", claims)
        found += _workload(mapping(value, "spec"))
    elif known == ("", "Pod") and previous is None:
        found += pod_spec_problems(mapping(value, "spec"), "spec")
    elif known == ("", "Service"):
        found += service_problems(value, previous)
    elif known in {("", "ConfigMap"), ("", "Secret")}:
        found += _data(value, kind.kind)
    elif known == ("", "PersistentVolumeClaim"):
        found += _claim(mapping(value, "spec"))
    elif known == ("autoscaling", "HorizontalPodAutoscaler"):
        found += _autoscaler(mapping(value, "spec"))
    elif known == ("policy", "PodDisruptionBudget"):
        found += _budget(mapping(value, "spec"))
    return found


def _keys(value: Object) -> Iterator[FieldError]:
    for word in ("labels", "annotations"):
        for key in mapping(value, "metadata", word):
            yield from key_problems(
                f"metadata.{word}", str(key).lower() if word == "annotations" else str(key)
            )


def _workload(spec: Object) -> Iterator[FieldError]:
    yield from at_least("spec.minReadySeconds", spec.get("minReadySeconds"))
    yield from at_least("spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if isinstance(deadline, int) and isinstance(ready, int):
        if deadline < 0:
            yield from at_least("spec.progressDeadlineSeconds", deadline)
        elif deadline <= ready:
            yield invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    yield from at_least("spec.backoffLimit", spec.get("backoffLimit"))
    yield from at_least("spec.completions", spec.get("completions"))
    yield from at_least("spec.parallelism", spec.get("parallelism"))
    rolling = mapping(spec, "strategy", "rollingUpdate")
    for key in ("maxSurge", "maxUnavailable"):
        yield from _share(f"spec.strategy.rollingUpdate.{key}", rolling.get(key))
    if rolling and _is_nothing(rolling.get("maxSurge")) and _is_nothing(rolling.get("maxUnavailable")):
        shown = rolling.get("maxUnavailable")
        said = "may not be 0 when `maxSurge` is 0"
        yield FieldError(
            "spec.strategy.rollingUpdate.maxUnavailable",
            "FieldValueInvalid",
            f"Invalid value: {_go(shown)}: {said}",
        )


def _share(path: str, value: Any) -> Iterator[FieldError]:
    if isinstance(value, str) and not _PERCENT.fullmatch(value):
        yield FieldError(path, "FieldValueInvalid", f"Invalid value: {_go(value)}: {_PERCENT_WORDS}")
    else:
        yield from at_least(path, value)


def _is_nothing(value: Any) -> bool:
    return value in {0, "0%"} if isinstance(value, (int, str)) else False


def _go(value: Any) -> str:
    """An IntOrString as Go prints it."""
    kind, number, text = (1, 0, value) if isinstance(value, str) else (0, value, "")
    return f'intstr.IntOrString{{Type:{kind}, IntVal:{number}, StrVal:"{text}"}}'


def _data(value: Object, kind: str) -> Iterator[FieldError]:
    keys: dict[str, str] = {}
    for word in ("data", "binaryData"):
        for key in mapping(value, word):
            yield from data_key_problems(f"{word}[{key}]", str(key))
            if key in keys:
                yield invalid(word, str(key), f"duplicate of key present in {keys[key]}")
            keys[str(key)] = word
    if kind == "Secret":
        for key, content in mapping(value, "data").items():
            if isinstance(content, str) and not _is_base64(content):
                yield invalid(f"data[{key}]", "", "illegal base64 data")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _claim(spec: Object) -> Iterator[FieldError]:
    modes = spec.get("accessModes")
    if not modes:
        yield required("spec.accessModes", "at least 1 access mode is required")
    for mode in modes if isinstance(modes, list) else ():
        if mode not in _MODES:
            yield unsupported("spec.accessModes", mode, *_MODES)
    if not mapping(spec, "resources", "requests").get("storage"):
        yield required("spec.resources[storage]")


def _autoscaler(spec: Object) -> Iterator[FieldError]:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas")
    yield from at_least("spec.minReplicas", least, 1)
    if isinstance(most, int) and not isinstance(most, bool):
        if most < 1:
            yield invalid("spec.maxReplicas", most, "must be greater than 0")
        elif isinstance(least, int) and most < least:
            yield invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    target = mapping(spec, "scaleTargetRef")
    for key in ("kind", "name"):
        if not target.get(key):
            yield required(f"spec.scaleTargetRef.{key}")


def _budget(spec: Object) -> Iterator[FieldError]:
    if spec.get("minAvailable") is not None and spec.get("maxUnavailable") is not None:
        yield FieldError(
            "spec",
            "FieldValueInvalid",
            "Invalid value: policy.PodDisruptionBudgetSpec{...}: minAvailable and maxUnavailable cannot be both set",
        )
    for key in ("minAvailable", "maxUnavailable"):
        yield from _share(f"spec.{key}", spec.get(key))
