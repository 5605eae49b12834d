"""What scanners say, in one form."""

from __future__ import annotations

import pytest

from trunkline.domain.vulnerabilities import Finding, Severity, band


@pytest.mark.parametrize(
    ("score", "severity"),
    [
        (None, "unknown"),
        (0.0, "negligible"),
        (0.1, "low"),
        (3.9, "low"),
        (4.0, "medium"),
        (6.9, "medium"),
        (7.0, "high"),
        (8.9, "high"),
        (9.0, "critical"),
        (10.0, "critical"),
    ],
)
def test_bands(score: float | None, severity: str) -> None:
    """A score stands for the severity whose band it is in, its bounds included."""
    assert band(score) == severity


@pytest.mark.parametrize(
    ("severity", "score", "weight"),
    [
        ("unknown", 10.0, "critical"),
        ("critical", 2.0, "critical"),
        ("low", 7.5, "high"),
        ("medium", None, "medium"),
    ],
)
def test_weight(severity: str, score: float | None, weight: str) -> None:
    """The worse of what the source says and what the score says counts."""
    assert Finding("CVE-1", "zlib", "1.0", Severity(severity), score).weight == weight


def test_ranks() -> None:
    """Severities are ordered from no judgement to the worst."""
    assert [
        Severity(name).rank for name in ("unknown", "negligible", "low", "medium", "high", "critical")
    ] == list(range(6))
