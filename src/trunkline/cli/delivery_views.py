"""How delivery goes, as tables for people, Markdown for pull requests and messages, CSV for sheets, and plain facts."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from trunkline.app.delivery import Compared, Report, Service
from trunkline.cli.output import plain, table
from trunkline.cli.style import Style
from trunkline.domain.commits import SHORT_LENGTH
from trunkline.domain.delivery.figures import Spread
from trunkline.domain.delivery.formulas import FORMULAS, Unit, Value
from trunkline.domain.durations import format_duration

Table = tuple[Sequence[str], list[list[str]]]
_NOTHING = "-"
_SPELLED: Mapping[Unit, Callable[[float], str]] = {
    Unit.SECONDS: format_duration,
    Unit.RATIO: "{:.1%}".format,
    Unit.PER_WEEK: "{:.1f}".format,
    Unit.COUNT: "{:.0f}".format,
}
# What is counted says so itself; beside a median or a rate, the number of things is half of the message.
_SAYS_ITS_N = frozenset({Unit.COUNT, Unit.PER_WEEK})


def text(report: Report) -> str:
    """Tables."""
    style = Style(sys.stdout)
    head = f"{span(report)}; in brackets the number of things that a figure rests on; 'was' is the window before."
    blocks = [style.faint(head)]
    for service in report.services:
        blocks.append(style.strong(service.name))
        blocks.append(table(*_places(service)))
        blocks += [
            table(*rows) for rows in (_stages(service), _causes(service), _waiting(service)) if rows[1]
        ]
        blocks += [style.warning(note) for place in service.places for note in notes(place)]
    return "\n\n".join(blocks) + "\n"


def markdown(report: Report) -> str:
    """The same as GitHub's tables."""
    lines = [f"_{span(report)}_", ""]
    for service in report.services:
        lines += [f"### {_cell(service.name)}", ""]
        for headings, rows in tables(service):
            if rows:
                lines += [_row(headings), _row(["---"] * len(headings)), *map(_row, rows), ""]
        lines += [f"- {note}" for place in service.places for note in notes(place)]
    return "\n".join(lines).rstrip() + "\n"


def comma_separated(report: Report) -> str:
    """A line for each figure (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "service",
            "environment",
            "since",
            "until",
            "figure",
            "unit",
            "value",
            "n",
            "value_before",
            "n_before",
        ]
    )
    span = [plain(report.window.since), plain(report.window.until)]
    for service in report.services:
        for place in service.places:
            for formula, now, before in place.figures():
                values = [*_of(now), *_of(before)]
                writer.writerow(
                    [service.name, place.now.environment, *span, formula.name, formula.unit.value, *values]
                )
    return out.getvalue()


def facts(report: Report) -> Mapping[str, Any]:
    """For programs; the formulas go along."""
    return {
        "since": report.window.since,
        "until": report.window.until,
        "zone": report.zone,
        "formulas": {formula.name: formula.how for formula in FORMULAS},
        "services": {service.name: _service_facts(service) for service in report.services},
    }


VIEWS: Mapping[str, Callable[[Report], str]] = {"text": text, "markdown": markdown, "csv": comma_separated}


def _service_facts(service: Service) -> Mapping[str, Any]:
    return {
        "environments": {place.now.environment: _place_facts(place) for place in service.places},
        "stages": {stage.value: found for stage, found in service.stages.items()},
        "stages_before": {stage.value: found for stage, found in service.stages_before.items()},
    }


def _place_facts(place: Compared) -> Mapping[str, Any]:
    figures = {
        formula.name: {
            "unit": formula.unit,
            "value": now[0],
            "n": now[1],
            "before": before[0],
            "n_before": before[1],
        }
        for formula, now, before in place.figures()
    }
    found = place.now
    return {
        "figures": figures,
        "by_day": {day.isoformat(): count for day, count in found.by_day.items()},
        "rollbacks": found.rollbacks,
        "redeployments": found.redeployments,
        "inferred": found.inferred,
        "unknown_changes": found.unknown,
        "skewed_commits": found.skewed,
        "open_s": found.open_s,
        "interrupted": found.interrupted,
        "causes": found.causes,
        "standing": place.standing,
    }


def span(report: Report) -> str:
    """The window, in words."""
    length = format_duration((report.window.until - report.window.since).total_seconds()).removesuffix("00h")
    return f"{length} to {report.window.until:%Y-%m-%d %H:%M} UTC"


def tables(service: Service) -> tuple[Table, ...]:
    """Headings and rows: figures, stages, causes, and what waits."""
    return (_places(service), _stages(service), _causes(service), _waiting(service))


def _places(service: Service) -> Table:
    """A line for each figure, as there are more of them than environments."""
    columns = [
        [_told(formula.unit, now, before) for formula, now, before in place.figures()]
        for place in service.places
    ]
    rows = [[formula.heading, *cells] for formula, *cells in zip(FORMULAS, *columns, strict=True)]
    return ["", *(place.now.environment for place in service.places)], rows


def _stages(service: Service) -> Table:
    rows = [
        [
            stage.value,
            str(found.n),
            _time(found.p50_s),
            _time(found.p95_s),
            _time(_before(service, stage).p50_s),
        ]
        for stage, found in service.stages.items()
    ]
    return ["STAGE", "N", "p50", "p95", "p50 BEFORE"], rows


def _before(service: Service, stage: Any) -> Spread:
    return service.stages_before.get(stage, Spread(0))


def _causes(service: Service) -> Table:
    rows = [
        [place.now.environment, cause, str(count)]
        for place in service.places
        for cause, count in place.now.causes.items()
    ]
    return ["ENVIRONMENT", "ATTEMPTS FAILED BY", "N"], rows


def _waiting(service: Service) -> Table:
    rows = []
    for place in service.places:
        standing = place.standing
        oldest = (place.now.window.until - standing.oldest).total_seconds() if standing.oldest else None
        rows.append(
            [
                place.now.environment,
                standing.commit[:SHORT_LENGTH],
                f"{standing.since:%Y-%m-%d %H:%M}",
                str(standing.waiting),
                _time(oldest),
            ]
        )
    return ["ENVIRONMENT", "STANDS", "SINCE (UTC)", "COMMITS WAITING", "OLDEST WAITS"], rows


def notes(place: Compared) -> Iterator[str]:
    """What a reader of the figures has to know."""
    found, where = place.now, place.now.environment
    if found.unknown:
        yield f"{where}: nobody knows the commits of {_many(found.unknown, 'deployment')}, which count in no lead time."
    if found.skewed:
        yield f"{where}: {_many(found.skewed, 'commit')} younger than the deployment, by the clocks, in no lead time."
    if found.inferred:
        yield f"{where}: {_many(found.inferred, 'deployment')} called a rollback or failed by the order of things alone."
    if found.open_s:
        oldest = format_duration(max(found.open_s))
        yield f"{where}: {_many(len(found.open_s), 'failed deployment')} not mended yet, the oldest for {oldest}."


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _told(unit: Unit, now: Value, before: Value) -> str:
    shown, earlier = _figure(unit, now), _figure(unit, before)
    return shown if earlier == _NOTHING or not before[1] else f"{shown}, was {earlier}"


def _figure(unit: Unit, value: Value) -> str:
    number, n = value
    if number is None:
        return _NOTHING
    shown = _SPELLED[unit](number)
    return shown if unit in _SAYS_ITS_N else f"{shown} ({n})"


def _time(seconds: float | None) -> str:
    return _NOTHING if seconds is None else format_duration(seconds)


def _of(value: Value) -> list[float | int | str]:
    return ["" if value[0] is None else round(value[0], 6), value[1]]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
