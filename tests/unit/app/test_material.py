"""Fetching chart and values layers, and knowing them again."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.fakes.projects import a_project, an_environment
from tests.fakes.world import chart_archive, fake_world
from trunkline.app.material import chart_file, gather, gathered
from trunkline.config.project import ChartSettings, Environment, Project
from trunkline.errors import UsageError

DEV = an_environment("dev")


def chart_directory(root: Path, **files: str) -> Path:
    texts = {
        "Chart.yaml": "apiVersion: v2\nname: own\nversion: '2.1.0' # next\n",
        "values.yaml": "a: 1\n",
    } | files
    for name, text in texts.items():
        path = root / "chart" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root / "chart"


def fingerprint(project: Project, into: Path, files: Mapping[str, Mapping[str, bytes]] | None = None) -> str:
    fake = fake_world(project)
    for location, contents in (files or {}).items():
        fake.storage.files[location] = dict(contents)
    into.mkdir(exist_ok=True)
    return gather(fake.world, DEV, into).fingerprint


def test_a_chart_from_a_repository(tmp_path: Path) -> None:
    """Chart and layers are fetched from where the configuration says, in its order, and are gone after the block."""
    fake = fake_world()
    with gathered(fake.world, DEV) as material:
        assert material.label == "backend-1.0.0"
        assert [path.read_text() for path in material.values] == ["name: base.yaml\n", "name: dev.yaml\n"]
        place = material.chart.parent
    assert not place.exists()
    assert fake.storage.fetched == [
        "s3://charts/backend-1.0.0.tgz", "s3://values/base.yaml", "s3://values/dev.yaml",
    ]  # fmt: skip


def test_a_chart_in_the_project(tmp_path: Path) -> None:
    """A chart directory is used where it lies; relative locations start from the project."""
    chart = chart_directory(tmp_path)
    project = a_project(tmp_path, chart=ChartSettings(path="chart"), values_location="values")
    fake = fake_world(project)
    fake.storage.files[str(tmp_path / "values")] = {"base.yaml": b"", "dev.yaml": b""}
    with gathered(fake.world, DEV) as material:
        assert (material.label, material.chart) == ("own-2.1.0", chart)
    assert chart.exists()


def test_two_layers_of_one_name(tmp_path: Path) -> None:
    """Layers that have the same file name in different folders do not overwrite each other."""
    environment = Environment("dev", "team", "sample", values=("a/values.yaml", "b/values.yaml"))
    fake = fake_world()
    fake.storage.files["s3://values"] = {"a/values.yaml": b"a", "b/values.yaml": b"b"}
    with gathered(fake.world, environment) as material:
        assert [path.read_text() for path in material.values] == ["a", "b"]


def test_no_chart_there(tmp_path: Path) -> None:
    """A chart path that leads nowhere names the path and the file to correct."""
    fake = fake_world(a_project(tmp_path, chart=ChartSettings(path="missing")))
    with (
        pytest.raises(UsageError, match=f"There is no chart at {tmp_path}/missing") as caught,
        gathered(fake.world, DEV),
    ):
        pytest.fail("there was a chart")
    assert "`chart.path` in trunkline.yaml" in caught.value.hint


def test_the_fingerprint_knows_everything_again(tmp_path: Path) -> None:
    """The same contents have the same fingerprint; a change of chart, of a layer or of a file's name has another."""
    own = a_project(tmp_path, chart=ChartSettings(path="chart"))
    layers = {"base.yaml": b"a", "dev.yaml": b"b"}
    chart_directory(tmp_path)
    first = fingerprint(own, tmp_path / "1")
    assert fingerprint(own, tmp_path / "2") == first
    found = {first, fingerprint(own, tmp_path / "3", {"s3://values": layers})}
    found.add(fingerprint(own, tmp_path / "4", {"s3://values": {"base.yaml": b"b", "dev.yaml": b"a"}}))
    chart_directory(tmp_path, **{"templates/a.yaml": "x"})
    found.add(fingerprint(own, tmp_path / "5"))
    (tmp_path / "chart/templates/a.yaml").rename(tmp_path / "chart/templates/b.yaml")
    found.add(fingerprint(own, tmp_path / "6"))
    packed = {"backend-1.0.0.tgz": chart_archive()}
    found.add(fingerprint(a_project(), tmp_path / "7", {"s3://charts": packed}))
    assert len(found) == 6


def test_a_file_of_a_chart(tmp_path: Path) -> None:
    """A file at the top of a chart is read from a directory and from an archive, never a subchart's."""
    archive = tmp_path / "backend-1.0.0.tgz"
    archive.write_bytes(chart_archive(**{"charts/sub/values.yaml": "sub: 1\n", "values.yaml": "top: 1\n"}))
    assert chart_file(archive, "values.yaml") == "top: 1\n"
    assert chart_file(chart_directory(tmp_path), "values.yaml") == "a: 1\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>no such key</html>", id="an error page"),
        pytest.param(chart_archive()[:60], id="cut off"),
        pytest.param(chart_archive()[:-20] + b"x" * 20, id="damaged at its end"),
        pytest.param(chart_archive()[:40] + b"\0" * 40 + chart_archive()[80:], id="damaged inside"),
        pytest.param(gzip.compress(b"\xff" * 2000), id="no tar"),
        pytest.param(gzip.compress(b""), id="nothing in it"),
    ],
)
def test_an_archive_that_is_none(tmp_path: Path, content: bytes) -> None:
    """Whatever lies where the chart should be, it is a sentence about that file, not a fault."""
    archive = tmp_path / "backend-1.0.0.tgz"
    archive.write_bytes(content)
    with pytest.raises(UsageError, match=r"backend-1\.0\.0\.tgz"):
        chart_file(archive, "no-such-file.yaml")


def test_a_directory_that_is_no_chart(tmp_path: Path) -> None:
    """A directory without the file is said, and a file that is no text as well."""
    with pytest.raises(UsageError, match="is not a Helm chart"):
        chart_file(tmp_path, "Chart.yaml")
    (tmp_path / "Chart.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(UsageError, match="is not a Helm chart"):
        chart_file(tmp_path, "Chart.yaml")
