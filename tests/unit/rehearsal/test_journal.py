"""The state of a cluster in a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.rehearsal.manual_clock import ManualClock
from trunkline.rehearsal.cluster import SimulatedCluster
from trunkline.rehearsal.journal import Journal
from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.store import Store


def kept(path: Path) -> tuple[Store, Journal, Kinds]:
    store, kinds = Store(ManualClock()), Kinds()
    # A test is one thread: it may hold the lock for good.
    store.lock.acquire()
    return store, Journal(path, store, kinds), kinds


def put(store: Store, kinds: Kinds, name: str, text: str = "1") -> None:
    value = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "x", "uid": name},
        "data": {"a": text},
    }
    store.put(kinds.named("", "ConfigMap"), value)


def names(store: Store, kinds: Kinds) -> list[str]:
    return [item["metadata"]["name"] for item in store.all_of(kinds.named("", "ConfigMap"))]


def test_what_was_there_is_there_again(tmp_path: Path) -> None:
    """Objects, changes and removals are in the file at once, and versions go on."""
    store, journal, kinds = kept(tmp_path / "state")
    journal.follow()
    for name in ("a", "b", "c"):
        put(store, kinds, name)
    put(store, kinds, "a", "2")
    store.remove(kinds.named("", "ConfigMap"), "x", "b")
    journal.close()
    again, second, kinds = kept(tmp_path / "state")
    assert second.restore() == 2
    assert names(again, kinds) == ["a", "c"]
    assert again.version == store.version


def test_a_line_that_was_cut_off(tmp_path: Path) -> None:
    """A kill in the middle of a write loses that one change and nothing else."""
    store, journal, kinds = kept(tmp_path / "state")
    journal.follow()
    put(store, kinds, "a")
    put(store, kinds, "b")
    journal.close()
    path = tmp_path / "state"
    path.write_text(path.read_text(encoding="utf-8")[:-20], encoding="utf-8")
    again, second, kinds = kept(path)
    second.restore()
    assert names(again, kinds) == ["a"]


def test_a_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    """Many changes of few objects end in a short file with the last of each."""
    store, journal, kinds = kept(tmp_path / "state")
    journal.follow()
    for number in range(5000):
        put(store, kinds, "a", str(number))
    journal.close()
    assert len((tmp_path / "state").read_text(encoding="utf-8").splitlines()) < 3000
    again, second, kinds = kept(tmp_path / "state")
    second.restore()
    (value,) = again.all_of(kinds.named("", "ConfigMap"))
    assert value["data"] == {"a": "4999"}


def test_a_file_of_something_else(tmp_path: Path) -> None:
    """A file that is no cluster's is refused, and stays as it is."""
    path = tmp_path / "state"
    path.write_text('{"format": 99}\n{"type": "ADDED"}\n', encoding="utf-8")
    with pytest.raises(ValueError, match="no state of a simulated cluster"):
        SimulatedCluster(ManualClock(), path=path)
    assert "99" in path.read_text(encoding="utf-8")
