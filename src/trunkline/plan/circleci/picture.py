"""The workflow as a picture: columns of jobs from left to right, and how each maps to a stage of a run."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from trunkline.plan.circleci.jobs import Job, Pipeline

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 190, 52, 56, 22, 24
_LETTER = 7.2
_STYLE = (
    "text{font:13px ui-monospace,monospace;fill:#1f2933}.small{font-size:11px;fill:#52606d}"
    ".box{fill:#fff;stroke:#52606d;stroke-width:1.5}.approval{fill:#fff8e1;stroke:#b7791f}"
    ".repair{stroke-dasharray:5 4}.line{fill:none;stroke:#829ab1;stroke-width:1.5}.other{stroke-dasharray:5 4}"
    "@media(prefers-color-scheme:dark){svg{background:#12181f}text{fill:#e4e7eb}.small{fill:#9aa5b1}"
    ".box{fill:#1f2933;stroke:#9aa5b1}.approval{fill:#3b2f12;stroke:#d69e2e}}"
)


def columns(pipeline: Pipeline) -> tuple[tuple[Job, ...], ...]:
    """The jobs by how many must come before them."""
    depth: dict[str, int] = {}
    for job in pipeline.jobs:
        depth[job.name] = max((depth[name] + 1 for name in job.requires), default=0)
    return tuple(
        tuple(job for job in pipeline.jobs if depth[job.name] == number)
        for number in range(max(depth.values(), default=-1) + 1)
    )


def as_text(pipeline: Pipeline) -> str:
    """Job after job, each with what it waits for, what it does and which stage of `trunkline run` that is."""
    lines = [f"{pipeline.service}: commits of {pipeline.trunk} go all the way"]
    for column in columns(pipeline):
        lines += [line for job in column for line in _told(job)]
    return "\n".join(lines)


def _told(job: Job) -> Iterator[str]:
    mark = "?" if job.approval else "*"
    branch = "  (every branch)" if job.every_branch else ""
    yield f"{mark} {job.name}{branch}"
    if job.requires:
        yield f"    after {', '.join(_named(name, statuses) for name, statuses in job.requires.items())}"
    if job.stage:
        yield f"    stage of a run: {job.stage}"
    for step in job.steps:
        if step.command.startswith("trunkline "):
            yield f"    {step.command}"
    if job.context:
        alone = f", one at a time in {job.serial_group}" if job.serial_group else ""
        yield f"    secrets of {job.context}{alone}"


def _named(name: str, statuses: tuple[str, ...]) -> str:
    return f"{name} if {' or '.join(statuses)}" if statuses else name


def as_svg(pipeline: Pipeline) -> str:
    """The same as a picture that a browser shows, light or dark as its reader has it."""
    grid = columns(pipeline)
    width_x = max(_WIDTH, *(round(len(job.name) * _LETTER) + 32 for job in pipeline.jobs))
    places = {
        job.name: (_MARGIN + column * (width_x + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y))
        for column, jobs in enumerate(grid)
        for row, job in enumerate(jobs)
    }
    width = 2 * _MARGIN + len(grid) * width_x + (len(grid) - 1) * _GAP_X
    height = 2 * _MARGIN + max(map(len, grid)) * (_HEIGHT + _GAP_Y) - _GAP_Y
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        f"<title>{escape(pipeline.service)}: from a commit to production</title>",
        f"<style>{_STYLE}</style>",
        *(line for job in pipeline.jobs for line in _lines(job, places, width_x)),
        *(box for job in pipeline.jobs for box in _box(job, places[job.name], width_x)),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _lines(job: Job, places: dict[str, tuple[int, int]], width: int) -> Iterator[str]:
    left, top = places[job.name]
    for name, statuses in job.requires.items():
        other_left, other_top = places[name]
        begin_x, begin_y, end_y = other_left + width, other_top + _HEIGHT // 2, top + _HEIGHT // 2
        middle = (begin_x + left) // 2
        kind = "line other" if statuses else "line"
        yield f'<path class="{kind}" d="M{begin_x} {begin_y}C{middle} {begin_y} {middle} {end_y} {left} {end_y}"/>'


def _box(job: Job, place: tuple[int, int], width: int) -> Iterator[str]:
    left, top = place
    kind = "box approval" if job.approval else "box" if job.stage else "box repair"
    yield f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{_HEIGHT}" rx="6"/>'
    yield f'<text x="{left + 14}" y="{top + 22}">{escape(job.name)}</text>'
    below = "a person says yes" if job.approval else job.context or "every branch"
    yield f'<text class="small" x="{left + 14}" y="{top + 40}">{escape(below)}</text>'
