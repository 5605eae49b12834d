"""A judgement as SARIF."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.domain.vulnerabilities.samples import TODAY, exemption, finding, scanned
from tests.unit.domain.vulnerabilities.strategies import looks, policies
from trunkline.domain.vulnerabilities import Finding, Look, Policy, ScanState, judge
from trunkline.domain.vulnerabilities.sarif import sarif_of

_IMAGE = "quay.io/acme/web:1a2b3c4"


def _run(policy: Policy, *findings: Finding, image: str = _IMAGE) -> dict[str, Any]:
    (run,) = json.loads(sarif_of(judge(policy, scanned(*findings), None, TODAY), image))["runs"]
    assert isinstance(run, dict)
    return run


def test_levels() -> None:
    """What gates is an error, what warns a warning, all else a note."""
    policy = Policy(packages_ignored=("tar",), exceptions=(exemption("CVE-4"),))
    found = (
        finding("CVE-1"),
        finding("CVE-2", "unknown"),
        finding("CVE-3", "low"),
        finding("CVE-4"),
        finding("CVE-5", package="tar"),
    )
    levels = {result["ruleId"]: result["level"] for result in _run(policy, *found)["results"]}
    assert levels == {
        "CVE-1": "error", "CVE-2": "warning", "CVE-3": "note", "CVE-4": "note", "CVE-5": "note",
    }  # fmt: skip


def test_suppressed() -> None:
    """What an exception lets off is suppressed with its reason, and what the policy ignores as well."""
    policy = Policy(packages_ignored=("tar",), exceptions=(exemption("CVE-1"),))
    results = _run(policy, finding("CVE-1"), finding("CVE-2", package="tar"), finding("CVE-3"))["results"]
    reasons = {
        one["ruleId"]: [why["justification"] for why in one.get("suppressions", [])] for one in results
    }
    assert reasons == {
        "CVE-1": ["until 2027-02-21, ann: not reachable from outside"],
        "CVE-2": ["the policy ignores this package"],
        "CVE-3": [],
    }


def test_one_rule_for_each_advisory() -> None:
    """An advisory that two packages have is one rule with the worse score, to which both results point."""
    run = _run(
        Policy(), finding(score=7.1), finding(package="libssl3", score=9.1), finding("CVE-2", score=9.9)
    )
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["properties"]["security-severity"]) for rule in rules] == [
        ("CVE-2", "9.9"),
        ("CVE-1", "9.1"),
    ]
    assert [rules[result["ruleIndex"]]["id"] for result in run["results"]] == ["CVE-2", "CVE-1", "CVE-1"]


@pytest.mark.parametrize(
    ("severity", "score", "shown"),
    [
        ("critical", None, "9.0"),
        ("high", None, "7.0"),
        ("medium", None, "4.0"),
        ("low", None, "0.1"),
        ("negligible", None, "0.0"),
        ("high", 3.1, "7.0"),
        ("low", 8.8, "8.8"),
        ("unknown", None, None),
    ],
)
def test_security_severity(severity: str, score: float | None, shown: str | None) -> None:
    """A rule's score is never below its severity, and is left out where nobody has judged."""
    (rule,) = _run(Policy(), finding(severity=severity, score=score))["tool"]["driver"]["rules"]
    assert rule["properties"].get("security-severity") == shown


def test_fingerprints() -> None:
    """The same finding has the same mark under every tag and whatever its score; another one has another."""

    def marks(*findings: Finding, image: str = _IMAGE) -> list[str]:
        results = _run(Policy(), *findings, image=image)["results"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in results]

    (mark,) = marks(finding())
    assert marks(finding(score=9.9, fixed=""), image="quay.io/acme/web:other") == [mark]
    others = [
        marks(finding("CVE-2")),
        marks(finding(package="tar")),
        marks(finding(version="9")),
        marks(finding(), image="quay.io/acme/api"),
    ]
    assert len({mark, *(other[0] for other in others)}) == 5


def test_notes() -> None:
    """Notes are notifications, and a scan without a result did not succeed."""
    judgement = judge(Policy(), Look(ScanState.FAILED), None, TODAY)
    (run,) = json.loads(sarif_of(judgement, _IMAGE))["runs"]
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is False
    assert invocation["toolExecutionNotifications"] == [
        {
            "level": "error",
            "message": {"text": "The scanner failed on this image: the policy refuses it."},
            "properties": {"topic": "no-result"},
        }
    ]


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    properties["properties"] = {"type": "object"}
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


_TEXT, _WORDS = (
    {"type": "string"},
    {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}},
)
_LEVEL = {"enum": ["none", "note", "warning", "error"]}
_MARKS = {"type": "object", "additionalProperties": _TEXT}


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


_RULE = _object(
    ["id", "shortDescription"], id={"type": "string", "minLength": 1}, shortDescription=_WORDS, fullDescription=_WORDS,
    help=_WORDS, helpUri={"type": "string", "pattern": r"^https?://[!-~]+$"},
)  # fmt: skip
_REGION = _object(
    [],
    **{
        key: {"type": "integer", "minimum": 1} for key in ("startLine", "startColumn", "endLine", "endColumn")
    },
)
_LOCATION = _object(
    [],
    physicalLocation=_object(
        ["artifactLocation"],
        artifactLocation=_object(["uri"], uri={"type": "string", "pattern": r"^[!-~]+$"}),
        region=_REGION,
    ),
    logicalLocations=_list(_object([], name=_TEXT, fullyQualifiedName=_TEXT, kind=_TEXT)),
)
_RESULT = _object(
    ["message", "ruleId"],
    ruleId={"type": "string", "minLength": 1},
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_WORDS,
    locations=_list(_LOCATION),
    fingerprints=_MARKS,
    partialFingerprints=_MARKS,
    suppressions=_list(
        _object(["kind"], kind={"enum": ["external"]}, status={"enum": ["accepted"]}, justification=_TEXT)
    ),
)
_INVOCATION = _object(
    ["executionSuccessful"],
    executionSuccessful={"type": "boolean"},
    toolExecutionNotifications=_list(_object(["message"], level=_LEVEL, message=_WORDS)),
)
_RUN = _object(
    ["tool"],
    tool=_object(["driver"], driver=_object(["name"], name=_TEXT, rules=_list(_RULE))),
    automationDetails=_object([], id=_TEXT),
    invocations=_list(_INVOCATION),
    results=_list(_RESULT),
)
# What SARIF 2.1.0 says of the objects that are written here.
_LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {"$schema": _TEXT, "version": {"const": "2.1.0"}, "runs": _list(_RUN)},
    "additionalProperties": False,
}


@settings(max_examples=100, deadline=None)
@given(policies, looks, st.dates(), st.sampled_from([_IMAGE, "web", "a b|c", "\ud800", ""]))
def test_any_words(policy: Policy, look: Look, today: date, image: str) -> None:
    """Whatever scanners say, the log has the shape of SARIF, a result for each row, and a rule for each result."""
    judgement = judge(policy, look, None, today)
    text = sarif_of(judgement, image)
    text.encode()
    log = json.loads(text)
    jsonschema.validate(log, _LOG)
    (run,) = log["runs"]
    assert len(run["results"]) == len(judgement.rows)
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    assert len({rule["id"] for rule in rules}) == len(rules)
