"""Joining what is one finding: the same vulnerability in the same package on several layers and platforms.

Whatever order a scanner lists its findings in, the joined ones are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from trunkline.dataclass import dataclass
from trunkline.domain.vulnerabilities.findings import Finding

_WORST_SCORE = 10.0


@dataclass(frozen=True, slots=True)
class Joined:
    """One finding, and the digests of all `layers` and the names of all `platforms` that have it, in order."""

    finding: Finding
    layers: tuple[str, ...]
    platforms: tuple[str, ...]


def join(findings: Iterable[Finding]) -> tuple[Joined, ...]:
    """One for each id, package and version; the worst that is said of it counts."""
    groups: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.id.casefold(), finding.package, finding.version), []).append(finding)
    return tuple(
        Joined(
            merged(group),
            _distinct(finding.layer for finding in group),
            _distinct(finding.platform for finding in group),
        )
        for group in groups.values()
    )


def merged(group: Sequence[Finding]) -> Finding:
    """One finding of several (at least one) that speak of the same vulnerability: the first id, and the worst of all."""
    dates = [finding.published for finding in group if finding.published is not None]
    # What is no score does not count, and what is beyond the worst is the worst.
    scores = [min(one.score, _WORST_SCORE) for one in group if one.score is not None and one.score >= 0]
    names = _distinct(finding.id for finding in group)
    own = names[0] if names else ""
    aliases = _distinct((*names, *(alias for finding in group for alias in finding.aliases)))
    return replace(
        group[0],
        id=own,
        severity=max((finding.severity for finding in group), key=lambda severity: severity.rank),
        score=max(scores, default=None),
        fixed_in=", ".join(
            _distinct(version for finding in group for version in finding.fixed_in.split(", "))
        ),
        link=_first(finding.link for finding in group),
        layer=_first(finding.layer for finding in group),
        platform=_first(finding.platform for finding in group),
        published=min(dates, default=None),
        aliases=tuple(alias for alias in aliases if alias.casefold() != own.casefold()),
        description=_first(finding.description for finding in group),
    )


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({text for text in texts if text}))


def _first(texts: Iterable[str]) -> str:
    return min((text for text in texts if text), default="")
