"""Syft's SBOM (`syft -o json`): which image it is, and which packages each of its layers has.

It names no vulnerability. A report that was made from it, such as osv-scanner's, knows neither layers nor the digest:
both together say what a scan of the image says.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from trunkline.domain.vulnerabilities.findings import Finding, Report
from trunkline.domain.vulnerabilities.reports.parts import Part, digests_in


def with_inventory(report: Report, sbom: Any) -> Report:
    """`report` with what Syft's JSON knows better: the image's digest, how many packages it has, and their layers.

    Raises:
        ValueError: one sentence with what is wrong with the SBOM.
    """
    document = Part(sbom, "")
    if "artifacts" not in document:
        raise ValueError("artifacts is missing: this is no SBOM of Syft's")
    artifacts = document.parts("artifacts")
    layers: dict[tuple[str, str], dict[str, None]] = {}
    for artifact in artifacts:
        found = layers.setdefault((artifact.text("name"), artifact.text("version")), {})
        found.update(dict.fromkeys(layers_of(artifact)))
    # Of a file or a directory there is other metadata, without these keys.
    known_as = digests_of(document.part("source").part("metadata"))
    return replace(
        report,
        digest=report.digest or (known_as[0] if known_as else ""),
        known_as=report.known_as or known_as,
        packages=len(artifacts),
        findings=tuple(placed for one in report.findings for placed in _placed(one, layers)),
    )


def _placed(finding: Finding, layers: dict[tuple[str, str], dict[str, None]]) -> list[Finding]:
    known = layers.get((finding.package, finding.version))
    if finding.layer or not known:
        return [finding]
    return [replace(finding, layer=layer) for layer in known]


def layers_of(artifact: Part) -> tuple[str, ...]:
    """The layers (digests of their uncompressed archives) that have the package itself, not only traces of it."""
    found = [
        (one.text("layerID"), one.part("annotations").raw("evidence")) for one in artifact.parts("locations")
    ]
    primary = [layer for layer, evidence in found if evidence == "primary"]
    return tuple(dict.fromkeys(layer for layer in primary or (layer for layer, _ in found) if layer))


def digests_of(image: Part) -> tuple[str, ...]:
    """The digests by which Syft, and Grype with it, know an image: in its repositories first, its configuration last."""
    known = (*digests_in(image.texts("repoDigests")), image.text("manifestDigest"), image.text("imageID"))
    return tuple(dict.fromkeys(digest for digest in known if digest))
