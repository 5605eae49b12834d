"""`trunkline measure`, `incident` and `deployment`, as a person runs them."""

from __future__ import annotations

import csv
import io
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.e2e.test_docs import console, page, run
from tests.e2e.workbench import Workbench
from tests.fakes.records import a_deployment, a_run, an_attempt, an_ending
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.delivery.changes import Changes, Shipped
from trunkline.domain.redaction import Redactor

# Git knows the seconds of a commit.
NOW = datetime.now(UTC).replace(microsecond=0)
COMMITS = [f"{number:040x}" for number in range(1, 5)]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """Four commits went to dev and prod, a day between two, each a day after it was made; one more try failed."""
    ledger = SqliteLedger(tmp_path / "a.db", Redactor())
    ledger.open_run(a_run())
    for index, commit in enumerate(COMMITS):
        for place, hours in (("dev", 0), ("prod", 2)):
            name, ended = f"{place}-{index}", NOW - timedelta(days=8 - index, hours=-hours)
            ledger.begin(
                replace(
                    an_attempt(name), commit=commit, environment=place, stage=Stage.DEPLOY, started_at=ended
                )
            )
            ending = replace(an_ending(name), finished_at=ended + timedelta(minutes=2))
            base = COMMITS[index - 1] if index else ""
            brought = (Shipped(commit, ended - timedelta(days=1)),)
            deployment = replace(
                a_deployment(name, attempt_id=name),
                environment=place,
                commit=commit,
                deployed_at=ended + timedelta(minutes=2),
                changes=Changes(base, brought).dump(),
            )
            ledger.end(ending, deployment)
    failed = replace(
        an_attempt("bad"), environment="prod", stage=Stage.DEPLOY, started_at=NOW - timedelta(days=3)
    )
    ledger.begin(failed)
    ledger.end(
        replace(
            an_ending("bad", outcome=Outcome.FAILED), finished_at=NOW - timedelta(days=2), cause="crash-loop"
        )
    )
    ledger.close()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return Workbench(tmp_path, {**environ, "TRUNKLINE_LEDGER": f"sqlite://{tmp_path}/a.db"})


def test_the_figures_are_those_of_the_ledger(bench: Workbench) -> None:
    """With the number of things that they rest on, and the formulas."""
    told = bench.succeed("measure", "--output", "json").json
    assert list(told["services"]["sample"]["environments"]) == ["dev", "prod"]
    prod = told["services"]["sample"]["environments"]["prod"]
    figures = prod["figures"]
    assert (figures["deployments"]["value"], figures["deployments"]["before"]) == (4, 0)
    lead = figures["change_lead_time_p50"]
    assert (lead["value"], lead["n"], lead["unit"]) == (86_400 + 120, 3, "s")
    assert figures["attempt_failure_rate"] == {
        "unit": "ratio",
        "value": 0.2,
        "n": 5,
        "before": None,
        "n_before": 0,
    }
    assert figures["change_fail_rate"]["value"] == 0.0
    assert prod["causes"] == {"crash-loop": 1}
    assert sum(prod["by_day"].values()) == 4
    assert "median" in told["formulas"]["change_lead_time_p50"].lower()


def test_the_forms_tell_the_same(bench: Workbench) -> None:
    """Tables for people, Markdown for a pull request, CSV for a sheet."""
    text = bench.succeed("measure", "sample").stdout
    assert "change lead time, p50 1d00h (3)" in re.sub(" +", " ", text)
    assert "crash-loop" in text
    markdown = bench.succeed("measure", "--output", "markdown").stdout
    html = MarkdownIt("commonmark").enable("table").render(markdown)
    assert html.count("<table>") == 4
    assert "<td>1d00h (3)</td>" in html
    rows = list(csv.DictReader(io.StringIO(bench.succeed("measure", "--output", "csv").stdout)))
    lead = next(
        row for row in rows if (row["environment"], row["figure"]) == ("prod", "change_lead_time_p50")
    )
    assert (lead["value"], lead["n"], lead["n_before"]) == ("86520.0", "3", "0")


class Page(HTMLParser):
    """What is in a page, and whether its tags are closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.leads: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.leads += [value or "" for name, value in attrs if name in {"src", "href", "onclick", "onload"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_needs_nothing_else(bench: Workbench) -> None:
    """It is whole, shows the figures and a bar for each day, and nothing in a name becomes a part of it."""
    evil = "<script>alert(1)</script>"
    bench.succeed("incident", "open", "prod", "--service", "sample", "--title", evil)
    found = Page()
    found.feed(bench.succeed("measure", "--output", "html").stdout)
    found.close()
    assert (found.open, found.leads) == ([], [])
    assert "script" not in found.seen
    assert "1d00h (3)" in found.said
    assert found.seen.count("svg") == 2
    assert found.seen.count("rect") in {60, 62}
    assert "1 failed deployment not mended yet" in found.said


def test_a_window_has_its_end(bench: Workbench) -> None:
    """What lies behind it does not count, and what lies before it is what it is compared with."""
    until = (NOW - timedelta(days=6)).isoformat()
    told = bench.succeed("measure", "--window", "1d", "--until", until, "--output", "json").json
    deployments = told["services"]["sample"]["environments"]["dev"]["figures"]["deployments"]
    assert (deployments["value"], deployments["before"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["measure", "nobody"], "The ledger knows no deployment of nobody."),
        (["measure", "--environment", "moon"], "The ledger knows no deployment to moon."),
        (["measure", "--window", "often"], "'often' is not a duration"),
        (["measure", "--window", "0d"], "0d is nothing to look back"),
        (["measure", "--until", "soon"], "'soon' is no day and no moment"),
        (["measure", "--zone", "../etc/passwd"], "'../etc/passwd' is no time zone"),
        (["incident", "open", "prod"], "no service is named"),
        (["incident", "open", "moon", "--service", "sample"], "no deployment of sample to moon"),
        (["incident", "open", "prod", "--service", "sample", "--at", "2999-01-01"], "is still to come"),
        (
            ["incident", "open", "prod", "--service", "sample", "--deployment", "dev-1"],
            "is one of sample to dev",
        ),
        (["incident", "close", "nothing"], "There is no incident 'nothing'."),
        (["deployment", "mark", "dev", "--failed"], "4 deployments begin with 'dev'."),
        (["deployment", "mark", "dev-1"], "A mark says one thing."),
        (["deployment", "mark", "dev-1", "--failed", "--remediates", "dev-0"], "A mark says one thing."),
        (["deployment", "mark", "dev-1", "--remediates", "prod-0"], "no deployment and no incident 'prod-0'"),
    ],
)
def test_what_cannot_be_is_told(bench: Workbench, arguments: list[str], said: str) -> None:
    """With exit code 2, and nothing is written."""
    before = bench.succeed("ledger", "export").stdout
    outcome = bench.trunkline(*arguments)
    assert outcome.code == 2, str(outcome)
    assert said in outcome.stderr
    assert bench.succeed("ledger", "export").stdout == before


def test_an_incident_ends_once(bench: Workbench) -> None:
    """It cannot end before it began, nor twice."""
    at = (NOW - timedelta(hours=2)).isoformat()
    opened = bench.succeed(
        "incident", "open", "prod", "--service", "sample", "--at", at, "--output", "json"
    ).json
    early = bench.trunkline("incident", "close", opened["id"], "--at", (NOW - timedelta(hours=3)).isoformat())
    assert "cannot end before" in early.stderr
    bench.succeed("incident", "close", opened["id"])
    assert "is closed since" in bench.trunkline("incident", "close", opened["id"]).stderr
    assert bench.succeed("incident", "list").stdout == "There are none.\n"
    told = bench.succeed("measure", "--environment", "prod", "--output", "json").json
    figures = told["services"]["sample"]["environments"]["prod"]["figures"]
    assert figures["change_fail_rate"]["value"] == 0.25
    assert figures["failed_deployment_recovery_time_p50"]["n"] == 1


def test_the_page(bench: Workbench) -> None:
    """The commands of "See how fast and how safely you deliver" work in their order."""
    names = {"INCIDENT": "", "BAD": "prod-2", "HOTFIX": "prod-3"}
    for command in console(page("measure-delivery.md")):
        done = command + " --service sample" if command.startswith("trunkline incident open") else command
        if "incident close" in command:
            names["INCIDENT"] = bench.succeed("incident", "list", "--output", "json").json[0]["id"]
        run(bench, done, names, expected=0)
    listed = bench.succeed("deployment", "list", "prod", "--output", "json").json
    assert [item["failed"] for item in listed] == [True, True, False, False]
    assert listed[1]["recovery_s"] == pytest.approx(86_400)


def test_dashboards_are_printed(bench: Workbench) -> None:
    """For the metrics' own prefix, from the option or the environment."""
    told = bench.succeed("dashboards", "datadog", "--prefix", "acme").stdout
    assert "sum:acme.release.count" in told
    assert bench.succeed("dashboards", "datadog", env={"TRUNKLINE_METRIC_PREFIX": "acme"}).stdout == told
    assert len(bench.succeed("dashboards", "datadog-monitors").json) == 2
