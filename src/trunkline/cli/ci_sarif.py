"""Findings as SARIF 2.1.0 (https://docs.oasis-open.org/sarif/sarif/v2.1.0/), which code hosts show beside the lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trunkline import __version__
from trunkline.config.circleci.findings import RULES, Finding


def sarif_log(file: str, found: Iterable[Finding]) -> dict[str, Any]:
    """The log of one file.

    Args:
        file: its path, as the code host knows it.
        found: what is wrong with it.
    """
    found = tuple(found)
    names = sorted({item.rule for item in found})
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "trunkline ci check",
                        "semanticVersion": __version__,
                        "rules": [_rule(name) for name in names],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(file, item, names.index(item.rule)) for item in found],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.what},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(file: str, item: Finding, index: int) -> dict[str, Any]:
    return {
        "ruleId": item.rule,
        "ruleIndex": index,
        "level": item.severity.value,
        "message": {"text": f"{item.what}. {item.why} {item.mend}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": file},
                    "region": {"startLine": item.spot.line, "startColumn": item.spot.column},
                }
            }
        ],
    }
