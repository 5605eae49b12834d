"""Findings, reports and days that the tests of the gate's policy speak of."""

from __future__ import annotations

from datetime import date, timedelta

from trunkline.domain.vulnerabilities import Exemption, Finding, Look, Report, ScanState, Severity

TODAY = date(2026, 11, 23)
DIGEST = "sha256:" + "d" * 64


def day(offset: int) -> date:
    return TODAY + timedelta(days=offset)


def finding(
    name: str = "CVE-1",
    severity: str = "high",
    *,
    package: str = "openssl",
    version: str = "3.0.1",
    score: float | None = None,
    fixed: str = "3.0.2",
    layer: str = "",
    platform: str = "",
    age: int | None = None,
    aliases: tuple[str, ...] = (),
) -> Finding:
    published = None if age is None else day(-age)
    return Finding(
        name, package, version, Severity(severity), score, fixed, f"https://advisories.example/{name}",
        layer, platform, published, aliases,
    )  # fmt: skip


def exemption(name: str = "CVE-1", until: int = 90, package: str = "") -> Exemption:
    return Exemption(name, "not reachable from outside", "ann", day(until), package)


def report(*findings: Finding, packages: int | None = 100) -> Report:
    return Report("quay", DIGEST, findings, packages)


def scanned(*findings: Finding, packages: int | None = 100) -> Look:
    return Look(ScanState.SCANNED, report(*findings, packages=packages))
