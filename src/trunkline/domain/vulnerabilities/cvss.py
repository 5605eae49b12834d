"""The base score of a CVSS vector, version 3.0 or 3.1.

Formula and weights are those of the CVSS v3.1 specification (FIRST), sections 7.1 "Base Metrics Equations" and 7.4
"Metric Values"; rounding is that of its appendix A, in whole numbers, so that 8.6 does not become 8.7. Version 3.0 has
the same formula and weights. Version 4 needs a table of 270 scores and is not computed: scanners that know of it tell
the score or the severity themselves.
"""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.expressions import expression

_VECTOR = expression(r"CVSS:3\.[01]/([A-Z]{1,3}:[A-Z](?:/[A-Z]{1,3}:[A-Z])*)/?")
_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "S": {"U": 0.0, "C": 0.0},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES_OF_A_CHANGED_SCOPE = {"N": 0.85, "L": 0.68, "H": 0.5}
_WORST = 10.0


def base_score(vector: str) -> float | None:
    """The score from 0.0 to 10.0 of `CVSS:3.1/AV:N/...`; None for another version, or where a base metric is missing."""
    found = _VECTOR.fullmatch(vector.strip())
    if found is None:
        return None
    pairs = [part.split(":") for part in found[1].split("/")]
    base = [(name, value) for name, value in pairs if name in _WEIGHTS]
    metrics = dict(base)
    # Each of them once, and with a value that there is.
    if not len(base) == len(metrics) == len(_WEIGHTS) or any(
        value not in _WEIGHTS[name] for name, value in base
    ):
        return None
    return _base_score(metrics)


def _base_score(metrics: Mapping[str, str]) -> float:
    weight = {name: _WEIGHTS[name][value] for name, value in metrics.items()}
    changed = metrics["S"] == "C"
    if changed:
        weight["PR"] = _PRIVILEGES_OF_A_CHANGED_SCOPE[metrics["PR"]]
    lost = 1 - (1 - weight["C"]) * (1 - weight["I"]) * (1 - weight["A"])
    impact = 7.52 * (lost - 0.029) - 3.25 * (lost - 0.02) ** 15 if changed else 6.42 * lost
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * weight["AV"] * weight["AC"] * weight["PR"] * weight["UI"]
    total = impact + exploitability
    return _rounded_up(min(1.08 * total if changed else total, _WORST))


def _rounded_up(score: float) -> float:
    hundred_thousandths = round(score * 100_000)
    tenths, rest = divmod(hundred_thousandths, 10_000)
    return (tenths + (1 if rest else 0)) / 10
