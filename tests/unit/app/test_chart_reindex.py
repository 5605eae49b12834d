"""Rebuilding an index from what is there, while others push and delete."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.fakes.chart_store import FakeChartStore
from tests.unit.app.test_charts import agree, index, parcel, repository, versions
from tests.unit.domain.charts.making import chart
from trunkline.app.chart_reindex import reindex
from trunkline.app.charts import delete, push


def stocked() -> FakeChartStore:
    store = FakeChartStore()
    push(repository(store), [parcel("1.0.0"), parcel("1.1.0"), parcel("1.0.0", "frontend")])
    return store


def test_a_lost_index_is_rebuilt_without_opening_archives() -> None:
    """Archives whose objects bear their metadata are not read."""
    store = stocked()
    del store.files["index.yaml"]
    store.deeds.clear()
    done = reindex(repository(store))
    assert (done.charts, done.opened, done.skipped) == (3, 0, ())
    assert done.added == ("backend-1.0.0.tgz", "backend-1.1.0.tgz", "frontend-1.0.0.tgz")
    assert not any(deed.startswith("read") and deed.endswith(".tgz") for deed in store.deeds)
    assert agree(store)


def test_archives_without_metadata_are_opened() -> None:
    """Where an object bears no metadata, or those of another chart, the archive itself is asked."""
    store = stocked()
    del store.files["index.yaml"]
    other = json.dumps({"apiVersion": "v2", "name": "other", "version": "1.0.0"})
    bad: tuple[dict[str, str], ...] = (
        {},
        {"chart-metadata": other, "chart-digest": "0" * 64},
        {"chart-metadata": "{", "chart-digest": "x"},
    )
    for name, metadata in zip(sorted(store.files), bad, strict=True):
        store.files[name] = replace(store.files[name], metadata=metadata)
    assert reindex(repository(store)).opened == 3
    assert agree(store)


def test_what_the_index_knew_stays() -> None:
    """Of an archive that the index knew it keeps the time and fields of others'; of one with other bytes it does not."""
    store = stocked()
    content = index(store)
    for entry in content["entries"]["backend"]:
        entry |= {"created": "2020-01-01T00:00:00Z", "x-team": "a"}
    content["entries"]["backend"][0]["digest"] = "0" * 64
    store.write("index.yaml", json.dumps({**content, "x": 1}).encode(), {})
    reindex(repository(store))
    newer, older = index(store)["entries"]["backend"]
    assert (older["created"], older["x-team"]) == ("2020-01-01T00:00:00Z", "a")
    assert (newer["created"], newer.get("x-team")) == ("2026-03-01T12:00:00Z", None)
    assert index(store)["x"] == 1
    assert agree(store)


def test_entries_without_an_archive_go() -> None:
    """What is not there any more is dropped, and said."""
    store = stocked()
    del store.files["backend-1.0.0.tgz"]
    assert reindex(repository(store)).dropped == ("backend-1.0.0.tgz",)
    assert agree(store)


def test_what_is_no_chart_is_skipped_and_said() -> None:
    """An archive that is damaged or has another chart's name is named with the reason, and ends nothing."""
    store = stocked()
    store.write("broken-1.0.0.tgz", b"no archive", {})
    store.write("wrong-1.0.0.tgz", chart("right", "1.0.0"), {})
    done = reindex(repository(store))
    assert done.charts == 3
    assert [text.partition(" ")[0] for text in done.skipped] == [
        "s3://acme-charts/stable/broken-1.0.0.tgz",
        "s3://acme-charts/stable/wrong-1.0.0.tgz",
    ]


def test_an_unreadable_index_is_replaced() -> None:
    """An index that nobody can read is no reason not to rebuild it."""
    store = stocked()
    store.write("index.yaml", b"entries: [", {})
    assert reindex(repository(store)).charts == 3
    assert agree(store)


def test_a_push_meanwhile_is_kept() -> None:
    """What is pushed while the index is rebuilt is in it afterwards."""
    store = stocked()
    del store.files["index.yaml"]
    store.meanwhile = [lambda: push(repository(store), [parcel("3.0.0")])]
    reindex(repository(store))
    assert versions(store) == ["3.0.0", "1.1.0", "1.0.0"]
    assert agree(store)


def test_a_deletion_meanwhile_is_kept() -> None:
    """What is deleted while the index is rebuilt stays deleted, whether the index knew it or not."""
    for known in (True, False):
        store = stocked()
        if not known:
            content = index(store)
            del content["entries"]["backend"]
            store.write("index.yaml", json.dumps(content).encode(), {})
        else:
            store.write("extra-1.0.0.tgz", chart("extra"), {})
        store.meanwhile = [lambda store=store: delete(repository(store), "backend", "1.0.0")]  # type: ignore[misc]
        reindex(repository(store))
        assert versions(store) == ["1.1.0"]
        assert agree(store)
