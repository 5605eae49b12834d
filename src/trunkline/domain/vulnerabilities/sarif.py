"""A judgement as SARIF 2.1.0 (OASIS, errata 01), which code hosts show beside the code.

Each advisory is a rule. What gates is an error, what warns a warning, the rest notes; what an exception or the policy
lets off is suppressed, with the reason. GitHub reads `security-severity` (a score as text) and of the fingerprints
`primaryLocationLineHash`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from trunkline.domain.images import parse_image
from trunkline.domain.texts import cut
from trunkline.domain.vulnerabilities.findings import Finding, ScanState, Severity
from trunkline.domain.vulnerabilities.outcomes import Judgement, Note, Outcome, Row, Standing, named
from trunkline.domain.vulnerabilities.table import shown
from trunkline.expressions import expression

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Standing.GATES: "error", Standing.WARNS: "warning"}
_NOTE_LEVELS = {Outcome.REFUSED: "error", Outcome.WARNED: "warning", Outcome.PASSED: "note"}
# Where only the severity is known: the least score of its band.
_LEAST = {Severity.CRITICAL: 9.0, Severity.HIGH: 7.0, Severity.MEDIUM: 4.0, Severity.LOW: 0.1}
_ADDRESS = expression(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#].*)?")
_LONGEST = 1000


def sarif_of(judgement: Judgement, image: str) -> str:
    """The judgement of `image` as a SARIF log, in JSON."""
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [_run(judgement, image)]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _run(judgement: Judgement, image: str) -> dict[str, Any]:
    place = _place(image)
    advisories: dict[str, list[Row]] = {}
    for row in judgement.rows:
        advisories.setdefault(_id(row.finding), []).append(row)
    index = {name: number for number, name in enumerate(advisories)}
    return {
        "tool": {
            "driver": {"name": "Trunkline", "rules": [_rule(name, rows) for name, rows in advisories.items()]}
        },
        "automationDetails": {"id": f"trunkline-gate/{place}/"},
        "invocations": [
            {
                "executionSuccessful": judgement.state is ScanState.SCANNED,
                "toolExecutionNotifications": [_notification(note) for note in judgement.notes],
            }
        ],
        "results": [_result(row, index[_id(row.finding)], place) for row in judgement.rows],
        "properties": {
            "image": shown(image, _LONGEST),
            "outcome": judgement.outcome.value,
            "summary": cut(judgement.summary, _LONGEST),
            "scanner": shown(judgement.source),
        },
    }


def _rule(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    findings = [row.finding for row in rows]
    packages = ", ".join(dict.fromkeys(shown(finding.package) for finding in findings))
    description = next((finding.description for finding in findings if finding.description), "")
    link = next((finding.link for finding in findings if _ADDRESS.fullmatch(finding.link)), "")
    worst = max((finding.weight for finding in findings), key=lambda severity: severity.rank)
    score = max(max(finding.score or 0.0, _LEAST.get(finding.weight, 0.0)) for finding in findings)
    rule: dict[str, Any] = {
        "id": name,
        "shortDescription": {"text": cut(f"{name} in {packages}", _LONGEST)},
        "fullDescription": {"text": cut(description, _LONGEST) or name},
        "help": {"text": cut(f"{name} in {packages}. {link}", _LONGEST)},
        "properties": {"tags": ["security", "vulnerability", worst.value]},
    }
    if link:
        rule["helpUri"] = quote(link, safe="/:?#=&%+,;~@!$'()*", errors="replace")
    if worst is not Severity.UNKNOWN:
        rule["properties"]["security-severity"] = f"{min(score, 10.0):.1f}"
    return rule


def _result(row: Row, rule: int, place: str) -> dict[str, Any]:
    finding = row.finding
    mark = _mark(place, finding)
    result: dict[str, Any] = {
        "ruleId": _id(finding),
        "ruleIndex": rule,
        "level": _LEVELS.get(row.standing, "note"),
        "message": {"text": f"{named(finding)}: {row.standing}, {shown(row.reason, _LONGEST)}."},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place},
                    "region": {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1},
                },
                "logicalLocations": [
                    {
                        "name": shown(finding.package),
                        "fullyQualifiedName": _package(finding),
                        "kind": "package",
                    }
                ],
            }
        ],
        "fingerprints": {"trunkline/v1": mark},
        "partialFingerprints": {"primaryLocationLineHash": mark},
        "properties": {
            "standing": row.standing.value,
            "severity": finding.weight.value,
            "fixedIn": shown(finding.fixed_in),
            "layers": [shown(layer) for layer in row.layers],
            "platforms": [shown(platform) for platform in row.platforms],
            "new": row.is_new,
        },
    }
    if row.standing in {Standing.EXEMPT, Standing.IGNORED}:
        justification = shown(row.reason, _LONGEST)
        result["suppressions"] = [{"kind": "external", "status": "accepted", "justification": justification}]
    return result


def _notification(note: Note) -> dict[str, Any]:
    return {
        "level": _NOTE_LEVELS[note.outcome],
        "message": {"text": note.sentence},
        "properties": {"topic": note.topic.value},
    }


def _id(finding: Finding) -> str:
    return shown(finding.id) or "unnamed"


def _package(finding: Finding) -> str:
    return f"{shown(finding.package)}@{shown(finding.version)}"


def _place(image: str) -> str:
    """The image's repository without its registry: the same for every tag, and a relative reference as code hosts want."""
    try:
        path = parse_image(image).path
    except ValueError:
        path = shown(image)
    return quote(path, safe="/", errors="replace").strip("/") or "image"


def _mark(place: str, finding: Finding) -> str:
    """The same wherever the same vulnerability is in the same package of the same repository."""
    parts = json.dumps([place, finding.id.casefold(), finding.package, finding.version])
    return hashlib.sha256(parts.encode()).hexdigest()
