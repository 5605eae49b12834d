"""Which commits are refused because a newer one stands."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.fakes.projects import an_environment
from trunkline.domain.releases import History, Marks, Revision
from trunkline.errors import ExitCode, Overtaken
from trunkline.plan.staleness import check_not_overtaken

ENVIRONMENT = an_environment("qa")


def standing(description: str) -> History:
    return History((Revision(1, "deployed", datetime(2026, 3, 1, tzinfo=UTC), "backend-1.0.0", description),))


def stands(pipeline: str = "") -> History:
    return standing(Marks("c-new", actor="ada", pipeline=pipeline).description())


def asked(history: History, commit: str = "c-old", pipeline: str = "", *, precedes: bool | None) -> str:
    return check_not_overtaken(ENVIRONMENT, history, Marks(commit, pipeline=pipeline), precedes=precedes)


@pytest.mark.parametrize(
    ("history", "pipeline", "precedes", "why"),
    [
        (stands(), "", True, "c-old is an ancestor of it"),
        (stands("7"), "9", True, "c-old is an ancestor of it"),
        (stands("12"), "9", None, "pipeline 12 is newer than 9"),
    ],
    ids=["ancestor", "git knows better than numbers", "older pipeline"],
)
def test_refused(history: History, pipeline: str, precedes: bool | None, why: str) -> None:
    """An older commit is refused with the reason, who deployed the newer one, and the way back."""
    with pytest.raises(
        Overtaken, match=f"qa runs c-new already, which ada deployed on 2026-03-01 .*{why}"
    ) as caught:
        asked(history, pipeline=pipeline, precedes=precedes)
    assert caught.value.exit_code is ExitCode.LOCKED
    assert "trunkline rollback qa" in caught.value.hint


@pytest.mark.parametrize(
    ("history", "commit", "pipeline", "precedes"),
    [
        (History(), "c-old", "", None),
        (standing("Upgrade complete"), "c-old", "", True),
        (stands(), "c-new", "", None),
        (stands("12"), "c-old", "3", False),
        (stands("12"), "c-old", "12", None),
    ],
    ids=["nothing stands", "not ours", "the same", "diverged or newer", "the same pipeline"],
)
def test_let_through(history: History, commit: str, pipeline: str, precedes: bool | None) -> None:
    """Everything else goes forward without a word."""
    assert asked(history, commit, pipeline, precedes=precedes) == ""


@pytest.mark.parametrize(("there", "here"), [("", ""), ("12", ""), ("", "9")])
def test_nobody_can_tell(there: str, here: str) -> None:
    """Without history and without two numbers it is let through, and said."""
    assert "cannot be told" in asked(stands(there), pipeline=here, precedes=None)
