"""Counts and percentages, and how ReplicaSets are resized in proportion."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.rehearsal.controllers.deployment_steps import proportional
from trunkline.rehearsal.controllers.hashing import safely_spelled, template_hash
from trunkline.rehearsal.controllers.rounding import fenceposts, max_unavailable, scaled
from trunkline.rehearsal.objects import Object

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "total", "up", "found"),
    [
        ("25%", 5, True, 2),
        ("25%", 5, False, 1),
        ("100%", 7, True, 7),
        ("1%", 3, True, 1),
        ("1%", 3, False, 0),
        (4, 3, False, 4),
        ("3", 9, True, 3),
        ("x%", 9, True, 0),
    ],
)
def test_percentages_are_rounded_as_asked(value: Any, total: int, up: bool, found: int) -> None:
    """A percentage of a total is rounded up or down, and a number stays what it is."""
    assert scaled(value, total, up=up) == found


@pytest.mark.parametrize(
    ("surge", "unavailable", "replicas", "found"),
    [("25%", "25%", 1, (1, 0)), (0, 0, 4, (0, 1)), (0, "10%", 4, (0, 1)), ("25%", "25%", 8, (2, 2))],
)
def test_something_can_always_move(
    surge: Any, unavailable: Any, replicas: int, found: tuple[int, int]
) -> None:
    """If nothing may be added and nothing may be missing, one may be missing."""
    assert fenceposts(surge, unavailable, replicas) == found


def test_not_more_is_missing_than_there_is() -> None:
    """The pods that may be missing are never more than all."""
    rolling = {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 9}}
    assert max_unavailable({"spec": {"replicas": 3, "strategy": rolling}}) == 3


@given(JSON, st.integers(0, 50), st.booleans())
def test_whatever_is_given_is_a_count(value: Any, total: int, up: bool) -> None:
    """Nonsense counts as nothing."""
    assert isinstance(scaled(value, total, up=up), int)


@given(JSON)
def test_a_hash_is_short_stable_and_safe(value: Any) -> None:
    """A template's hash is the same each time, and can be the end of a name."""
    found = template_hash(value)
    assert found == template_hash(value)
    assert 1 <= len(found) <= 10
    assert set(found) <= set("bcdfghjklmnpqrstvwxz2456789")
    assert template_hash(value, 1) != found


def test_the_letters_are_those_of_kubernetes() -> None:
    """Digits become the letters that pod-template-hash is known for."""
    assert safely_spelled("0123456789") == "456789bcdf"


def replica_set(name: str, replicas: int, most: int) -> Object:
    meta = {"name": name, "annotations": {"deployment.kubernetes.io/max-replicas": str(most)}}
    return {"kind": "ReplicaSet", "metadata": meta, "spec": {"replicas": replicas}}


@pytest.mark.parametrize(
    ("sizes", "replicas", "surge", "found"),
    [
        # The first was seen on a real cluster.
        ({"old": (4, 5), "new": (3, 7)}, 10, 3, {"old": 10, "new": 3}),
        ({"old": (8, 13), "new": (5, 13)}, 15, 3, {"old": 11, "new": 7}),
        ({"old": (8, 13), "new": (5, 13)}, 5, 3, {"old": 5, "new": 3}),
        ({"old": (8, 13), "new": (5, 13)}, 0, 3, {"old": 0, "new": 0}),
    ],
)
def test_a_resize_is_shared_in_proportion(
    sizes: dict[str, tuple[int, int]], replicas: int, surge: int, found: dict[str, int]
) -> None:
    """A Deployment that is resized in the middle of a rollout keeps the proportion of its ReplicaSets."""
    rolling = {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0}}
    deployment = {"spec": {"replicas": replicas, "strategy": rolling}}
    steps = proportional(deployment, [replica_set(name, *size) for name, size in sizes.items()])
    assert {step.replica_set["metadata"]["name"]: step.replicas for step in steps} == found
