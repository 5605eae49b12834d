"""Label and field selectors: a text becomes a test of objects.

The grammar is that of Kubernetes' labels documentation; fields are those that the real API can select by.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from trunkline.expressions import expression
from trunkline.rehearsal.errors import bad_request
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import Object, at, metadata

Test = Callable[[Object], bool]

_SET = expression(r"^\s*([^\s!=,()]+)\s+(in|notin)\s*\(([^()]*)\)\s*$")
_EQUAL = expression(r"^\s*([^\s!=,()]+)\s*(==|=|!=)\s*([^\s!=,()]*)\s*$")
_COMPARED = expression(r"^\s*([^\s!=,()<>]+)\s*([<>])\s*(-?\d+)\s*$")
_THERE = expression(r"^\s*(!?)\s*([^\s!=,()]+)\s*$")
_EVERYWHERE = ("metadata.name", "metadata.namespace")
_FIELDS: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "Pod"): (
        "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
        "status.phase", "status.podIP", "status.nominatedNodeName",
    ),
    ("", "Event"): (
        "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
        "involvedObject.apiVersion", "involvedObject.resourceVersion", "involvedObject.fieldPath", "reason",
        "reportingComponent", "source", "type",
    ),
    ("events.k8s.io", "Event"): ("reason", "type", "regarding.kind", "regarding.name", "regarding.namespace"),
    ("", "Secret"): ("type",),
    ("", "Namespace"): ("status.phase",),
    ("", "Node"): ("spec.unschedulable",),
    ("", "ReplicationController"): ("status.replicas",),
    ("apps", "ReplicaSet"): ("status.replicas",),
    ("batch", "Job"): ("status.successful",),
}  # fmt: skip


def label_test(text: str) -> Test | None:
    """What a label selector asks of an object, None if it asks nothing.

    Raises:
        ApiError: it is none.
    """
    tests = [_label_test(part, text) for part in _parts(text)]
    return _all(tests)


def field_test(text: str, kind: Kind) -> Test | None:
    """What a field selector asks of an object, None if it asks nothing.

    Raises:
        ApiError: it is none, or the kind cannot be selected by that field.
    """
    tests: list[Test] = []
    known = (*_EVERYWHERE, *_FIELDS.get((kind.group, kind.kind), ()))
    for part in _parts(text):
        found = _EQUAL.match(part)
        if not found:
            raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")
        path, sign, value = found.groups()
        if path not in known:
            raise bad_request(f"field label not supported: {path}")
        tests.append(_field_test(path, value, wanted=sign != "!="))
    return _all(tests)


def _all(tests: list[Test]) -> Test | None:
    return (lambda value: all(test(value) for test in tests)) if tests else None


def _parts(text: str) -> list[str]:
    """The requirements: commas in parentheses separate values, not requirements."""
    return [part for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _labels(value: Object) -> dict[str, Any]:
    found = metadata(value).get("labels")
    return found if isinstance(found, dict) else {}


def _label_test(part: str, text: str) -> Test:
    if found := _SET.match(part):
        key, word, listed = found.groups()
        values = {item.strip() for item in listed.split(",")}
        if word == "in":
            return lambda value: _labels(value).get(key) in values
        return lambda value: _labels(value).get(key) not in values
    if found := _EQUAL.match(part):
        key, sign, wanted = found.groups()
        if sign == "!=":
            return lambda value: _labels(value).get(key) != wanted
        return lambda value: _labels(value).get(key) == wanted
    if found := _COMPARED.match(part):
        key, sign, bound = found.group(1), found.group(2), int(found.group(3)[:20])
        return lambda value: _compares(_labels(value).get(key), sign, bound)
    if found := _THERE.match(part):
        absent, key = found.groups()
        return lambda value: (key in _labels(value)) is not bool(absent)
    raise bad_request(f'unable to parse requirement: couldn\'t parse the selector string "{text}"')


def _compares(value: Any, sign: str, bound: int) -> bool:
    try:
        number = int(str(value)[:20])
    except ValueError:
        return False
    return number > bound if sign == ">" else number < bound


def _field_test(path: str, wanted_value: str, *, wanted: bool) -> Test:
    keys = path.split(".")

    def test(value: Object) -> bool:
        found = at(value, *keys)
        if path == "source":
            found = at(value, "source", "component")
        text = "" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
        return (text == wanted_value) is wanted

    return test
