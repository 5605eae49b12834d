"""What a real API server made of patches, replayed (see `dev/rehearsal_recordings.py`)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rehearsal.patches.kinds import ALL, NOW
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import Kind
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches import (
    Tracker,
    apply,
    as_stored,
    json_patch,
    merge_patch,
    strategic_merge,
)
from trunkline.rehearsal.registry import Write

_PATCHED, _APPLIED, _SERVICE = "a deployment is patched", "a deployment is applied by two", "a service"
_OTHER_MANAGERS = {
    # Newer APIs own a node selector and a service's selector as a whole.
    (_PATCHED, 18), (_PATCHED, 19), (_PATCHED, 20), (_SERVICE, 0), (_SERVICE, 2), (_SERVICE, 5),
}  # fmt: skip
_OTHER_ORDER = {
    # Newer APIs give a merged list the order of the configuration.
    (_APPLIED, 13), (_SERVICE, 1),
}  # fmt: skip
_OTHER_REFUSAL = {
    # The real API panics, or was more lenient.
    (_PATCHED, 32), (_APPLIED, 15),
}  # fmt: skip


def _steps() -> Iterator[tuple[Any, Any]]:
    before: Any = None
    for step in json.loads(gzip.decompress(Path(__file__).with_name("recordings.json.gz").read_bytes())):
        live = step.get("live", before if step["number"] else None)
        before = live if step["answer"]["kind"] == "Status" else step["answer"]
        place = (step["story"], step["number"])
        said = f"{step['story']} {step['number']}: {step['how']} by {step['manager']}"
        yield place, pytest.param({**step, "live": live}, id=said)


def _cases(*, apart_from: Collection[Any], succeeding: bool = False) -> list[Any]:
    return [
        case
        for place, case in _steps()
        if place not in apart_from and (case.values[0]["code"] < 300 or not succeeding)
    ]


def _kind(step: dict[str, Any]) -> Kind:
    value = step["live"] or step["body"]
    found = ALL.of(value["apiVersion"], value["kind"])
    assert found is not None
    return found


def _made(step: dict[str, Any]) -> Any:
    """What we make of a step, before anybody fills in defaults."""
    kind, how, live, body = _kind(step), step["how"], step["live"], step["body"]
    if how == "apply":
        placed = {**body, "metadata": {"namespace": "ssa-recordings", **body["metadata"]}}
        return apply(kind, live, placed, step["manager"], step["force"], NOW)
    if how == "json":
        return json_patch(live, body)
    if how == "merge":
        return merge_patch(live, body)
    return strategic_merge(kind, live, body) if how == "strategic" else copy_of(body)


@pytest.mark.parametrize("step", _cases(apart_from=_OTHER_REFUSAL))
def test_a_step_is_refused_or_not_as_by_the_real_api(step: dict[str, Any]) -> None:
    """What the real API refuses is refused in its words, but that its internal errors are bad requests."""
    if step["code"] < 300:
        _made(step)
        return
    with pytest.raises(ApiError) as refused:
        _made(step)
    real = step["answer"]
    assert refused.value.code == (400 if step["code"] == 500 else step["code"])
    # Newer APIs name the object; the order of several complaints is that of a map.
    prefix, _, rest = refused.value.message.partition(" (ssa-recordings/it; apps/v1, Kind=Deployment)")
    assert sorted((prefix + rest).splitlines()) == sorted(real["message"].splitlines())
    assert refused.value.details == real.get("details", {})


@pytest.mark.parametrize("step", _cases(apart_from=_OTHER_ORDER, succeeding=True))
def test_an_object_becomes_what_the_real_api_makes_of_it(step: dict[str, Any]) -> None:
    """All that a step leaves is what the real API has, which only adds defaults; nothing it keeps is lost."""
    kind = _kind(step)
    mine, real = as_stored(kind, _made(step)), as_stored(kind, step["answer"])
    for value in (mine, real):
        value["metadata"].pop("managedFields", None)
    if step["how"] in {"create", "replace"}:
        mine["metadata"].setdefault("namespace", "ssa-recordings")
    assert list(_differences(mine, real)) == []
    assert list(_lost(step["live"], real, mine)) == [] or step["how"] == "replace"


@pytest.mark.parametrize("step", _cases(apart_from=_OTHER_MANAGERS, succeeding=True))
def test_fields_have_the_managers_that_the_real_api_notes(step: dict[str, Any]) -> None:
    """The managers that are noted for a write or an apply are those of the real API."""
    kind, value = _kind(step), _made(step)
    if step["how"] != "apply":
        value, said = copy_of(step["answer"]), value["metadata"]
        if step["how"] in {"create", "replace"}:
            said = (step["live"] or {}).get("metadata", {})
        value["metadata"].pop("managedFields", None)
        if "managedFields" in said:
            value["metadata"]["managedFields"] = said["managedFields"]
        Tracker(lambda: NOW).track(kind, step["live"], value, Write(step["manager"]))
    assert _managers(value) == _managers(step["answer"])


def _managers(value: dict[str, Any]) -> dict[Any, Any]:
    return {
        (entry["manager"], entry["operation"], entry["apiVersion"]): _without_status(entry["fieldsV1"])
        for entry in value["metadata"].get("managedFields", [])
    }


def _without_status(fields: dict[str, Any]) -> dict[str, Any]:
    """Status was not recorded."""
    return {key: node for key, node in fields.items() if key != "f:status"}


def _differences(mine: Any, real: Any, path: str = "") -> Iterator[str]:
    if isinstance(mine, dict) and isinstance(real, dict):
        for key, item in mine.items():
            yield from _differences(item, real.get(key), f"{path}.{key}")
    elif isinstance(mine, list) and isinstance(real, list) and len(mine) == len(real):
        for position, (item, other) in enumerate(zip(mine, real, strict=True)):
            yield from _differences(item, other, f"{path}[{position}]")
    elif mine != real:
        yield f"{path}: {mine!r} is {real!r}"


def _lost(before: Any, real: Any, mine: Any, path: str = "") -> Iterator[str]:
    if isinstance(before, dict) and isinstance(real, dict) and isinstance(mine, dict):
        for key, item in before.items():
            if item is not None and key in real and key != "managedFields":
                if key not in mine:
                    yield f"{path}.{key}"
                yield from _lost(item, real[key], mine.get(key), f"{path}.{key}")
