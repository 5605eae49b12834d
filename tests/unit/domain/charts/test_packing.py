"""Packing a chart's folder."""

from __future__ import annotations

import pytest

from tests.unit.domain.charts.making import chart_yaml
from trunkline.domain.charts.archives import BadChart, open_archive
from trunkline.domain.charts.metadata import read_metadata
from trunkline.domain.charts.packing import ignoring, pack


def test_the_same_files_make_the_same_bytes() -> None:
    """Neither the order of files nor the time of packing shows in an archive, and Chart.yaml is its first."""
    text = chart_yaml()
    files = {"templates/b.yaml": b"b", "Chart.yaml": text.encode(), "a.txt": b"a"}
    facts = read_metadata(text)
    content = pack(facts, files)
    assert content == pack(facts, dict(reversed(files.items())))
    assert open_archive(content).files == ("Chart.yaml", "a.txt", "templates/b.yaml")


def test_a_dependency_that_is_not_there_is_refused() -> None:
    """A chart whose dependencies are not in charts/ is not packed, as Helm would not."""
    text = chart_yaml(more="dependencies:\n- name: redis\n  version: 1.x.x\n")
    facts, files = read_metadata(text), {"Chart.yaml": text.encode()}
    with pytest.raises(BadChart, match="depends on redis, which is not in its folder charts/"):
        pack(facts, files)
    for there in ("charts/redis-1.2.3.tgz", "charts/redis/Chart.yaml"):
        assert pack(facts, {**files, there: b""})


@pytest.mark.parametrize(
    ("rules", "path", "folder", "ignored"),
    [
        ("*.swp", "templates/a.swp", False, True),
        ("*.swp", "templates/a.yaml", False, False),
        ("# *.yaml", "a.yaml", False, False),
        ("  ", "a", False, False),
        (".git/", ".git", True, True),
        (".git/", ".git", False, False),
        ("docs/*.md", "docs/a.md", False, True),
        ("docs/*.md", "docs/inner/a.md", False, False),
        ("docs/*.md", "a.md", False, False),
        ("/a.md", "a.md", False, True),
        ("/a.md", "docs/a.md", False, False),
        ("?.txt", "a.txt", False, True),
        ("[ab].txt", "c.txt", False, False),
    ],
)
def test_helmignore_is_read_as_helm_reads_it(rules: str, path: str, folder: bool, ignored: bool) -> None:
    """A pattern without a slash means names anywhere, one with a slash the whole path, a trailing one folders."""
    assert ignoring(rules)(path, folder) is ignored


def test_a_pattern_that_helm_refuses_is_refused() -> None:
    """`**` is no pattern of Helm's."""
    with pytest.raises(BadChart, match=r"\*\*"):
        ignoring("a/**")
