"""LimitRanges: what containers get that ask for nothing, and the least and the most that is allowed (the plugin `LimitRanger`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.rehearsal.admission.demands import LIMITS, REQUESTS, demand
from trunkline.rehearsal.admission.quantities import Amounts, Quantity, amounts
from trunkline.rehearsal.controllers.reading import entries, mapping
from trunkline.rehearsal.errors import forbidden
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object, at, is_ending, name_of, namespace_of
from trunkline.rehearsal.store import Store

_NOTE = "kubernetes.io/limit-ranger"
_CONTAINER, _POD, _CLAIM = "Container", "Pod", "PersistentVolumeClaim"


def fill_limit_range(value: Object) -> None:
    """Fill in, in place, what a LimitRange leaves to be concluded: who allows a most, means it by default."""
    for item in entries(value, "spec", "limits"):
        if item.get("type") != _CONTAINER:
            continue
        limits, requests = dict(mapping(item, "default")), dict(mapping(item, "defaultRequest"))
        limits = {**mapping(item, "max"), **limits}
        requests = {**mapping(item, "min"), **limits, **requests}
        if limits:
            item["default"] = limits
        if requests:
            item["defaultRequest"] = requests


class Limits:
    """Applies the LimitRanges of a namespace."""

    def __init__(self, store: Store, kinds: Kinds) -> None:
        self._store, self._ranges = store, kinds.named("", "LimitRange")

    def fill(self, pod: Object) -> None:
        """Give a new pod's containers what they do not say themselves, in place."""
        for found in self._of(pod):
            limits: dict[str, Any] = {}
            requests: dict[str, Any] = {}
            for item in entries(found, "spec", "limits"):
                if item.get("type") == _CONTAINER:
                    limits |= mapping(item, "default")
                    requests |= mapping(item, "defaultRequest")
            notes = [
                note
                for key, words in (("containers", "container"), ("initContainers", "init container"))
                for container in entries(pod, "spec", key)
                for note in _fill_container(container, requests, limits, words)
            ]
            if notes:
                annotations = pod["metadata"].get("annotations")
                pod["metadata"]["annotations"] = {
                    **(annotations if isinstance(annotations, dict) else {}),
                    _NOTE: f"LimitRanger plugin set: {'; '.join(notes)}",
                }

    def check(self, kind: Kind, value: Object, previous: Object | None) -> None:
        """Look at a pod or a claim.

        Raises:
            ApiError: it is more or less than is allowed.
        """
        if kind.group or kind.kind not in {"Pod", _CLAIM} or (previous is not None and is_ending(previous)):
            return
        if kind.kind == "Pod" and previous is not None:
            return
        look = _pod_problems if kind.kind == "Pod" else _claim_problems
        for found in self._of(value):
            problems = list(
                dict.fromkeys(text for item in entries(found, "spec", "limits") for text in look(item, value))
            )
            if problems:
                why = problems[0] if len(problems) == 1 else f"[{', '.join(problems)}]"
                raise forbidden(kind.plural, kind.group, name_of(value), why)

    def _of(self, value: Object) -> list[Object]:
        if not self._store.count(self._ranges):
            return []
        return [
            found for found in self._store.all_of(self._ranges, namespace_of(value)) if not is_ending(found)
        ]


def _fill_container(
    container: dict[str, Any], requests: dict[str, Any], limits: dict[str, Any], words: str
) -> Iterator[str]:
    resources = dict(mapping(container, "resources"))
    for key, word, given in ((REQUESTS, "request", requests), (LIMITS, "limit", limits)):
        own = mapping(resources, key)
        missing = sorted(name for name in given if name not in own)
        if missing:
            resources[key] = {**own, **{name: given[name] for name in missing}}
            yield f"{', '.join(missing)} {word} for {words} {container.get('name')}"
    container["resources"] = resources


def _pod_problems(item: dict[str, Any], pod: Object) -> Iterator[str]:
    if item.get("type") == _CONTAINER:
        for container in [*entries(pod, "spec", "containers"), *entries(pod, "spec", "initContainers")]:
            requests, limits = (amounts(at(container, "resources", key)) for key in (REQUESTS, LIMITS))
            yield from _problems(item, _CONTAINER, requests, limits)
    elif item.get("type") == _POD:
        yield from _problems(item, _POD, demand(at(pod, "spec"), REQUESTS), demand(at(pod, "spec"), LIMITS))


def _claim_problems(item: dict[str, Any], claim: Object) -> Iterator[str]:
    if item.get("type") != _CLAIM:
        return
    requests = amounts(at(claim, "spec", "resources", REQUESTS))
    for name, least in _sorted(item, "min"):
        yield from _too_small(name, _CLAIM, least, requests.get(name), None)
    for name, most in _sorted(item, "max"):
        yield from _too_large(name, _CLAIM, most, "request", requests.get(name), None)


def _problems(item: dict[str, Any], type_: str, requests: Amounts, limits: Amounts) -> Iterator[str]:
    for name, least in _sorted(item, "min"):
        yield from _too_small(name, type_, least, requests.get(name), limits.get(name))
    for name, most in _sorted(item, "max"):
        yield from _too_large(name, type_, most, "limit", limits.get(name), requests.get(name))
    for name, most in _sorted(item, "maxLimitRequestRatio"):
        yield from _too_far_apart(name, type_, most, requests.get(name), limits.get(name))


def _too_small(
    name: str, type_: str, least: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    said = f"minimum {name} usage per {type_} is {least}"
    if request is None:
        yield f"{said}.  No request is specified"
    elif request.nano < least.nano:
        yield f"{said}, but request is {request}"
    elif limit is not None and limit.nano < least.nano:
        yield f"{said}, but limit is {limit}"


def _too_large(
    name: str, type_: str, most: Quantity, word: str, first: Quantity | None, request: Quantity | None
) -> Iterator[str]:
    said = f"maximum {name} usage per {type_} is {most}"
    if first is None:
        yield f"{said}.  No {word} is specified"
    elif first.nano > most.nano:
        yield f"{said}, but {word} is {first}"
    elif request is not None and request.nano > most.nano:
        yield f"{said}, but request is {request}"


def _too_far_apart(
    name: str, type_: str, most: Quantity, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    said = f"{name} max limit to request ratio per {type_} is {most}"
    if request is None or not request.nano:
        yield f"{said}, but no request is specified or request is 0"
    elif limit is None or not limit.nano:
        yield f"{said}, but no limit is specified or limit is 0"
    elif limit.nano * 10**9 > most.nano * request.nano:
        yield f"{said}, but provided ratio is {limit.nano / request.nano:f}"


def _sorted(item: dict[str, Any], key: str) -> list[tuple[str, Quantity]]:
    return sorted(amounts(item.get(key)).items())
