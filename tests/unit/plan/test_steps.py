"""What a person reads of each step, and what takes it back."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from trunkline.config.checks import HttpCheck
from trunkline.plan.steps import (
    Apply,
    AwaitRollout,
    Check,
    Forget,
    Keep,
    NoteGood,
    Remove,
    Repair,
    Return,
    Soak,
    Step,
    describe,
    undo_of,
)

UNDO = Return(3, "the new one failed")


def apply(*, install: bool = False, values: tuple[str, ...] = ("base.yaml", "dev.yaml")) -> Apply:
    return Apply(
        install=install,
        chart=Path("/tmp/chart"),
        chart_label="backend-1.2.0",
        values=tuple(Path("/tmp/values") / name for name in values),
        pins={"image": {"tag": "1"}},
        description="trunkline commit=1",
        history_max=10,
        create_namespace=True,
        timeout_s=60,
        undo=UNDO,
    )


LINES = [
    (
        Repair(4, "pending-upgrade"),
        "mark revision 4 failed: a Helm client left it pending-upgrade and is gone",
    ),
    (Remove("its first install failed"), "uninstall the release: its first install failed"),
    (UNDO, "return to revision 3: the new one failed"),
    (apply(), "helm upgrade backend-1.2.0 with base.yaml, dev.yaml"),
    (apply(install=True, values=()), "helm install backend-1.2.0 with the chart's own values"),
    (AwaitRollout(300, 10), "wait until the rollout is good, 300 s at most"),
    (Keep(UNDO), "keep what failed, as configured (on_failure: keep)"),
    (Check(HttpCheck("/healthz answers", url="https://x")), "check: /healthz answers, 60 s at most"),
    (Soak(120), "watch for 120 s whether it stays good"),
    (NoteGood(), "note the revision as good"),
    (Forget(), "forget which revisions were good: the release that they belonged to is gone"),
]


@pytest.mark.parametrize(("step", "line"), LINES, ids=[type(step).__name__ for step, _ in LINES])
def test_describe(step: Step, line: str) -> None:
    """Every step is one line for a person, with nothing of this machine's paths in it."""
    assert describe(step) == line


def test_every_step_is_described() -> None:
    """The table above leaves no kind of step out."""
    assert {type(step) for step, _ in LINES} == set(get_args(Step))


def test_undo() -> None:
    """What brought a new revision has an undo; what only looks, notes or takes back has none."""
    assert undo_of(apply()) == UNDO
    assert undo_of(AwaitRollout(1, 1, 4, UNDO)) == UNDO
    assert [
        undo_of(step) for step in (AwaitRollout(1, 1), NoteGood(), UNDO, Remove("x"), Repair(1, "x"))
    ] == [None] * 5
