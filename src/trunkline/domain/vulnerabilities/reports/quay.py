"""Quay's own report, as its security endpoint writes it; what it scanned with is Clair."""

from __future__ import annotations

from typing import Any

from trunkline.domain.vulnerabilities.findings import Finding, Look, Report, ScanState
from trunkline.domain.vulnerabilities.reports.parts import Part

SOURCE = "quay"
_STATES = {
    "scanned": ScanState.SCANNED,
    "queued": ScanState.QUEUED,
    "failed": ScanState.FAILED,
    "unsupported": ScanState.UNSUPPORTED,
    "manifest_layer_too_large": ScanState.TOO_LARGE,
}


def read_quay(data: Any, digest: str) -> Look:
    """How far Quay's scan of a manifest is, and what it found.

    Args:
        data: the answer of `/api/v1/repository/…/manifest/{digest}/security?vulnerabilities=true`.
        digest: the manifest's; the answer names the layer only.

    Raises:
        ValueError: one sentence with what is wrong.
    """
    document = Part(data, "")
    word = document.name("status")
    state = _STATES.get(word)
    if state is None:
        raise ValueError(f"status is {word!r}, which no scan of Quay's has")
    if state is not ScanState.SCANNED:
        return Look(state)
    layer = document.part("data").part("Layer")
    if "Name" not in layer and "Features" not in layer:
        raise ValueError("data.Layer is missing, though the scan is done")
    features = layer.parts("Features")
    findings = tuple(
        _finding(feature, vulnerability)
        for feature in features
        for vulnerability in feature.parts("Vulnerabilities")
    )
    return Look(state, Report(SOURCE, digest, findings, len(features), known_as=(digest,)))


def _finding(feature: Part, vulnerability: Part) -> Finding:
    cvss = vulnerability.part("Metadata").part("NVD").part("CVSSv3")
    names = vulnerability.text("Link").split()
    return Finding(
        vulnerability.name("Name"),
        feature.name("Name"),
        feature.text("Version"),
        vulnerability.severity("Severity"),
        cvss.score("Score"),
        vulnerability.text("FixedBy"),
        names[0] if names else "",
        feature.text("AddedBy"),
        description=vulnerability.passage("Description"),
    )
