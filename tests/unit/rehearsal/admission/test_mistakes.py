"""Objects with a mistake are refused in the API's own words."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fidelity.player import access
from tests.unit.rehearsal.admission.mistakes import MISTAKES
from trunkline.rehearsal.admission.built_in import BuiltInAdmission
from trunkline.rehearsal.cluster import SimulatedCluster
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.objects import copy_of

# Read off Kubernetes 1.20, see `test_the_real_api_says_so`.
_SAID: dict[str, str] = json.loads((Path(__file__).parent / "mistakes.json").read_text(encoding="utf-8"))
# A newer version, as the one played, says more here.
_NEWER = {
    "request above limit": (" limit", " limit of 1"),
    "claim mode": ('"ReadWriteOnce"', '"ReadWriteOnce", "ReadWriteOncePod"'),
}
_PLURALS = {
    "Pod": "pods",
    "Deployment": "deployments",
    "Service": "services",
    "ConfigMap": "configmaps",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[SimulatedCluster]:
    made = SimulatedCluster()
    yield made
    made.api.stop()
    made.stubs.close()


def refusal(cluster: SimulatedCluster, value: Any) -> str:
    group, _, _ = value["apiVersion"].rpartition("/")
    kind = cluster.kinds.named(group, value["kind"])
    found: Any = copy_of(value)
    found["metadata"]["namespace"] = "default"
    with cluster.store.lock, pytest.raises(ApiError) as caught:
        cluster.registry.create(kind, found)
    assert (caught.value.code, caught.value.reason) == (422, "Invalid")
    causes = caught.value.details["causes"]
    assert all(f"{cause['field']}: {cause['message']}" in caught.value.message for cause in causes)
    return caught.value.message


@pytest.mark.parametrize("name", MISTAKES)
def test_what_is_said(cluster: SimulatedCluster, name: str) -> None:
    """Each mistake is told as a real API tells it, word for word, and nothing else is."""
    said = _SAID[name]
    if name in _NEWER:
        said = said.replace(*_NEWER[name])
    assert refusal(cluster, MISTAKES[name]) == said


@pytest.mark.cluster
def test_the_real_api_says_so(kubeconfig: Path) -> None:
    """The real cluster says what is written down here of every mistake."""
    server, headers, context = access(kubeconfig)
    for name, value in MISTAKES.items():
        version, plural = value["apiVersion"], _PLURALS[value["kind"]]
        root = f"/apis/{version}" if "/" in version else f"/api/{version}"
        request = urllib.request.Request(
            f"{server}{root}/namespaces/default/{plural}?dryRun=All",
            json.dumps(value).encode(),
            {**headers, "Content-Type": "application/json"},
            method="POST",
        )
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(request, timeout=30, context=context).close()
        with caught.value as answer:
            assert json.loads(answer.read())["message"] == _SAID[name], name


_ODD = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 99999) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in an object but what says which kind it is."""
    found = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        if key not in {"apiVersion", "kind", "metadata"}:
            found += [(*here, key), *_paths(item, (*here, key))]
    return found


@settings(max_examples=300, deadline=None)
@given(name=st.sampled_from(sorted(MISTAKES)), choice=st.integers(0, 1000), odd=_ODD)
def test_odd_shapes(cluster: SimulatedCluster, name: str, choice: int, odd: Any) -> None:
    """With anything anywhere in it, an object is judged and nothing breaks."""
    value: Any = copy_of(MISTAKES[name])
    value["metadata"] |= {"namespace": "default"}
    if paths := _paths(value):
        *above, last = paths[choice % len(paths)]
        place = value
        for key in above:
            place = place[key]
        place[last] = odd
    group, _, _ = value["apiVersion"].rpartition("/")
    kind = cluster.kinds.named(group, value["kind"])
    admission = BuiltInAdmission(cluster.store, cluster.kinds, cluster.clock)
    admission.default(kind, value)
    assert isinstance(admission.validate(kind, value, None), list)
    assert isinstance(admission.validate(kind, value, value), list)
