"""A judgement in Markdown, as a comment on a pull request shows it (GitHub's flavour, CommonMark with tables).

Scanners repeat what strangers wrote into packages and advisories. Names are code, which no renderer interprets;
sentences are escaped; links are addresses of the web alone, and nobody is mentioned.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote

from trunkline.domain.vulnerabilities.outcomes import Judgement, Outcome, Row, Standing
from trunkline.domain.vulnerabilities.table import layers_of, severity_of, shown
from trunkline.expressions import expression

# GitHub takes comments of 65,536 characters.
_ROOM, _ROOM_OF_THE_REST = 30_000, 15_000
_SENTENCE = 2_000
_ADDRESS = expression(r"https?://[A-Za-z0-9.-]+(?::[0-9]+)?(?:[/?#].*)?")
_PUNCTUATION = expression(r"([\\`*_{}\[\]#|~$])")
# What a renderer makes a mention, a reference or a link of: a space of no width parts it, wherever escapes are undone.
_SPECIAL = expression(r"(@|\\#|:)(?=\S)|(?i:(www)(?=\.))")
_HEADINGS = {
    Outcome.PASSED: "Vulnerabilities: passed",
    Outcome.WARNED: "Vulnerabilities: passed with warnings",
    Outcome.REFUSED: "Vulnerabilities: refused",
}
_COUNTING = ("", "Severity", "Vulnerability", "Package", "Installed", "Fixed in", "Layer", "Why")
_EXCEPTIONS = ("Vulnerability", "Package", "Until", "Owner", "Reason")


def markdown_of(judgement: Judgement, image: str) -> str:
    """The judgement of `image`: what decides, the table, exceptions, and folded away what does not count."""
    counting = judgement.standing(Standing.GATES, Standing.WARNS)
    exempt = judgement.standing(Standing.EXEMPT)
    rest = judgement.standing(Standing.BELOW, Standing.IGNORED)
    parts = [
        f"### {_HEADINGS[judgement.outcome]}",
        _prose(judgement.summary),
        " · ".join(_about(judgement, image)),
        _table(_COUNTING, counting, _counting_cells, _ROOM),
        "\n".join(
            f"- {_prose(note.sentence)}" for note in judgement.notes if note.sentence != judgement.summary
        ),
        _folded(f"Let off by exceptions: {len(exempt)}", _EXCEPTIONS, exempt, _exempt_cells),
        _folded(f"Not counted: {len(rest)}", _COUNTING, rest, _counting_cells),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _about(judgement: Judgement, image: str) -> Iterator[str]:
    yield f"Image {_code(image)}"
    if judgement.source:
        yield f"scanned by {_code(judgement.source)}"
    if judgement.packages is not None:
        yield f"{judgement.packages} packages"


def _folded(
    title: str, headings: Sequence[str], rows: Sequence[Row], cells: Callable[[Row], tuple[str, ...]]
) -> str:
    if not rows:
        return ""
    table = _table(headings, rows, cells, _ROOM_OF_THE_REST)
    return f"<details><summary>{title}</summary>\n\n{table}\n\n</details>"


def _table(
    headings: Sequence[str], rows: Sequence[Row], cells: Callable[[Row], tuple[str, ...]], room: int
) -> str:
    """As many rows as there is room for, and how many there are besides."""
    if not rows:
        return ""
    lines = [_line(headings), _line(["---"] * len(headings))]
    for number, row in enumerate(rows):
        line = _line(cells(row))
        room -= len(line)
        if room < 0:
            return "\n".join(lines) + f"\n\n…and {len(rows) - number} more."
        lines.append(line)
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _counting_cells(row: Row) -> tuple[str, ...]:
    finding = row.finding
    return (
        f"**{row.standing}**" if row.standing is Standing.GATES else row.standing.value,
        severity_of(finding),
        _linked(finding.id, finding.link),
        _code(finding.package),
        _code(finding.version),
        _code(finding.fixed_in) or "no fix yet",
        _code(layers_of(row)),
        _prose(row.reason),
    )


def _exempt_cells(row: Row) -> tuple[str, ...]:
    exemption = row.exemption
    return (
        _linked(row.finding.id, row.finding.link),
        _code(f"{row.finding.package} {row.finding.version}".strip()),
        "" if exemption is None else exemption.until.isoformat(),
        "" if exemption is None else _prose(exemption.owner),
        _prose(row.reason if exemption is None else exemption.reason),
    )


def _code(text: str) -> str:
    """As code. A pipe would end the cell even there, whatever stands before it, and a backtick the code."""
    spelled = shown(text).replace("|", "¦").replace("`", "'")
    return f"`{spelled}`" if spelled else ""


def _prose(text: str) -> str:
    """As a sentence in which nothing is markup, an address, a mention or a reference to an issue."""
    escaped = _PUNCTUATION.sub(r"\\\1", shown(text, _SENTENCE))
    escaped = escaped.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\1\2&#8203;", escaped)


def _linked(text: str, address: str) -> str:
    if _ADDRESS.fullmatch(address) is None:
        return _code(text)
    return f"[{_code(text)}]({quote(address, safe='/:?#=&%+,;~@', errors='replace')})"
