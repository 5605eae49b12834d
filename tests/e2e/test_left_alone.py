"""Left alone: many releases at once, commits that are overtaken, and what is not done twice."""

from __future__ import annotations

import itertools
import re
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.e2e.workbench import PROGRAM, Workbench

pytestmark = pytest.mark.cluster

TEN = 10
_LINE = re.compile(
    r"^(\S+Z) \[deploy dev\] (helm (?:install|upgrade)|note the revision as good)", re.MULTILINE
)


def clone(bench: Workbench, commit: str, number: int) -> Path:
    """Another machine's clone, at a commit of its own."""
    directory = bench.directory.parent / f"clone-{number}"
    bench.tool("git", "clone", "--quiet", str(bench.directory), str(directory))
    bench.tool("git", "-C", str(directory), "checkout", "--quiet", commit)
    return directory


def at_work(stderr: str) -> tuple[datetime, datetime] | None:
    """From when to when a release changed anything; None where it did not."""
    moments = [datetime.fromisoformat(found[1]) for found in _LINE.finditer(stderr)]
    return (moments[0], moments[-1]) if len(moments) > 1 else None


def test_ten_releases_at_once(workbench: Workbench) -> None:
    """Of ten commits released at once one is deployed at a time, never an older one after a newer, the newest in the end."""
    commits = []
    for number in range(TEN):
        commits.append(workbench.commit(f"Change {number}"))
        workbench.succeed("build")
    clones = [clone(workbench, commit, number) for number, commit in enumerate(commits)]
    processes = [
        subprocess.Popen(
            [str(PROGRAM), "release", "dev", "--wait-for-lock", "5m"],
            cwd=directory,
            env=workbench.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for directory in clones
    ]
    workbench.started += processes
    ended = [(*process.communicate(timeout=300), process.returncode) for process in processes]
    said = [stderr for _, stderr, _ in ended]
    codes = [code for _, _, code in ended]
    assert set(codes) <= {0, 6}, said
    assert codes[-1] == 0, said[-1]
    assert all(
        "runs" in stderr and "already" in stderr for stderr, code in zip(said, codes, strict=True) if code
    )
    history = workbench.helm_history()
    order = [next(n for n, commit in enumerate(commits) if commit in item["description"]) for item in history]
    assert order == sorted(order)
    assert [item["status"] for item in history] == ["superseded"] * (len(history) - 1) + ["deployed"]
    (standing, *_) = workbench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (commits[-1], True)
    spans = sorted(span for stderr in said if (span := at_work(stderr)))
    assert len(spans) == codes.count(0)
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert all(item["ending"] is not None for item in workbench.attempts())


def test_an_older_commit_is_refused_and_a_rollback_is_not(workbench: Workbench) -> None:
    """A CI job that is run again does not take an environment back; a person who asks for it does."""
    old = workbench.commit("old")
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    new = workbench.commit("new")
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    workbench.tool("git", "checkout", "--quiet", old)
    refused = workbench.trunkline("release", "dev")
    assert refused.code == 6, str(refused)
    assert f"dev runs {new[:7]} already" in refused.stderr
    assert "trunkline rollback dev" in refused.stderr
    workbench.succeed("rollback", "dev")
    (standing, *_) = workbench.succeed("status", "--output", "json").json
    assert standing["commit"] == old


def test_what_stands_is_not_deployed_twice(workbench: Workbench) -> None:
    """The same release asked for again makes no revision, and --again makes one."""
    workbench.succeed("build")
    workbench.succeed("release", "dev")
    again = workbench.succeed("release", "dev")
    assert "it stands already" in again.stderr
    assert len(workbench.helm_history()) == 1
    workbench.succeed("release", "dev", "--again")
    assert len(workbench.helm_history()) == 2
