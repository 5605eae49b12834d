"""Ranges of chart versions mean to Trunkline what they mean to Helm."""

from __future__ import annotations

import json

import pytest

from dev import tools
from tests.e2e.test_charts import Helm
from trunkline.domain.charts.ranges import parse_range
from trunkline.domain.versions import in_order

VERSIONS = [
    "0.0.0",
    "0.0.1",
    "0.0.5",
    "0.1.0",
    "0.1.4",
    "0.2.0",
    "1.0.0-0",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.1.0",
    "1.1.9",
    "1.2.0-alpha",
    "1.2.0",
    "1.2.3",
    "1.2.4",
    "1.10.0",
    "1.10.0+b1",
    "2.0.0-beta.2",
    "2.0.0",
    "2.1.0",
    "2.1.1-rc1",
    "3.0.0",
    "10.0.0",
]
RANGES = """*;x;1;1.x;1.2;1.2.x;1.2.*;v1.2;=1.2;=1.2.3;1.2.3;!=1.2.3;!=1.2;!=1;>1;>1.2;>1.2.3;>=1;>=1.2;<1;<1.2;<=1;<=1.2;
<=1.2.3;=>1.2;=<1.2;~1;~1.2;~1.2.3;~>1.2;~0;~0.0;~0.0.0;~0.0.1;~0.1;~x;^1;^1.2;^1.2.3;^0;^0.0;^0.0.0;^0.0.1;^0.1;^0.1.4;
^1.x.x;>=1.2 <2;>=1.2, <2;>=1.2,<2;> 1.2 < 2.1;1.0 - 1.2;1.0.1 - 1.2.3;1 - 2;1.2.3 - 1;v1 - v2;^1 || ^2;~0.1||2.1.x;>=1.0.0-0;
>=1.0.0-0 <2;^1.0.0-0;~1.2.0-alpha;<2.0.0-z;!=1.0.0-rc.1;>1.0.0-0;1.0.0-rc.1;<=1.2.0-0;~1-0;>=*;<*;1.10.0+b1;1 2;
>= 1.1.0 <= 1.2.3 != 1.2.0;1.0.0-rc.1 || 2;^1,^2;>>1;a;latest;1.2.3.4;>=1,;,>=1;1 ||"""


@pytest.fixture(scope="module")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """A Helm 4 that knows one repository, as if it had just been updated."""
    home = tmp_path_factory.mktemp("helm")
    (home / "cache" / "repository").mkdir(parents=True)
    (home / "config").mkdir()
    known = {"name": "acme", "url": "http://127.0.0.1:1"}
    (home / "config" / "repositories.yaml").write_text(json.dumps({"repositories": [known]}))
    entries = [
        {"apiVersion": "v2", "name": "c", "version": version, "urls": ["c.tgz"]} for version in VERSIONS
    ]
    index = json.dumps({"apiVersion": "v1", "entries": {"c": entries}})
    (home / "cache" / "repository" / "acme-index.yaml").write_text(index)
    return Helm(tools.helm(4), home)


@pytest.mark.parametrize("text", [text.strip() for text in RANGES.split(";")])
def test_a_range_means_what_it_means_to_helm(helm: Helm, text: str) -> None:
    """Of 24 versions exactly those are in a range that Helm 4 finds in it, and both refuse the same."""
    asked = ("search", "repo", "acme/c", "--versions", "--version", text, "--output", "json")
    try:
        expected = sorted(item["version"] for item in json.loads(helm(*asked)))
    except AssertionError:
        with pytest.raises(ValueError, match="range"):
            parse_range(text)
        return
    found = parse_range(text)
    assert sorted(version.text for version in in_order(VERSIONS) if found.accepts(version)) == expected
