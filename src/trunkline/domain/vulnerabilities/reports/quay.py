"""Quay's own report, as its security endpoint writes it; what it scanned with is Clair.

Clair's names are sentences for some sources (`RHSA-2026:12: zlib update (Important)`, `CVE-2026-1 on Ubuntu 24.04`): the
advisory's id is what they begin with. Links are several in one text. Older Quays know a severity above critical.
"""

from __future__ import annotations

from typing import Any

from trunkline.domain.vulnerabilities.cvss import base_score
from trunkline.domain.vulnerabilities.findings import Finding, Look, Report, ScanState, Severity
from trunkline.domain.vulnerabilities.reports.parts import Part
from trunkline.expressions import expression

SOURCE = "quay"
_STATES = {
    "scanned": ScanState.SCANNED,
    "queued": ScanState.QUEUED,
    "failed": ScanState.FAILED,
    "unsupported": ScanState.UNSUPPORTED,
    "manifest_layer_too_large": ScanState.TOO_LARGE,
}
_ID = expression(r"[A-Za-z][A-Za-z.]*-[\w.:-]*\d[\w.-]*")
_CVE = expression(r"CVE-\d{4}-\d{4,}")
_BEYOND_CRITICAL = "defcon1"


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
    scores = vulnerability.part("Metadata").part("NVD").part("CVSSv3")
    name, links = vulnerability.name("Name"), vulnerability.text("Link")
    found = _ID.match(name)
    advisory = found[0] if found else name
    return Finding(
        advisory,
        feature.name("Name"),
        feature.text("Version"),
        _severity(vulnerability),
        scores.score("Score") or base_score(scores.text("Vectors")) or None,
        vulnerability.text("FixedBy"),
        next(iter(links.split()), ""),
        feature.text("AddedBy"),
        aliases=_aliases(advisory, f"{name} {links}"),
        description=vulnerability.passage("Description"),
    )


def _severity(vulnerability: Part) -> Severity:
    if vulnerability.text("Severity").lower() == _BEYOND_CRITICAL:
        return Severity.CRITICAL
    return vulnerability.severity("Severity")


def _aliases(advisory: str, text: str) -> tuple[str, ...]:
    """The one CVE that an advisory is about; one about several is none of them."""
    named = set(_CVE.findall(text))
    return tuple(named - {advisory}) if len(named) == 1 else ()
