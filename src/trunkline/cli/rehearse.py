"""`trunkline rehearse`."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from trunkline.cli.output import output_option, plain, show, table, wants_json
from trunkline.cli.session import config_option, project_file
from trunkline.cli.style import Style, printable
from trunkline.domain.durations import format_duration
from trunkline.errors import ExitCode

if TYPE_CHECKING:
    from trunkline.app.rehearse import Rehearsed
    from trunkline.domain.rehearsals import Performance, Scenario


_FEW = 2


@click.command("rehearse", short_help="Run the pipeline against a simulated cluster, with chosen failures.")
@config_option
@click.option(
    "--fail",
    "failures",
    metavar="SCENARIO",
    multiple=True,
    help="Play this failure; repeatable (see --list).",
)
@click.option("--all-failures", is_flag=True, help="Play every scenario that there is.")
@click.option("--until", metavar="ENV", default="", help="Stop after this environment.")
@click.option("--list", "only_list", is_flag=True, help="Show the scenarios, and play nothing.")
@click.option("--timeline", is_flag=True, help="Show the time line of every run, also where there are many.")
@click.option("--junit", type=click.Path(path_type=Path), help="Write a JUnit report to this file, for a CI.")
@output_option
def command(
    config: Path | None,
    failures: tuple[str, ...],
    all_failures: bool,
    until: str,
    only_list: bool,
    timeline: bool,
    junit: Path | None,
) -> None:
    """Run the project's own pipeline against a simulated cluster, with the failures that one fears.

    Nothing is built, nothing real is touched: the chart, the values, the checks and the approvals are the project's,
    the cluster is Trunkline's own. SCENARIO is a name of --list, and may say more: crash-loop:environment=prod,after=5s.
    Without any only the healthy way is tried. Exit code 1 when an expectation does not hold.
    """
    from trunkline.config.load import load_project
    from trunkline.config.scenarios import chosen_scenario, known_scenarios

    project = load_project(project_file(config), os.environ)
    known = known_scenarios(project.scenarios)
    if only_list:
        show([_facts_of(item) for item in known.values()], lambda: _listed(known.values()))
        return
    chosen = [*(known.values() if all_failures else ()), *(chosen_scenario(text, known) for text in failures)]

    from trunkline.app.rehearse import rehearse
    from trunkline.bootstrap.rehearsal import stages

    began = time.monotonic()
    with stages(project, os.environ) as opener:
        found = rehearse(project, opener, chosen, until, _Reporter(len(chosen)))
    took_s = time.monotonic() - began
    if junit is not None:
        from trunkline.cli.junit import write_junit

        write_junit(junit, found, took_s)
    show(_facts(found, took_s), lambda: _text(found, took_s, timeline=timeline))
    if not found.as_expected:
        raise click.exceptions.Exit(ExitCode.DEPLOYMENT_FAILED)


class _Reporter:
    """Says that a scenario is over, on standard error."""

    def __init__(self, count: int) -> None:
        self._count, self._done = count, 0
        self._mutex = threading.Lock()

    def __call__(self, seen: Performance) -> None:
        """Count it."""
        with self._mutex:
            self._done += 1
            if not wants_json():
                word = "as expected" if seen.as_expected else "NOT as expected"
                sys.stderr.write(f"[{self._done}/{self._count}] {seen.scenario.name}: {word}\n")


def _facts_of(scenario: Scenario) -> dict[str, Any]:
    facts: dict[str, Any] = plain(scenario)
    return facts


def _facts(found: Rehearsed, took_s: float) -> dict[str, Any]:
    return {**plain(found), "as_expected": found.as_expected, "took_s": round(took_s, 3)}


def _listed(scenarios: Iterable[Scenario]) -> str:
    rows = [(item.name, item.what.value, item.expect.ending.value, item.story or "-") for item in scenarios]
    return table(("SCENARIO", "FAILURE", "EXPECTED", "WHAT HAPPENS"), rows)


def _text(found: Rehearsed, took_s: float, *, timeline: bool) -> str:
    style = Style(sys.stdout)
    lines: list[str] = []
    # Of many, only the surprising ones are read.
    timeline = timeline or len(found.performances) <= _FEW
    if timeline:
        lines += _time_line("in health", found.health, style)
    for seen in found.performances:
        if timeline or not seen.as_expected:
            lines += _time_line(seen.scenario.name, seen.moments, style)
            lines += [f"  {style.bad(printable(text))}" for text in seen.broken]
            lines.append("")
    if found.performances:
        headings = ("FAILURE", "STRUCK", "TRAIN", "CAUSE", "AFTER", "UNDONE", "LATER ENVIRONMENTS", "")
        lines += [table(headings, [_row(seen, style) for seen in found.performances]), ""]
    surprises = sum(not seen.as_expected for seen in found.performances)
    way = " -> ".join(found.environments)
    lines.append(f"The healthy train came through: {way}. Took {format_duration(took_s)}.")
    if found.performances:
        count = len(found.performances)
        lines.append(
            style.bad(f"{surprises} of {count} failures did not end as expected.")
            if surprises
            else style.good(f"All {count} failures ended as expected.")
        )
    return "\n".join(lines)


def _time_line(name: str, moments: Iterable[Any], style: Style) -> list[str]:
    lines = [style.strong(name)]
    for moment in moments:
        where = f" {moment.environment}:" if moment.environment else ""
        lines.append(f"  {moment.at_s:7.1f} s {where} {printable(moment.text)}")
    return [*lines, ""]


def _row(seen: Performance, style: Style) -> tuple[str, ...]:
    stopped = f"stopped at {seen.stopped_at}" if seen.stopped_at else "came through"
    touched = f"touched: {', '.join(seen.touched)}" if seen.touched else "untouched"
    return (
        style.strong(seen.scenario.name),
        seen.struck,
        stopped,
        seen.cause or "-",
        format_duration(seen.took_s),
        seen.undone or "-",
        touched if seen.stopped_at else "-",
        style.good("as expected") if seen.as_expected else style.bad("NOT as expected"),
    )
