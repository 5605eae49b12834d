"""Each scanner's own JSON, read into one form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.unit.domain.vulnerabilities.reports import documents
from tests.unit.domain.vulnerabilities.reports.documents import IMAGE, LAYERS, MANIFEST
from trunkline.domain.vulnerabilities import Finding, Severity
from trunkline.domain.vulnerabilities.reports import (
    kind_of,
    read_grype,
    read_osv,
    read_report,
    read_trivy,
    with_inventory,
)


def test_grype() -> None:
    """A match is a finding in each layer that has the package, with related ids as aliases and its own worst v3 score."""
    report = read_grype(documents.grype())
    first, second, last = report.findings
    assert (first.layer, second.layer) == LAYERS
    assert first == Finding(
        "GHSA-jfh8-c2jp-5v3q", "log4j-core", "2.14.1", Severity.HIGH, 8.1, "2.15.0, 2.12.2",
        "https://github.example/advisories/GHSA-jfh8-c2jp-5v3q", LAYERS[0], aliases=("CVE-2021-44228",),
        description="Remote code execution.",
    )  # fmt: skip
    assert last == Finding(
        "CVE-2026-0002", "bash", "5.2", Severity.NEGLIGIBLE, 5.5, "", "https://tracker.example/CVE-2026-0002",
        description="Slow.",
    )  # fmt: skip
    assert (report.source, report.digest, report.packages) == ("grype", MANIFEST, None)
    assert report.known_as == (MANIFEST, "sha256:local", IMAGE)
    assert report.scanned_at == datetime(2026, 11, 23, 8, 30, 0, 123456, UTC)


def test_grype_of_a_directory() -> None:
    """A report of something that is no image names no digest."""
    data = documents.grype() | {"source": {"type": "directory", "target": "/src"}}
    assert (read_grype(data).digest, read_grype(data).known_as) == ("", ())


def test_trivy() -> None:
    """The score is that of whoever gave the severity, and only ids that stand for one vulnerability are aliases."""
    report = read_trivy(documents.trivy())
    assert report.findings == (
        Finding(
            "CVE-2026-0001", "libssl3", "3.0.1-r0", Severity.MEDIUM, 5.3, "3.0.2-r0", "https://avd.example/nvd/cve-2026-0001",
            LAYERS[0], "", date(2026, 9, 10), ("GHSA-aaaa-bbbb-cccc",), "A description.",
        ),
    )  # fmt: skip
    assert (report.source, report.digest, report.packages) == ("trivy", MANIFEST, 3)
    assert report.known_as == (MANIFEST, IMAGE)
    assert report.scanned_at == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("severity_source", "cvss", "score"),
    [
        ("debian", {"nvd": {"V3Score": 5.3}, "redhat": {"V3Score": 9.8}}, 9.8),
        ("nvd", {"nvd": {"V3Score": 5.3, "V40Score": 6.9}, "redhat": {"V3Score": 9.8}}, 6.9),
        ("nvd", {"nvd": {"V2Score": 7.8}}, 7.8),
        ("nvd", {"nvd": {"V3Score": 0}, "alpine": {"V3Score": 4.1}}, 4.1),
        ("nvd", {}, None),
        ("nvd", None, None),
    ],
)
def test_trivy_scores(severity_source: str, cvss: Any, score: float | None) -> None:
    """Without a score of the source's own, the worst of all vendors counts; version 2 only alone."""
    data = documents.trivy()
    data["Results"][0]["Vulnerabilities"][0] |= {"SeveritySource": severity_source, "CVSS": cvss}
    assert read_trivy(data).findings[0].score == score


@pytest.mark.parametrize(
    ("change", "packages"),
    [
        ({"Results": None, "Metadata": {}}, 0),
        ({"Results": [{"Class": "secret"}], "Metadata": {}}, 0),
        ({"Results": [{"Class": "os-pkgs"}], "Metadata": {}}, None),
        ({"Results": None}, None),
    ],
)
def test_trivy_packages(change: dict[str, Any], packages: int | None) -> None:
    """An image without a system and without packages of any kind has none; a list left out says nothing."""
    assert read_trivy(documents.trivy() | change).packages == packages


def test_osv() -> None:
    """Aliases are one finding, scores come from vectors, and fixes are those of this package in this release."""
    openssl, requests, bare = read_osv(documents.osv()).findings
    assert openssl == Finding(
        "DEBIAN-CVE-2026-0001", "openssl", "3.0.1-1", Severity.LOW, 9.8, "3.0.2-1", "https://osv.dev/DEBIAN-CVE-2026-0001",
        LAYERS[1], "", date(2026, 9, 10), ("CVE-2026-0001",), "A summary",
    )  # fmt: skip
    assert openssl.weight is Severity.CRITICAL
    assert requests == Finding(
        "GHSA-x84v-xcm2-53pg", "requests", "2.0", Severity.MEDIUM, 7.5, "2.19.2, 2.20.0",
        "https://osv.dev/GHSA-x84v-xcm2-53pg", aliases=("CVE-2018-18074", "PYSEC-2018-28"),
    )  # fmt: skip
    assert (bare.id, bare.weight, bare.score) == ("PYSEC-2099-2", Severity.UNKNOWN, None)


def test_osv_with_syft() -> None:
    """Syft's SBOM gives an osv-scanner report the image's digest, its packages and their layers."""
    report = with_inventory(read_osv(documents.osv()), documents.syft())
    assert (report.digest, report.known_as, report.packages) == (MANIFEST, (MANIFEST, IMAGE), 2)
    places = [(finding.package, finding.layer) for finding in report.findings]
    assert places == [
        ("openssl", LAYERS[1]),
        *(("requests", layer) for layer in LAYERS),
        *(("requests", layer) for layer in LAYERS),
    ]


@pytest.mark.parametrize(
    ("document", "kind"),
    [(documents.grype, "grype"), (documents.trivy, "trivy"), (documents.osv, "osv")],
)
def test_sniffed(document: Callable[[], dict[str, Any]], kind: str) -> None:
    """A report is known by its own keys."""
    assert kind_of(document()) == kind
    assert read_report(document()).source == kind


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "it is not JSON of Grype, Trivy or osv-scanner"),
        ([documents.grype()], "it is not JSON of Grype, Trivy or osv-scanner"),
        ({}, "it is not JSON of Grype, Trivy or osv-scanner"),
        (documents.syft(), "an SBOM of Syft's, which names no vulnerabilities"),
        ({"bomFormat": "CycloneDX", "vulnerabilities": []}, "it is CycloneDX"),
        ({"spdxVersion": "SPDX-2.3"}, "an SBOM in SPDX"),
        ({"version": "2.1.0", "runs": []}, "it is SARIF"),
        ({"matches": None}, "matches is missing"),
        ({"matches": {}}, "matches is not a list"),
        ({"matches": [7]}, "matches[0] is not an object"),
        ({"matches": [{"artifact": {"name": "a"}}]}, "matches[0].vulnerability.id is missing"),
        ({"matches": [{"vulnerability": {"id": "CVE-1"}}]}, "matches[0].artifact.name is missing"),
        ({"matches": [{"vulnerability": {"id": 7}}]}, "matches[0].vulnerability.id is not a text"),
        (
            {"matches": [{"vulnerability": {"id": "C", "cvss": [{"metrics": {"baseScore": 11}}]}, "artifact": {"name": "a"}}]},
            "matches[0].vulnerability.cvss[0].metrics.baseScore is not a score from 0 to 10",
        ),
        ({"SchemaVersion": 1}, "SchemaVersion is not 2"),
        ({"SchemaVersion": 2, "Results": [{"Vulnerabilities": 7}]}, "Results[0].Vulnerabilities is not a list"),
        ({"SchemaVersion": 2, "Metadata": {"RepoDigests": [1]}}, "Metadata.RepoDigests[0] is not a text"),
        ({"results": None}, "results is missing"),
        ({"results": [{"packages": [{"vulnerabilities": [{"id": " "}]}]}]}, "results[0].packages[0].vulnerabilities[0].id is missing"),
        (
            {"results": [{"packages": [{"package": {"name": "a"}, "vulnerabilities": [{"id": "C"}],
                                        "groups": [{"ids": ["C"], "max_severity": "high"}]}]}]},
            "results[0].packages[0].groups[0].max_severity is not a number",
        ),
    ],
)  # fmt: skip
def test_wrong(data: Any, words: str) -> None:
    """A document that is no report, or a broken one, is told in a sentence with the place."""
    with pytest.raises(ValueError, match=r".") as caught:
        read_report(data)
    assert words in str(caught.value)


def test_no_sbom() -> None:
    """Only Syft's own JSON is an inventory."""
    with pytest.raises(ValueError, match="artifacts is missing"):
        with_inventory(read_osv(documents.osv()), {"bomFormat": "CycloneDX"})


def test_texts_are_clean() -> None:
    """No text of a report brings control characters, half characters or a book into the program."""
    data = documents.grype()
    vulnerability = data["matches"][1]["vulnerability"]
    vulnerability |= {"id": "CVE-1\x1b[31m", "description": "x" * 100_000 + "\ud800"}
    finding = read_grype(data).findings[-1]
    assert finding.id == "CVE-1 [31m"
    assert len(finding.description.encode()) <= 4000
