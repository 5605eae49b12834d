"""What a person names on the command line, made ready to be pushed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.unit.domain.charts.making import chart, chart_yaml
from trunkline.app.chart_parcels import parcel
from trunkline.errors import UsageError


def folder(root: Path) -> Path:
    made = root / "backend"
    (made / "templates").mkdir(parents=True)
    (made / "Chart.yaml").write_text(chart_yaml())
    (made / "templates" / "a.yaml").write_text("a: b\n")
    return made


def test_a_folder_is_packed_without_what_is_ignored(tmp_path: Path) -> None:
    """A folder's files are in the archive, except those that its .helmignore names."""
    made = folder(tmp_path)
    (made / ".helmignore").write_text("*.swp\n.git/\nChart.yaml\n")
    (made / ".git").mkdir()
    (made / ".git" / "HEAD").write_text("ref")
    (made / "a.swp").write_text("x")
    assert parcel(made).archive.files == ("Chart.yaml", ".helmignore", "templates/a.yaml")


def test_an_archive_comes_with_its_signature(tmp_path: Path) -> None:
    """A `.prov` beside an archive comes along, and one that signs other bytes is refused."""
    path = tmp_path / "backend-1.0.0.tgz"
    path.write_bytes(chart())
    assert parcel(path).provenance == b""
    beside = tmp_path / "backend-1.0.0.tgz.prov"
    signed = f"backend-1.0.0.tgz: sha256:{hashlib.sha256(chart()).hexdigest()}".encode()
    beside.write_bytes(signed)
    assert parcel(path).provenance == signed
    beside.write_bytes(b"backend-1.0.0.tgz: sha256:0000")
    with pytest.raises(UsageError, match="was made for another archive"):
        parcel(path)


def test_a_link_out_of_the_chart_is_refused(tmp_path: Path) -> None:
    """A link to a file or folder elsewhere would put what is not the chart's into its archive."""
    made = folder(tmp_path)
    (tmp_path / "secret").write_text("x")
    (made / "inner.yaml").symlink_to("templates/a.yaml")
    assert "inner.yaml" in parcel(made).archive.files
    (made / "templates" / "b.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(UsageError, match=r"holds the link templates/b\.yaml, which leads out of the chart"):
        parcel(made)


def test_what_is_no_chart_is_named(tmp_path: Path) -> None:
    """A path that is not there, holds nothing or is something else is exit code 2 and named."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.tgz").write_text("x")
    for name, why in (
        ("nowhere", "cannot be read"),
        ("empty", r"holds no Chart\.yaml"),
        ("text.tgz", "no gzipped"),
    ):
        with pytest.raises(UsageError, match=rf"{name}.*{why}"):
            parcel(tmp_path / name)
