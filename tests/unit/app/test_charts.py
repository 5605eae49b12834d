"""Pushing to, deleting from and listing a chart repository while others do the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.fakes.chart_store import FakeChartStore
from tests.fakes.clock import FakeClock
from tests.unit.domain.charts.making import chart
from trunkline.app.chart_parcels import Parcel
from trunkline.app.charts import Repository, change, delete, entries, push
from trunkline.domain.charts.archives import open_archive
from trunkline.errors import Locked, Unreachable, UsageError

LOCATION = "s3://acme-charts/stable"


def repository(store: FakeChartStore, *, relative: bool = False) -> Repository:
    return Repository(store, FakeClock(), relative, lambda: 0.5)


def parcel(version: str = "1.0.0", name: str = "backend", more: str = "") -> Parcel:
    return Parcel(open_archive(chart(name, version, more)))


def index(store: FakeChartStore) -> Any:
    return json.loads(store.files["index.yaml"].content)


def versions(store: FakeChartStore, name: str = "backend") -> list[str]:
    return [entry["version"] for entry in index(store)["entries"].get(name, ())]


def agree(store: FakeChartStore) -> bool:
    """Whether the index names exactly the archives that are there, with their digests."""
    found = {
        f"{entry['name']}-{entry['version']}.tgz": entry["digest"]
        for block in index(store)["entries"].values()
        for entry in block
    }
    return found == {name: file.mark for name, file in store.files.items() if name.endswith(".tgz")}


def test_a_push_writes_the_archive_before_the_index() -> None:
    """The index never names what is not there yet."""
    store = FakeChartStore()
    pushed = push(repository(store), [parcel()])
    writes = [deed for deed in store.deeds if deed.startswith("write")]
    assert writes == ["write backend-1.0.0.tgz", "write index.yaml"]
    assert [(item.outcome, item.address) for item in pushed] == [("pushed", f"{LOCATION}/backend-1.0.0.tgz")]
    assert agree(store)


def test_an_entry_is_as_helm_writes_it() -> None:
    """An entry holds what Chart.yaml says, the digest, the time, and an address of s3:// unless it is to be relative."""
    store = FakeChartStore()
    push(repository(store), [parcel(more="appVersion: 1.10\nunknown: x\n")])
    push(repository(store, relative=True), [parcel("1.1.0")])
    newer, older = index(store)["entries"]["backend"]
    assert older == {
        "apiVersion": "v2",
        "name": "backend",
        "version": "1.0.0",
        "appVersion": "1.10",
        "created": "2026-03-01T12:00:00Z",
        "digest": store.files["backend-1.0.0.tgz"].mark,
        "urls": [f"{LOCATION}/backend-1.0.0.tgz"],
    }
    assert newer["urls"] == ["backend-1.1.0.tgz"]


def test_the_object_bears_what_a_reindex_needs() -> None:
    """An archive's object bears the chart's metadata and digest as the S3 plug-in spells them, up to 1900 bytes."""
    store = FakeChartStore()
    push(repository(store), [parcel(), parcel("2.0.0", more=f"description: {'ä' * 400}\n")])
    metadata = store.files["backend-1.0.0.tgz"].metadata
    assert json.loads(metadata["chart-metadata"])["name"] == "backend"
    assert metadata["chart-digest"] == store.files["backend-1.0.0.tgz"].mark
    assert store.files["backend-2.0.0.tgz"].metadata == {}


def test_the_same_bytes_are_done_already() -> None:
    """A second push of the same archive changes nothing, and mends an index that has lost it."""
    store = FakeChartStore()
    push(repository(store), [parcel()])
    before = dict(store.files)
    assert push(repository(store), [parcel()])[0].outcome == "unchanged"
    assert store.files == before
    del store.files["index.yaml"]
    assert push(repository(store), [parcel()])[0].outcome == "unchanged"
    assert versions(store) == ["1.0.0"]


def test_other_bytes_are_refused() -> None:
    """A version that is there is not overwritten, and nothing else of the same push is written."""
    store = FakeChartStore()
    push(repository(store), [parcel()])
    before = dict(store.files)
    with pytest.raises(UsageError, match=r"backend-1\.0\.0\.tgz is there already, with other bytes"):
        push(repository(store), [parcel("2.0.0"), parcel(more="description: other\n")])
    assert store.files == before


def test_force_replaces() -> None:
    """`--force` puts other bytes in a version's place, in the index as well, and takes the old signature away."""
    store = FakeChartStore()
    push(repository(store), [Parcel(parcel().archive, b"signed")])
    assert "backend-1.0.0.tgz.prov" in store.files
    assert push(repository(store), [parcel(more="description: x\n")], force=True)[0].outcome == "replaced"
    assert "backend-1.0.0.tgz.prov" not in store.files
    assert agree(store)


def test_one_version_twice_is_refused() -> None:
    """Two archives of one version in the same push are a mistake, and nothing is written."""
    store = FakeChartStore()
    with pytest.raises(UsageError, match="to be pushed twice"):
        push(repository(store), [parcel(), parcel(more="description: x\n")], force=True)
    assert store.files == {}


def test_a_lost_race_is_run_again() -> None:
    """Who comes too late to change the index reads it anew, and both changes are in it."""
    store = FakeChartStore()
    others = ["0.1.0", "0.2.0", "0.3.0"]

    def other() -> None:
        if others:
            push(repository(store), [parcel(others.pop())])

    # Before the archive, and before each of the first two tries at the index.
    store.meanwhile = [other, other, other]
    push(repository(store), [parcel("9.0.0")])
    assert versions(store) == ["9.0.0", "0.3.0", "0.2.0", "0.1.0"]
    assert agree(store)


def test_a_push_waits_longer_and_longer_by_chance() -> None:
    """Waits between tries grow to two seconds and are scattered, and there is an end to them."""
    store, clock, turns = FakeChartStore(), FakeClock(), iter(range(10_000))

    def other() -> None:
        store.files.pop("index.yaml", None)
        store.meanwhile.append(other)
        content = json.dumps({"entries": {}, "turn": next(turns)}).encode()
        store.files["index.yaml"] = FakeChartStore().files.get("", None) or _file(content)

    store.meanwhile = [lambda: None, other]
    with pytest.raises(Locked, match=r"index\.yaml was changed by others all the time, for 300 seconds"):
        push(Repository(store, clock, chance=lambda: 0.5), [parcel()])
    assert clock.slept[:7] == [0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.0]
    assert max(clock.slept) == 1.0


def _file(content: bytes) -> Any:
    store = FakeChartStore()
    store.write("x", content, {})
    return store.files["x"]


def test_two_who_force_agree_in_the_end() -> None:
    """Of two who replace the same version at once one is told, and the index speaks of what is there."""
    store = FakeChartStore()
    push(repository(store), [parcel()])
    other = parcel(more="description: theirs\n")
    store.meanwhile = [lambda: None, lambda: push(repository(store), [other], force=True)]
    with pytest.raises(UsageError, match="was replaced by somebody else meanwhile"):
        push(repository(store), [parcel(more="description: ours\n")], force=True)
    assert store.files["backend-1.0.0.tgz"].content == other.archive.content
    assert agree(store)


def test_the_index_forgets_before_the_files_go() -> None:
    """A deletion takes the entry first, then the archive and its signature."""
    store = FakeChartStore()
    push(repository(store), [Parcel(parcel().archive, b"signed"), parcel("1.1.0")])
    store.deeds.clear()
    gone = delete(repository(store), "backend", "1.0.0")
    assert gone.address == f"{LOCATION}/backend-1.0.0.tgz"
    deeds = [deed for deed in store.deeds if deed.split()[0] in ("write", "remove")]
    assert deeds == ["write index.yaml", "remove backend-1.0.0.tgz", "remove backend-1.0.0.tgz.prov"]
    assert set(store.files) == {"index.yaml", "backend-1.1.0.tgz"}
    assert agree(store)


def test_a_deletion_that_was_interrupted_is_finished() -> None:
    """An archive that no index names any more can be deleted still, and a version that is nowhere is exit code 2."""
    store = FakeChartStore()
    push(repository(store), [parcel()])
    change(repository(store), lambda index: index.changed(drop=[("backend", "1.0.0")]))
    delete(repository(store), "backend", "1.0.0")
    assert set(store.files) == {"index.yaml"}
    with pytest.raises(UsageError, match=r"There is no .*backend-1\.0\.0\.tgz, nor does the index know it"):
        delete(repository(store), "backend", "1.0.0")


@pytest.mark.parametrize(
    ("name", "version"), [("../a", "1.0.0"), ("a/b", "1.0.0"), ("a", "1.0.0/../b"), ("", "1.0.0")]
)
def test_a_deletion_never_leads_out(name: str, version: str) -> None:
    """Names and versions that are none are refused before anything is touched."""
    store = FakeChartStore()
    with pytest.raises(UsageError):
        delete(repository(store), name, version)
    assert store.deeds == []


def test_a_push_beside_a_deletion_leaves_what_agrees() -> None:
    """A version that is deleted just when the index has named it again is pushed anew."""
    store = FakeChartStore()
    push(repository(store), [parcel()])
    del store.files["index.yaml"]

    def theirs() -> None:
        # Their deletion took the entry before; its second half comes now.
        store.files.pop("backend-1.0.0.tgz")

    store.meanwhile = [lambda: None, theirs]
    push(repository(store), [parcel()])
    assert versions(store) == ["1.0.0"]
    assert agree(store)


@pytest.mark.parametrize("spell", [yaml.safe_dump, json.dumps])
def test_what_others_wrote_into_an_index_is_kept(spell: Callable[[Any], str]) -> None:
    """Fields that we know nothing of stay in the index, at its top and in its entries, in YAML and in JSON."""
    store = FakeChartStore()
    other = {
        "name": "other",
        "version": "0.1.0",
        "appVersion": "1.10",
        "deprecated": True,
        "x-team": {"of": ["a", "b"]},
    }
    text = spell(
        {"apiVersion": "v1", "serverInfo": {"contextPath": "/x"}, "entries": {"other": [other], "none": None}}
    )
    store.write("index.yaml", text.encode(), {})
    push(repository(store), [parcel()])
    assert index(store)["entries"]["other"] == [other]
    assert index(store)["serverInfo"] == {"contextPath": "/x"}
    assert versions(store) == ["1.0.0"]


@pytest.mark.parametrize(
    "content",
    [b"\xff", b"- a\n", b"entries: []", b"entries: {a: b}", b"entries: {a: [b]}", b"{", b"[" * 5000],
)
def test_an_index_that_cannot_be_read_is_not_overwritten(content: bytes) -> None:
    """Where the index is no index, a push says so and leaves it as it is."""
    store = FakeChartStore()
    store.write("index.yaml", content, {})
    with pytest.raises(UsageError, match=r"index\.yaml cannot be read") as caught:
        push(repository(store), [parcel()])
    assert "reindex" in caught.value.hint
    assert store.files["index.yaml"].content == content


def test_a_list_is_newest_first() -> None:
    """The list holds all versions, or those of one chart, the newest first."""
    store = FakeChartStore()
    push(
        repository(store), [parcel("1.9.0"), parcel("1.10.0"), parcel("2.0.0-rc.1"), parcel("1.0.0", "alpha")]
    )
    assert [entry["version"] for entry in entries(repository(store), "backend")] == [
        "2.0.0-rc.1",
        "1.10.0",
        "1.9.0",
    ]
    assert [entry["name"] for entry in entries(repository(store))] == ["alpha", *["backend"] * 3]
    assert entries(repository(store), "nothing") == ()


def test_a_repository_without_an_index_is_told() -> None:
    """Listing what has no index is exit code 2 and names how to get one."""
    with pytest.raises(UsageError, match=r"There is no s3://acme-charts/stable/index\.yaml") as caught:
        entries(repository(FakeChartStore()))
    assert "reindex" in caught.value.hint


def test_a_storage_that_is_down_ends_a_push() -> None:
    """Where the storage does not answer, the push ends with its words and nothing is written."""
    store = FakeChartStore()
    store.trouble = "s3://acme-charts does not answer."
    with pytest.raises(Unreachable, match="does not answer"):
        push(repository(store), [parcel()])
    assert store.files == {}
