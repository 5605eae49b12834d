"""The story of the demo, told by the program's own commands; every claim in it is checked."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from dev.demo.stage import NODE_PORTS, REPOSITORY, Stage
from dev.errors import DevError
from dev.process import run

_EXIT_FAILED = 1
_EXIT_WAITING = 5


def tell(stage: Stage) -> None:
    """Three commits, one after the other."""
    first = _first_commit(stage)
    second = _second_commit(stage, first)
    _third_commit(stage)
    _show_measurements(stage, first, second)
    print("\nDone: everything happened as it was said.")


def _first_commit(stage: Stage) -> str:
    first = stage.git("rev-parse", "HEAD")
    _headline(f"Commit {first[:7]}: from nothing to production")
    stage.trunkline("check", "--online")
    stage.trunkline("plan", "dev", expect=2)
    _say("It was never built, so there is nothing to plan yet. The whole pipeline, until it needs a person:")
    stage.trunkline("run", expect=_EXIT_WAITING)
    waiting = _newest_run(stage)
    _say("Nobody is at a terminal to ask, so the run waits. Somebody approves it from elsewhere:")
    stage.trunkline("approve", waiting, "qa", "--reason", "the demo says so")
    stage.trunkline("run", "--resume", waiting, "--approve", "prod", "--reason", "QA looks good")
    _headline("Three environments answer with that commit")
    _expect_everywhere(stage, first)
    stage.trunkline("status")
    stage.trunkline("history")
    return first


def _second_commit(stage: Stage, first: str) -> str:
    patch = Path("demo") / stage.second_commit
    stage.git("apply", str(patch))
    stage.git("add", "--all")
    stage.git("commit", "--quiet", "--message", "Read the feature flags' address")
    second = stage.git("rev-parse", "HEAD")
    _headline(f"Commit {second[:7]}: its tests pass, dev has the setting that it needs, and QA does not")
    stage.trunkline("run", "--approve", "qa", "--approve", "prod", expect=_EXIT_FAILED)
    _headline("It was stopped at QA and undone; production was never touched")
    stage.trunkline("status")
    stage.trunkline("history", "--limit", "6")
    _expect(stage.answers("dev", second), f"dev answers {second[:7]}")
    _expect(stage.answers("qa", first), f"qa is back at {first[:7]}")
    _expect(stage.answers("prod", first), f"prod still answers {first[:7]}")
    return second


def _third_commit(stage: Stage) -> None:
    stage.git("revert", "--no-edit", "HEAD")
    third = stage.git("rev-parse", "HEAD")
    _headline(f"Commit {third[:7]}: it is mended, and goes all the way")
    stage.trunkline("run", "--approve", "qa", "--approve", "prod")
    _expect_everywhere(stage, third)
    stage.trunkline("status")
    stage.trunkline("history", "--limit", "6")


def _expect_everywhere(stage: Stage, commit: str) -> None:
    for environment in NODE_PORTS:
        _expect(stage.answers(environment, commit), f"{environment} answers {commit[:7]}")


def _show_measurements(stage: Stage, first: str, second: str) -> None:
    _headline("What Datadog was sent")
    accepted = [json.loads(line) for line in stage.record.read_text(encoding="utf-8").splitlines()]
    print(run([sys.executable, "-m", "tests.standins.datadog", "--show", stage.record], cwd=REPOSITORY))
    titles = [item.get("title", "") for item in accepted]
    _expect(
        any(first[:7] in title and title.endswith("(Success)") for title in titles), "the successes were sent"
    )
    _expect(
        any(second[:7] in title and title.endswith("(Failure)") for title in titles), "the failure was sent"
    )


def _newest_run(stage: Stage) -> str:
    return str(stage.facts("history", "--limit", "1")[0]["attempt"]["run_id"])


def _headline(text: str) -> None:
    print(f"\n=== {text}", flush=True)


def _say(text: str) -> None:
    print(f"\n{text}", flush=True)


def _expect(holds: bool, claim: str) -> None:  # noqa: FBT001 - a claim and whether it holds
    if not holds:
        raise DevError(f"the demo expected that {claim}, and it is not so: see above.")
    print(f"ok: {claim}")
