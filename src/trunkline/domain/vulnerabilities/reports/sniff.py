"""Which scanner wrote a JSON document, told by the keys that only it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from trunkline.domain.vulnerabilities.findings import Report
from trunkline.domain.vulnerabilities.reports.grype import read_grype
from trunkline.domain.vulnerabilities.reports.osv import read_osv
from trunkline.domain.vulnerabilities.reports.trivy import read_trivy


class Kind(StrEnum):
    """A scanner whose report can be read."""

    GRYPE = "grype"
    TRIVY = "trivy"
    OSV = "osv"


_READERS: Mapping[Kind, Callable[[Any], Report]] = {
    Kind.GRYPE: read_grype,
    Kind.TRIVY: read_trivy,
    Kind.OSV: read_osv,
}
_KEYS = {"matches": Kind.GRYPE, "SchemaVersion": Kind.TRIVY, "results": Kind.OSV}
_EXPECTED = "it is not JSON of Grype, Trivy or osv-scanner"
# An SBOM read as a report would be one without vulnerabilities.
_OTHERS = {
    "artifacts": "it is an SBOM of Syft's, which names no vulnerabilities: give it to a scanner",
    "bomFormat": "it is CycloneDX: let the scanner write its own JSON",
    "spdxVersion": "it is an SBOM in SPDX, which names no vulnerabilities: give it to a scanner",
    "@graph": "it is an SBOM in SPDX, which names no vulnerabilities: give it to a scanner",
    "runs": "it is SARIF, which has no packages: let the scanner write its own JSON",
}


def kind_of(data: Any) -> Kind:
    """Whose report it is.

    Raises:
        ValueError: nobody's that can be read; the sentence says what it looks like.
    """
    if not isinstance(data, Mapping):
        raise ValueError(_EXPECTED)  # noqa: TRY004 - the document is wrong, not the call
    for key, kind in _KEYS.items():
        if key in data:
            return kind
    raise ValueError(next((reason for key, reason in _OTHERS.items() if key in data), _EXPECTED))


def read_report(data: Any) -> Report:
    """The report, whoever of them wrote it.

    Raises:
        ValueError: one sentence with what is wrong.
    """
    return _READERS[kind_of(data)](data)
