"""What a scanner says of an image: its state, and the vulnerabilities that it found, in one form for all scanners.

The bands of CVSS scores are those of the specification (CVSS v3.1, section 5, "Qualitative Severity Rating Scale").
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from trunkline.dataclass import dataclass


class Severity(StrEnum):
    """How bad a vulnerability is, from the least to the worst; `unknown` is no judgement at all."""

    UNKNOWN = "unknown"
    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for `unknown`, 5 for `critical`."""
        return _RANKS[self]


_RANKS = {severity: rank for rank, severity in enumerate(Severity)}
_BANDS = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))


def band(score: float | None) -> Severity:
    """The severity that a CVSS base score (0 to 10) stands for; `unknown` without one."""
    if score is None:
        return Severity.UNKNOWN
    return next((severity for least, severity in _BANDS if score >= least), Severity.NEGLIGIBLE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One vulnerability in one package of an image.

    Attributes:
        id: the advisory's, such as `CVE-2026-1234`.
        version: of the package, as it is installed.
        severity: as the source says.
        score: the CVSS base score, None where there is none.
        fixed_in: the version that has the mend, empty while there is none.
        link: where to read about it.
        layer: the digest of the layer that brought the package, empty where it is not known.
        platform: `linux/arm64` in an index of several platforms, else empty.
        published: the advisory's day, None where it is not known.
        aliases: other ids of the same vulnerability.
    """

    id: str
    package: str
    version: str
    severity: Severity = Severity.UNKNOWN
    score: float | None = None
    fixed_in: str = ""
    link: str = ""
    layer: str = ""
    platform: str = ""
    published: date | None = None
    aliases: tuple[str, ...] = ()
    description: str = ""

    @property
    def weight(self) -> Severity:
        """The worse of severity and score: Quay calls a CVSS of 10.0 without a source's severity `Unknown`."""
        return max(self.severity, band(self.score), key=lambda severity: severity.rank)


class ScanState(StrEnum):
    """How far a scan is."""

    SCANNED = "scanned"
    QUEUED = "queued"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too-large"
    SCANNER_DOWN = "scanner-down"
    NOT_SCANNED = "not-scanned"


@dataclass(frozen=True, slots=True)
class Report:
    """What one scan found.

    Attributes:
        source: who says so: `quay`, `grype`, `trivy`, `osv`.
        digest: the image's, as the report names it; empty where it does not.
        packages: how many packages were looked at; 0 says that none were recognised, None that it is not told.
        scanned_at: in UTC, None where it is not told.
        known_as: every digest that the report gives the image: of its manifests, and of its configuration.
    """

    source: str
    digest: str
    findings: tuple[Finding, ...]
    packages: int | None = None
    scanned_at: datetime | None = None
    known_as: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a scan; `report` is there once it is `scanned`, `detail` says more of any other state."""

    state: ScanState
    report: Report | None = None
    detail: str = ""
