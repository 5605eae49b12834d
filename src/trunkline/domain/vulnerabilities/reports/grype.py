"""Grype's report (`grype -o json`), as its presenter's models describe it.

Where Grype joins a distribution's advisory with the one that it stems from, the latter is related: its id is an alias,
and its scores count where the distribution gives none. What Grype's own rules ignored stands in `ignoredMatches`, and
is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from trunkline.domain.vulnerabilities.findings import Finding, Report
from trunkline.domain.vulnerabilities.reports.parts import Part, worst
from trunkline.domain.vulnerabilities.reports.syft import digests_of, layers_of

SOURCE = "grype"


def read_grype(data: Any) -> Report:
    """The report in Grype's JSON.

    Raises:
        ValueError: one sentence with what is wrong.
    """
    document = Part(data, "")
    if "matches" not in document:
        raise ValueError("matches is missing: this is no report of Grype's")
    findings = tuple(finding for match in document.parts("matches") for finding in _findings(match))
    known_as = _known_as(document.part("source"))
    return Report(
        SOURCE,
        known_as[0] if known_as else "",
        findings,
        scanned_at=document.part("descriptor").moment("timestamp"),
        known_as=known_as,
    )


def _findings(match: Part) -> Iterator[Finding]:
    """One for each layer that has the package."""
    vulnerability, artifact = match.part("vulnerability"), match.part("artifact")
    related = match.parts("relatedVulnerabilities")
    name = vulnerability.name("id")
    urls = vulnerability.texts("urls")
    finding = Finding(
        name,
        artifact.name("name"),
        artifact.text("version"),
        vulnerability.severity("severity"),
        _score(vulnerability) or worst([_score(one) for one in related]),
        _fixed_in(vulnerability.part("fix")),
        vulnerability.text("dataSource") or (urls[0] if urls else ""),
        aliases=tuple(dict.fromkeys(alias for one in related if (alias := one.name("id")) != name)),
        description=vulnerability.passage("description")
        or next((text for one in related if (text := one.passage("description"))), ""),
    )
    for layer in layers_of(artifact) or ("",):
        yield replace(finding, layer=layer)


def _score(vulnerability: Part) -> float | None:
    """The worst score that is given; one of CVSS v2 only where there is none of a later version."""
    scores: dict[bool, list[float | None]] = {True: [], False: []}
    for entry in vulnerability.parts("cvss"):
        old = entry.text("version").startswith("2")
        scores[old].append(entry.part("metrics").score("baseScore"))
    later = worst(scores[False])
    return worst(scores[True]) if later is None else later


def _fixed_in(fix: Part) -> str:
    state = fix.text("state")
    return ", ".join(fix.texts("versions")) if state in {"fixed", ""} else ""


def _known_as(source: Part) -> tuple[str, ...]:
    # Of a directory or an SBOM the target is a path.
    target = source.raw("target")
    if not isinstance(target, dict):
        return ()
    return digests_of(Part(target, "source.target"))
