"""The documentation's commands are run as they stand there, and its references are what the code says."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from dev.reference import stale
from tests.e2e.workbench import PROGRAM, REPOSITORY, Outcome, Workbench
from trunkline.cli.entry import COMMANDS
from trunkline.config.load import read_project

_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?://)([^)#]+)(?:#[^)]*)?\)")
PAGES = sorted(
    [
        *REPOSITORY.glob("*.md"),
        *(REPOSITORY / "docs").rglob("*.md"),
        *(REPOSITORY / "examples").rglob("*.md"),
        REPOSITORY / "dev" / "README.md",
    ]
)
# Run by `.ci/run`, by `make` or by the tests of `dev`, rather than here.
ELSEWHERE = (
    "make ",
    "python -m dev.",
    'eval "$(python -m dev.cluster env)"',
    "kubectl get nodes",
    "pip install",
    "pre-commit install",
)


def blocks(page: Path, language: str) -> Iterator[str]:
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        if found["language"] == language:
            yield found["text"]


def console(page: Path) -> list[str]:
    """The commands of a page's console blocks, in order."""
    lines = (line for block in blocks(page, "console") for line in block.splitlines())
    return [line.removeprefix("$ ").split("  #")[0].strip() for line in lines if line.startswith("$ ")]


def run(bench: Workbench, command: str, names: Mapping[str, str], expected: int) -> Outcome:
    """One command of a page, with its placeholders filled in."""
    for placeholder, value in names.items():
        command = re.sub(rf"\b{placeholder}\b", value, command)
    words, _, target = command.partition(" > ")
    arguments = shlex.split(words)
    assert arguments[0] == "trunkline", command
    outcome = bench.trunkline(*arguments[1:])
    assert outcome.code == expected, f"{command}: {outcome}"
    if target:
        (bench.directory / target).write_text(outcome.stdout, encoding="utf-8")
    return outcome


def page(name: str) -> Path:
    return REPOSITORY / "docs" / "how-to" / name


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every link from one page to another file finds that file."""
    for target in _LINK.findall(path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_commands_exist(path: Path) -> None:
    """Every trunkline command in a page's blocks is one that the program has."""
    for language in ("console", "sh", "yaml"):
        for block in blocks(path, language):
            for name in re.findall(r"(?:^\$? ?|run: |&& )trunkline ([a-z]+)", block, re.MULTILINE):
                assert name in COMMANDS, f"{path.name}: trunkline {name}"


def test_every_console_command_is_run() -> None:
    """A page whose console commands no test runs fails here."""
    tested = {
        "first-project.md", "approvals.md", "roll-back.md", "replace-scripts.md", "without-a-cluster.md", "rehearse.md",
        "charts.md", "image-commands.md", "ledger.md", "measure-delivery.md", "sinks.md",
    }  # fmt: skip
    for path in PAGES:
        for command in console(path):
            assert path.name in tested or command.startswith(ELSEWHERE), f"{path.name}: {command}"


@pytest.mark.parametrize(
    "path", [REPOSITORY / "README.md", page("first-project.md")], ids=lambda path: path.name
)
def test_the_examples_of_trunkline_yaml_are_valid(path: Path, tmp_path: Path) -> None:
    """Each trunkline.yaml in a page loads without a mistake."""
    found = [block for block in blocks(path, "yaml") if block.startswith("version: 1")]
    assert found
    for block in found:
        read_project(block.encode(), "trunkline.yaml", tmp_path, {})


def test_the_reference_is_current() -> None:
    """docs/reference is what `make docs` would write now."""
    assert stale() == []


def test_the_contracts_page_shows_the_two_commands() -> None:
    """The commands that replace the scripts are those that tests/e2e/test_contract.py runs."""
    assert console(page("replace-scripts.md")) == ["trunkline build", "trunkline release"]


def test_completion_names_the_commands() -> None:
    """The completion scripts are printed for each shell."""
    bench = Workbench(REPOSITORY, dict(os.environ))
    for shell in ("bash", "zsh", "fish"):
        assert "_TRUNKLINE_COMPLETE" in bench.succeed("completion", shell).stdout
    completed = bench.succeed(
        env={"_TRUNKLINE_COMPLETE": "bash_complete", "COMP_WORDS": "trunkline ro", "COMP_CWORD": "1"}
    )
    assert "rollback" in completed.stdout, f"{PROGRAM} completes nothing"


@pytest.mark.cluster
def test_the_first_project(workbench: Workbench) -> None:
    """The commands of "Start a first project" work in their order."""
    for command in console(page("first-project.md")):
        run(workbench, command, {}, 0)
    assert (workbench.directory / "trunkline.schema.json").stat().st_size


@pytest.mark.cluster
def test_approvals(workbench: Workbench) -> None:
    """The commands of "Approve, reject, resume" work in their order; waiting is exit code 5."""
    start, *rest = console(page("approvals.md"))
    run(workbench, start, {}, 5)
    names = {"RUN": workbench.attempts()[0]["attempt"]["run_id"]}
    for command in rest:
        run(workbench, command, names, 5 if "--resume" in command else 0)


@pytest.mark.cluster
def test_roll_back(workbench: Workbench) -> None:
    """The commands of "Go back" work in their order."""
    for message in ("first", "second"):
        workbench.commit(message)
        workbench.succeed("run", "--approve", "qa", "--approve", "prod")
    for command in console(page("roll-back.md")):
        run(workbench, command, {}, 0)
