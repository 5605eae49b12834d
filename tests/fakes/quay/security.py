"""`GET /api/v1/repository/{path}/manifest/{digest}/security`: a step of a scenario in Quay's words."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fakes.quay.answers import DROP, Answer, data, page, problem
from tests.fakes.quay.scenarios_read import Step

_CVE = re.compile(r"CVE-\d{4}-\d{4,7}")
_TRUE = frozenset({"true", "yes", "1", "on", "t"})
_LAYER = "sha256:" + "7" * 64


def security(step: Step, base: str, digest: str, query: Mapping[str, str]) -> Answer:
    if step.error:
        return _errors(step, base)
    if step.state != "scanned":
        return data({"status": step.state, "data": None})
    wanted = query.get("vulnerabilities", "").lower() in _TRUE
    layer = {
        "Name": digest,
        "ParentName": "",
        "NamespaceName": "",
        "IndexedByVersion": 4,
        "Features": _features(step, wanted=wanted),
    }
    return data({"status": "scanned", "data": {"Layer": layer}})


def _errors(step: Step, base: str) -> Answer:
    down = "Invalid or missing response from the security scanner"
    retry = {} if step.retry_after is None else {"Retry-After": str(step.retry_after)}
    whole = data({"status": "scanned", "data": {"Layer": {"Name": "", "Features": []}}})
    return {
        "limited": page(429, "429 Too Many Requests", retry),
        "scanner-down": problem(base, 520, "downstream_issue", down),
        "broken": page(500, "Internal Server Error"),
        "unavailable": page(503, "503 Service Temporarily Unavailable"),
        "page": page(200, "Welcome"),
        "login": Answer(302, b"", "text/html", {"Location": f"{base}/signin"}),
        "truncated": Answer(200, whole.body[:-20]),
        "cut": Answer(200, whole.body, cut=20),
        "dropped": DROP,
        "no-quay": Answer(404, b"404 page not found\n", "text/plain; charset=utf-8"),
    }[step.error]


def _features(step: Step, *, wanted: bool) -> list[dict[str, Any]]:
    by_package: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for number in range(step.packages):
        by_package[f"package-{number}", "1.0"] = []
    for finding in step.findings:
        by_package.setdefault((finding["package"], str(finding.get("version", "1.0"))), []).append(finding)
    return [_feature(name, version, found, wanted=wanted) for (name, version), found in by_package.items()]


def _feature(name: str, version: str, found: Sequence[Mapping[str, Any]], *, wanted: bool) -> dict[str, Any]:
    return {
        "Name": name,
        "VersionFormat": "",
        "NamespaceName": "",
        "AddedBy": next((one["layer"] for one in found if "layer" in one), _LAYER),
        "Version": version,
        "BaseScores": [one["score"] for one in found if "score" in one],
        "CVEIds": [_CVE.findall(one.get("link", "")) for one in found],
        "Vulnerabilities": [_vulnerability(one) for one in found] if wanted else [],
    }


def _vulnerability(finding: Mapping[str, Any]) -> dict[str, Any]:
    name = finding["id"]
    return {
        "Severity": finding.get("severity", "Unknown"),
        "NamespaceName": "debian/updater",
        "Link": finding.get("link", f"https://advisories.example/{name}"),
        "FixedBy": finding.get("fixed", ""),
        "Description": finding.get("description", ""),
        "Name": name,
        "Metadata": {
            "UpdatedBy": "debian/updater",
            "RepoName": "",
            "RepoLink": "",
            "DistroName": "Debian GNU/Linux",
            "DistroVersion": "12 (bookworm)",
            "NVD": {"CVSSv3": {"Vectors": finding.get("vector", ""), "Score": finding.get("score", "")}},
        },
    }
