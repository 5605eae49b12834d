"""`trunkline ci approvals`, as a person runs it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.e2e.workbench import Workbench
from tests.standins.circleci import TOKEN, CircleStandin


def test_approvals_are_shown_given_and_cancelled(tmp_path: Path) -> None:
    """What waits, for how long, and what overtook it; a word to it is heard on CircleCI."""
    bench = Workbench(tmp_path, {"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    (tmp_path / "trunkline.yaml").write_text(
        "version: 1\nservice: shop\nimage: {repository: quay.io/acme/shop}\nchart: {path: chart}\n"
        "environments: {qa: {namespace: shop}}\n"
    )
    words = ("--project", "gh/acme/sample")
    with CircleStandin() as standin:
        began = datetime.now(UTC) - timedelta(hours=2, seconds=5)
        for commit in ("a" * 40, "b" * 40):
            standin.history.hold(standin.history.start(commit, began, login="grace"), "approve-qa")
        shown = bench.succeed("ci", "approvals", "list", *words, env=standin.environ)
        assert "#1        approve-qa  aaaaaaa  main    grace  2h" in shown.stdout
        assert "overtaken by bbbbbbb" in shown.stdout
        cancelled = bench.succeed("ci", "approvals", "cancel", "--superseded", *words, env=standin.environ)
        assert cancelled.stdout == "cancelled: approve-qa of pipeline 1 (aaaaaaa, overtaken by bbbbbbb)\n"
        given = bench.succeed("ci", "approvals", "approve", "2", *words, env=standin.environ)
        assert given.stdout == "approved: approve-qa of pipeline 2 (bbbbbbb)\n"
        left = bench.succeed("ci", "approvals", "list", *words, env=standin.environ)
        assert left.stdout == "Nothing waits for an approval.\n"
        refused = bench.trunkline("ci", "approvals", "cancel", "2", *words, env=standin.environ)
        assert (refused.code, "No approval waits in 2" in refused.stderr) == (2, True)
        assert TOKEN not in str((shown, cancelled, given, left, refused))
    gone = bench.trunkline("ci", "approvals", "list", *words, env=standin.environ)
    assert gone.code == 7
