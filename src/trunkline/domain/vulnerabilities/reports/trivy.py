"""Trivy's report (`trivy image --format json`), version 2 of its schema."""

from __future__ import annotations

from typing import Any

from trunkline.domain.vulnerabilities.findings import Finding, Report
from trunkline.domain.vulnerabilities.reports.parts import Part, digests_in, worst

SOURCE = "trivy"
_SCHEMA = 2
_OF_PACKAGES = {"os-pkgs", "lang-pkgs"}


def read_trivy(data: Any) -> Report:
    """The report in Trivy's JSON.

    Raises:
        ValueError: one sentence with what is wrong.
    """
    document = Part(data, "")
    version = document.raw("SchemaVersion")
    if version != _SCHEMA or isinstance(version, bool):
        raise ValueError(f"SchemaVersion is not {_SCHEMA}: this is no report that today's Trivy writes")
    metadata, results = document.part("Metadata"), document.parts("Results")
    digests = digests_in(metadata.texts("RepoDigests"))
    image = metadata.text("ImageID")
    return Report(
        SOURCE,
        digests[0] if digests else "",
        tuple(_finding(one) for result in results for one in result.parts("Vulnerabilities")),
        _packages(results, knows_system="OS" in metadata),
        document.moment("CreatedAt"),
        (*digests, image) if image else digests,
    )


def _finding(one: Part) -> Finding:
    layer = one.part("Layer")
    return Finding(
        one.name("VulnerabilityID"),
        one.name("PkgName"),
        one.text("InstalledVersion"),
        one.severity("Severity"),
        _score(one),
        one.text("FixedVersion"),
        one.text("PrimaryURL"),
        layer.text("Digest") or layer.text("DiffID"),
        "",
        one.day("PublishedDate"),
        # A distribution's own ids stand for many vulnerabilities each, those of GitHub for one.
        tuple(name for name in one.texts("VendorIDs") if name.startswith("GHSA-")),
        one.passage("Description") or one.passage("Title"),
    )


def _score(one: Part) -> float | None:
    """The score of whoever gave the severity or the advisory; where they give none, the worst of all."""
    scores = {vendor: _vendors_score(part) for vendor, part in one.part("CVSS").named_parts()}
    own = (one.text("SeveritySource"), one.part("DataSource").text("ID"))
    chosen = next((scores[vendor] for vendor in own if scores.get(vendor) is not None), None)
    return worst(list(scores.values())) if chosen is None else chosen


def _vendors_score(part: Part) -> float | None:
    """The worse of versions 3 and 4; version 2 has other bands and counts only alone."""
    later = worst([part.score("V3Score"), part.score("V40Score")])
    return part.score("V2Score") if later is None else later


def _packages(results: list[Part], *, knows_system: bool) -> int | None:
    """How many packages are listed; none where Trivy found neither a system nor any kind of them."""
    of_packages = [result for result in results if result.text("Class") in _OF_PACKAGES]
    if any("Packages" in result for result in of_packages):
        return sum(len(result.items("Packages")) for result in of_packages)
    return None if of_packages or knows_system else 0
