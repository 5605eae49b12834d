"""Watches: each change once, in order, as the client's selector sees it."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.rehearsal.api.asking import TYPES, Asking, config_map
from trunkline.rehearsal.api.messages import Answer

MAPS = "/api/v1/namespaces/default/configmaps"


def events(answer: Answer) -> list[tuple[str, Any]]:
    """All lines of a watch that ends."""
    assert answer.parts is not None
    lines = b"".join(answer.parts).splitlines()
    return [(found["type"], found["object"]) for found in map(json.loads, lines)]


def told(answer: Answer) -> list[tuple[str, str]]:
    return [(kind, value["metadata"].get("name", "")) for kind, value in events(answer)]


def soon(api: Asking, answer: Answer) -> Answer:
    """The same watch, whose time is up once it has told what there is."""
    assert answer.parts is not None
    first = next(answer.parts)
    api.clock.advance(3600)
    return Answer(200, parts=iter([first, *answer.parts]))


def test_since_a_version(api: Asking) -> None:
    """A watch that resumes tells what happened since, and nothing else."""
    version = api.post(MAPS, config_map("a"))["metadata"]["resourceVersion"]
    api.post(MAPS, config_map("b"))
    api.ask("PATCH", f"{MAPS}/a", {"data": {"x": "1"}}, content_type=TYPES["merge"])
    api.ask("DELETE", f"{MAPS}/b")
    answer = soon(api, api.watch(MAPS, resourceVersion=version))
    assert told(answer) == [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")]


def test_initial_events(api: Asking) -> None:
    """Initial events end with a bookmark that says so."""
    api.post(MAPS, config_map("a", {"mine": "yes"}))
    answer = api.watch(
        MAPS,
        sendInitialEvents="true",
        resourceVersionMatch="NotOlderThan",
        allowWatchBookmarks="true",
        labelSelector="mine",
    )
    found = events(soon(api, answer))
    assert [kind for kind, _ in found[:2]] == ["ADDED", "BOOKMARK"]
    assert found[1][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


def test_selected(api: Asking) -> None:
    """What begins to match is new to a watch, and what stops to is gone."""
    version = api.post(MAPS, config_map("a", {"tier": "web"}))["metadata"]["resourceVersion"]
    for tier in ("batch", "web"):
        patch = {"metadata": {"labels": {"tier": tier}}}
        api.ask("PATCH", f"{MAPS}/a", patch, content_type=TYPES["merge"])
    answer = soon(api, api.watch(MAPS, resourceVersion=version, labelSelector="tier=web"))
    assert told(answer) == [("DELETED", "a"), ("ADDED", "a")]


def test_forgotten(api: Asking) -> None:
    """A version that is forgotten has expired."""
    version = api.post(MAPS, config_map("a"))["metadata"]["resourceVersion"]
    api.post(MAPS, config_map("b"))
    api.cluster.store.forget()
    code, reason, message = api.refused("GET", MAPS, query={"watch": "true", "resourceVersion": version})
    assert (code, reason) == (410, "Expired")
    assert message.startswith(f"too old resource version: {version}")


def test_cut(api: Asking) -> None:
    """A watch ends when the API's trouble lets go of it."""
    answer = api.watch("/api/v1/namespaces")
    assert answer.parts is not None
    assert json.loads(next(answer.parts))["type"] == "ADDED"
    api.cluster.gate.cut_watches()
    assert {json.loads(line)["type"] for line in b"".join(answer.parts).splitlines()} == {"ADDED"}


def test_paths_of_old(api: Asking) -> None:
    """The deprecated paths watch too, and do nothing else."""
    answer = api.raw("GET", "/api/v1/watch/namespaces", query={"timeoutSeconds": 1})
    assert answer.parts is not None
    assert ("ADDED", "default") in told(soon(api, answer))
    assert api.refused("DELETE", "/api/v1/watch/namespaces/default")[0] == 405
