"""The rows of a judgement as cells of plain text: for a terminal, and for what else shows a table."""

from __future__ import annotations

from trunkline.domain.texts import one_line
from trunkline.domain.vulnerabilities.findings import Finding
from trunkline.domain.vulnerabilities.outcomes import Row

HEADINGS = (
    "STANDING",
    "SEVERITY",
    "VULNERABILITY",
    "PACKAGE",
    "INSTALLED",
    "FIXED IN",
    "LAYER",
    "WHY",
    "LINK",
)
_LONGEST = 80
_LONGEST_LINK = 200
_SHORT_DIGEST = 12


def cells(row: Row) -> tuple[str, ...]:
    """One cell for each of the headings; nothing in them that a terminal would obey."""
    finding = row.finding
    return (
        row.standing.value,
        severity_of(finding),
        shown(finding.id),
        shown(finding.package),
        shown(finding.version),
        shown(finding.fixed_in) or "-",
        layers_of(row),
        shown(row.reason, _LONGEST_LINK),
        shown(finding.link, _LONGEST_LINK),
    )


def severity_of(finding: Finding) -> str:
    """The weight, and the score where there is one: `critical 9.8`."""
    return finding.weight.value if finding.score is None else f"{finding.weight} {finding.score:.1f}"


def layers_of(row: Row) -> str:
    """Where it is: the platforms of an index of several, and the first layer in short, with how many more have it."""
    more = f" +{len(row.layers) - 1}" if len(row.layers) > 1 else ""
    layer = row.layers[0].removeprefix("sha256:")[:_SHORT_DIGEST] if row.layers else ""
    return shown(" ".join(part for part in (",".join(row.platforms), f"{layer}{more}") if part))


def shown(text: str, limit: int = _LONGEST) -> str:
    """The text on one line of at most `limit` bytes, without what cannot be printed, such as marks that turn it round."""
    return one_line("".join(character if character.isprintable() else " " for character in text), limit)
