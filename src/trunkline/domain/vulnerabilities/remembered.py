"""A judgement as the ledger and JSON readers keep it: plain values, from which a report can be had again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from trunkline.domain.vulnerabilities.findings import Finding, Report, Severity
from trunkline.domain.vulnerabilities.outcomes import Judgement, Row


def details(judgement: Judgement) -> dict[str, Any]:
    """What was found, how each finding stands, and what else is to be known."""
    return {
        "state": judgement.state.value,
        "packages": judgement.packages,
        "counts": {standing.value: count for standing, count in sorted(judgement.counts.items())},
        "rows": [_written(row) for row in judgement.rows],
        "notes": [
            {"topic": note.topic.value, "outcome": note.outcome.value, "sentence": note.sentence}
            for note in judgement.notes
        ],
    }


def report_from(source: str, digest: str, kept: Mapping[str, Any]) -> Report:
    """The findings that `details` wrote down; what is not in its shape is left out."""
    packages = kept.get("packages")
    return Report(source, digest, tuple(_findings(kept)), packages if isinstance(packages, int) else None)


def _written(row: Row) -> dict[str, Any]:
    finding = row.finding
    return {
        "id": finding.id,
        "aliases": list(finding.aliases),
        "package": finding.package,
        "version": finding.version,
        "severity": finding.severity.value,
        "score": finding.score,
        "weight": finding.weight.value,
        "fixed_in": finding.fixed_in,
        "link": finding.link,
        "layers": list(row.layers),
        "platforms": list(row.platforms),
        "published": finding.published.isoformat() if finding.published else None,
        "standing": row.standing.value,
        "reason": row.reason,
        "new": row.is_new,
    }


def _findings(kept: Mapping[str, Any]) -> Iterator[Finding]:
    rows = kept.get("rows")
    for row in rows if isinstance(rows, list) else ():
        try:
            yield Finding(
                str(row["id"]),
                str(row["package"]),
                str(row["version"]),
                Severity(row["severity"]),
                float(row["score"]) if row["score"] is not None else None,
                str(row["fixed_in"]),
                published=date.fromisoformat(row["published"]) if row["published"] else None,
                aliases=tuple(map(str, row["aliases"])),
            )
        except (KeyError, TypeError, ValueError):
            continue
