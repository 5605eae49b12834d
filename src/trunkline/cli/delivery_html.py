"""How delivery goes as one page that needs nothing else: no script, no font and no picture from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from html import escape

from trunkline.app.delivery import Compared, Report, Service
from trunkline.cli.delivery_views import notes, span, tables
from trunkline.domain.delivery.formulas import FORMULAS

_BAR, _GAP, _HEIGHT = 12, 3, 72
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2430; --faint: #667085; --line: #d9dee7; --bar: #2f6fde; --page: #fff; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e9ef; --faint: #98a2b3; --line: #344054; --bar: #7aa7ff; --page: #14181f; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); } h3 { font-size: 1rem; margin-bottom: .2rem; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem 1.2rem .25rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--faint); font-weight: 500; } .faint, dd { color: var(--faint); } .note { border-left: 3px solid var(--bar); padding-left: .6rem; }
svg { display: block; max-width: 100%; } rect { fill: var(--bar); } line { stroke: var(--line); } text { fill: var(--faint); font-size: 10px; }
""".strip()


def html(report: Report) -> str:
    """The page."""
    title = f"Delivery, {span(report)}"
    body = [f"<h1>{escape(title)}</h1>"]
    for service in report.services:
        body += _service(service)
    body += ["<h2>Formulas</h2>", "<dl>"]
    body += [f"<dt>{escape(item.heading)}</dt><dd>{escape(item.how)}</dd>" for item in FORMULAS]
    body.append("</dl>")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    page = "\n".join(body)
    return f'<!doctype html>\n<html lang="en">\n<head>{head}<style>\n{_STYLE}\n</style></head>\n<body>\n{page}\n</body>\n</html>\n'


def _service(service: Service) -> Iterator[str]:
    yield f"<h2>{escape(service.name)}</h2>"
    for headings, rows in tables(service):
        if rows:
            yield _table(headings, rows)
    for place in service.places:
        yield f"<h3>{escape(place.now.environment)}: deployments by day</h3>"
        yield _bars(place.now.by_day, place)
        yield from (f'<p class="note">{escape(note)}</p>' for note in notes(place))


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in headings)
    lines = [
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    ]
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _bars(by_day: Mapping[date, int], place: Compared) -> str:
    """A bar for each day; one without deployments has its place, too."""
    width = max(len(by_day) * (_BAR + _GAP), 1)
    most = max(by_day.values(), default=0)
    bars = []
    for index, (day, count) in enumerate(by_day.items()):
        tall = round(count / most * _HEIGHT) if most else 0
        bars.append(
            f'<rect x="{index * (_BAR + _GAP)}" y="{_HEIGHT - tall}" width="{_BAR}" height="{tall}">'
            f"<title>{day.isoformat()}: {count}</title></rect>"
        )
    label = f"{place.now.deployments} deployments to {place.now.environment}, at most {most} a day"
    return (
        f'<svg viewBox="0 0 {width} {_HEIGHT + 14}" width="{width}" height="{_HEIGHT + 14}" role="img" '
        f'aria-label="{escape(label)}">{"".join(bars)}<line x1="0" y1="{_HEIGHT}" x2="{width}" y2="{_HEIGHT}"/>'
        f'<text x="0" y="{_HEIGHT + 12}">{next(iter(by_day)).isoformat() if by_day else ""}, at most {most} a day</text></svg>'
    )
