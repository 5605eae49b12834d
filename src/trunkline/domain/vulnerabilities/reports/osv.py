"""osv-scanner's report (`osv-scanner --format json`) with entries of the OSV schema.

osv-scanner groups the entries that are aliases of one another: each group is one finding. Scores are computed from
CVSS v3 vectors; the group's `max_severity`, which osv-scanner computes itself, counts where an entry has none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from trunkline.domain.vulnerabilities.cvss import base_score
from trunkline.domain.vulnerabilities.findings import Finding, Report, Severity
from trunkline.domain.vulnerabilities.joining import merged
from trunkline.domain.vulnerabilities.reports.parts import Part, severity_named, worst

SOURCE = "osv"
_LINK = "https://osv.dev/"


def read_osv(data: Any) -> Report:
    """The report in osv-scanner's JSON; it names no digest.

    Raises:
        ValueError: one sentence with what is wrong.
    """
    document = Part(data, "")
    if "results" not in document:
        raise ValueError("results is missing: this is no report of osv-scanner's")
    layers = [layer.text("diff_id") for layer in document.part("image_metadata").parts("layer_metadata")]
    packages = [package for result in document.parts("results") for package in result.parts("packages")]
    return Report(SOURCE, "", tuple(finding for one in packages for finding in _findings(one, layers)))


def _findings(packaged: Part, layers: list[str]) -> list[Finding]:
    package = packaged.part("package")
    entries = [one for one in packaged.parts("vulnerabilities") if "withdrawn" not in one]
    if not entries:
        return []
    groups = packaged.parts("groups")
    number_of = {name: number for number, group in enumerate(groups) for name in group.texts("ids")}
    layer = _layer(package, layers)
    members: dict[int | str, list[Finding]] = {}
    for entry in entries:
        name = entry.name("id")
        members.setdefault(number_of.get(name, name), []).append(_finding(entry, package, layer))
    return [
        _of_group(findings, groups[which]) if isinstance(which, int) else merged(findings)
        for which, findings in members.items()
    ]


def _of_group(findings: list[Finding], group: Part) -> Finding:
    finding = merged(findings)
    names = (*group.texts("ids"), *group.texts("aliases"), *finding.aliases)
    return replace(
        finding,
        score=group.score("max_severity") if finding.score is None else finding.score,
        aliases=tuple(sorted(set(names) - {finding.id})),
    )


def _finding(entry: Part, package: Part, layer: str) -> Finding:
    name = package.text("name") or package.text("os_package_name")
    affected = [one for one in entry.parts("affected") if _is_of(one.part("package"), package)]
    rated = [*entry.parts("severity"), *(rating for one in affected for rating in one.parts("severity"))]
    upstream = entry.texts("upstream")
    return Finding(
        entry.name("id"),
        # A commit of a repository without a name is a package as well.
        name or package.name("commit"),
        package.text("version"),
        _severity(entry, affected, rated),
        worst([base_score(rating.text("score")) or None for rating in rated]),
        ", ".join(dict.fromkeys(version for one in affected for version in _fixes(one))),
        f"{_LINK}{entry.name('id')}",
        layer,
        "",
        entry.day("published"),
        # An entry with one upstream is that one in a distribution; one with many is an advisory about all of them.
        (*entry.texts("aliases"), *(upstream if len(upstream) == 1 else ())),
        entry.passage("summary") or entry.passage("details"),
    )


def _severity(entry: Part, affected: list[Part], rated: list[Part]) -> Severity:
    """The worst that is said in words: by the database, by a distribution about its package, or as a rating."""
    words = [entry.part("database_specific").raw("severity")]
    for one in affected:
        for part in (one.part("ecosystem_specific"), one.part("database_specific")):
            words += [part.raw("severity"), part.raw("urgency")]
    words += [rating.text("score") for rating in rated]
    # The schema leaves these keys to each database: some put other things there than words.
    named = (severity_named(word) for word in words if isinstance(word, str))
    return max(named, key=lambda severity: severity.rank, default=Severity.UNKNOWN)


def _is_of(affected: Part, package: Part) -> bool:
    """Whether an entry speaks of the package; a distribution's release (`Debian:12`) may be left out on either side."""
    names = {package.text("name"), package.text("os_package_name")} - {""}
    if names and affected.text("name") not in names:
        return False
    one, other = affected.text("ecosystem"), package.text("ecosystem")
    return one == other or (
        one.partition(":")[0] == other.partition(":")[0] and not (":" in one and ":" in other)
    )


def _fixes(affected: Part) -> Iterable[str]:
    for versions in affected.parts("ranges"):
        # A commit is no version that anybody could install.
        if versions.text("type") != "GIT":
            yield from (fixed for event in versions.parts("events") if (fixed := event.text("fixed")))


def _layer(package: Part, layers: list[str]) -> str:
    index = package.part("image_origin_details").raw("index")
    known = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < len(layers)
    return layers[index] if known else ""
