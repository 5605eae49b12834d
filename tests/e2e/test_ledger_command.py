"""`trunkline ledger`, as a person runs it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dev.postgresql import Postgresql
from dev.s3 import S3
from tests.e2e.test_docs import console, page, run
from tests.e2e.workbench import Workbench
from tests.fakes.records import a_deployment, a_gate, a_mark, a_run, an_approval, an_attempt, an_ending, at
from tests.standins.circleci import TOKEN, CircleStandin
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.redaction import Redactor


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    """A ledger with one record of each kind."""
    ledger = SqliteLedger(tmp_path / "a.db", Redactor())
    ledger.open_run(a_run())
    ledger.begin(an_attempt())
    ledger.intend("attempt-1", "Apply", at(1))
    ledger.end(an_ending(), a_deployment())
    ledger.decide(an_approval())
    ledger.judge(a_gate())
    ledger.mark(a_mark())
    ledger.close()
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    return Workbench(tmp_path, {**environ, "TRUNKLINE_LEDGER": f"sqlite://{tmp_path}/a.db"})


def test_a_ledger_moves(bench: Workbench) -> None:
    """What is exported and taken in elsewhere is the same ledger; taken in again, nothing changes."""
    bench.succeed("ledger", "export", "all.jsonl")
    other = {"TRUNKLINE_LEDGER": f"sqlite://{bench.directory}/b.db"}
    assert (
        bench.succeed("ledger", "import", "all.jsonl", env=other).stdout
        == "8 records are new, 0 were known.\n"
    )
    assert (
        bench.succeed("ledger", "import", "all.jsonl", env=other).stdout
        == "0 records are new, 8 were known.\n"
    )
    there = bench.succeed("ledger", "export", env=other).stdout
    assert there == (bench.directory / "all.jsonl").read_text()
    assert bench.succeed("ledger", "verify", "--output", "json", env=other).json == {
        "records": 8,
        "faults": [],
    }


def _moves(bench: Workbench, other: dict[str, str]) -> None:
    assert bench.succeed("ledger", "import", "all.jsonl", env=other).stdout.startswith("8 records are new")
    assert bench.succeed("ledger", "import", "all.jsonl", env=other).stdout.startswith("0 records are new")
    there = bench.succeed("ledger", "export", env=other).stdout
    assert there == (bench.directory / "all.jsonl").read_text()
    assert bench.succeed("ledger", "verify", "--output", "json", env=other).json == {
        "records": 8,
        "faults": [],
    }
    shown = bench.succeed("deployment", "list", "--output", "json", env=other).json
    assert [item["id"] for item in shown] == ["deployment-1"]


def test_a_ledger_moves_to_postgresql(bench: Workbench) -> None:
    """What is exported can be taken into PostgreSQL, and is the same there; the password is nowhere shown."""
    bench.succeed("ledger", "export", "all.jsonl")
    with Postgresql() as server:
        _moves(bench, {"TRUNKLINE_LEDGER": server.url})
        server.stop()
        refused = bench.trunkline("deployment", "list", env={"TRUNKLINE_LEDGER": server.url})
        assert refused.code == 7, str(refused)
        assert "The ledger in 127.0.0.1/postgres cannot be reached" in refused.stderr
        assert server.password not in str(refused)


def test_a_ledger_moves_to_a_bucket(bench: Workbench) -> None:
    """What is exported can be taken into a bucket, and is the same there, also for a machine that has no mirror yet."""
    bench.succeed("ledger", "export", "all.jsonl")
    with S3(buckets=["ledgers"]) as server:
        other = {**server.env(), "TRUNKLINE_LEDGER": "s3://ledgers/team"}
        _moves(bench, other)
        elsewhere = {**other, "XDG_CACHE_HOME": str(bench.directory / "elsewhere")}
        assert (
            bench.succeed("ledger", "export", env=elsewhere).stdout
            == (bench.directory / "all.jsonl").read_text()
        )
        refused = bench.trunkline(
            "deployment", "list", env={**elsewhere, "AWS_SECRET_ACCESS_KEY": "another-secret-key"}
        )
        assert refused.code == 7, str(refused)
        assert "another-secret-key" not in str(refused)


def test_half_a_file_is_not_taken(bench: Workbench) -> None:
    """A file that was cut off, or is none, changes nothing."""
    lines = bench.succeed("ledger", "export").stdout.splitlines(keepends=True)
    (bench.directory / "half.jsonl").write_text("".join(lines[:-2]))
    (bench.directory / "bytes").write_bytes(b"\xff\xfe")
    other = {"TRUNKLINE_LEDGER": f"sqlite://{bench.directory}/b.db"}
    for name, said in (
        ("half.jsonl", "it is cut off after line"),
        ("bytes", "no UTF-8"),
        ("gone", "cannot be read"),
    ):
        outcome = bench.trunkline("ledger", "import", name, env=other)
        assert (outcome.code, said in outcome.stderr) == (2, True), str(outcome)
    assert bench.succeed("ledger", "verify", env=other).stdout == "All 0 records are whole.\n"


def test_a_contradiction_is_refused(bench: Workbench) -> None:
    """A record that says something else than the known one is named, and nothing of its file is taken."""
    text = bench.succeed("ledger", "export").stdout
    (bench.directory / "other.jsonl").write_text(text.replace('"actor":"ada"', '"actor":"eve"', 1))
    outcome = bench.trunkline("ledger", "import", "other.jsonl")
    assert outcome.code == 2
    assert "is here already, and says something else" in outcome.stderr


def test_damage_is_found(bench: Workbench) -> None:
    """A row that nobody can read any more, and one without its owner, are exit code 2 with what is wrong."""
    connection = sqlite3.connect(bench.directory / "a.db")
    connection.execute("PRAGMA foreign_keys = OFF")
    connection.execute("DROP TRIGGER attempts_no_update")
    connection.execute("UPDATE attempts SET stage = 'magic', run_id = 'gone'")
    connection.commit()
    connection.close()
    outcome = bench.trunkline("ledger", "verify")
    assert outcome.code == 2
    assert "of attempts cannot be read" in outcome.stdout
    assert "of attempts refers to what is not there" in outcome.stdout


def test_the_commands_of_the_page(bench: Workbench) -> None:
    """The page's commands work in their order."""
    for command in console(page("ledger.md")):
        run(bench, command, {}, 0)


def test_a_file_may_be_called_anything(bench: Workbench) -> None:
    """What is no source is the name of a file, and a file called like a source is spelled with its folder."""
    exported = bench.succeed("ledger", "export").stdout
    (bench.directory / "git").write_text(exported)
    other = {"TRUNKLINE_LEDGER": f"sqlite://{bench.directory}/b.db"}
    for words in (["./git"], ["file", "git"]):
        assert "records are new" in bench.succeed("ledger", "import", *words, env=other).stdout
    missing = bench.trunkline("ledger", "import", "nowhere.jsonl", env=other)
    assert (missing.code, "nowhere.jsonl cannot be read" in missing.stderr) == (2, True)


def _project(bench: Workbench) -> None:
    """A repository with one commit and a tag."""
    (bench.directory / "trunkline.yaml").write_text(
        "version: 1\nservice: shop\nimage: {repository: quay.io/acme/shop}\nchart: {path: chart}\n"
        "environments: {prod: {namespace: shop}}\n"
    )
    for command in (
        ["init", "--quiet", "--initial-branch", "main"],
        [
            "-c",
            "user.name=Ada",
            "-c",
            "user.email=ada@example.com",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "one",
        ],
        ["tag", "v1"],
    ):
        subprocess.run(["git", *command], cwd=bench.directory, check=True, env=bench.environment)


def test_tags_become_deployments(bench: Workbench) -> None:
    """In the repository of a project; twice is once."""
    _project(bench)
    arguments = ("ledger", "import", "git", "--environment", "prod", "--tags", "v*")
    assert bench.succeed(*arguments).stdout == "4 records are new, 0 were known.\n"
    assert bench.succeed(*arguments).stdout == "0 records are new, 4 were known.\n"
    (listed,) = bench.succeed("deployment", "list", "prod", "--output", "json").json
    assert (listed["service"], listed["actor"], listed["commits"]) == ("shop", "Ada", 0)


def test_workflows_of_circleci_become_runs(bench: Workbench) -> None:
    """With a token, and what a job is where its name does not tell; the token is nowhere shown."""
    _project(bench)
    arguments = ("ledger", "import", "circleci", "--project", "gh/acme/sample")
    refused = bench.trunkline(*arguments)
    assert (refused.code, "set CIRCLE_TOKEN" in refused.stderr) == (2, True), str(refused)
    with CircleStandin() as standin:
        began = datetime.now(UTC) - timedelta(days=2)
        workflow = standin.history.start("a" * 40, began)
        hold = standin.history.hold(workflow, "approve-prod", approved_by="grace")
        begun = began + timedelta(minutes=20)
        ended = begun + timedelta(minutes=1)
        standin.history.job(workflow, "ship-it", began=begun, ended=ended, after=(hold,))
        standin.history.stop(workflow, ended)
        wrong = bench.trunkline(*arguments, "--job", "ship-it=deploy", env=standin.environ)
        assert (wrong.code, "NAME=deploy:prod" in wrong.stderr) == (2, True), str(wrong)
        first = bench.succeed(*arguments, env=standin.environ)
        assert "1 workflows are new" in first.stdout
        assert "approve-prod is approval to prod" in first.stdout
        assert "Left out, as their names say no stage: ship-it" in first.stdout
        assert TOKEN not in str(first)
        second = bench.succeed(
            *arguments, "--job", "ship-it=deploy:prod", "--output", "json", env=standin.environ
        )
        assert (second.json["workflows"], second.json["known"]) == (0, 1)
    listed = bench.succeed("deployment", "list", "prod", "--output", "json").json
    assert [item["commit"] for item in listed] == ["a" * 40]
    measured = bench.succeed("measure", "--output", "json").json
    assert '"approval"' in json.dumps(measured)
