"""A release's history: what stands, what may be trusted, and the marks on its revisions."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.releases import (
    ClusterTarget,
    History,
    Marks,
    ReleaseTarget,
    Revision,
    parse_marks,
)

SHA = "0123456789abcdef0123456789abcdef01234567"


def revision(number: int, status: str = "superseded", description: str = "") -> Revision:
    """A revision of ours, unless a description is given."""
    ours = Marks(SHA, release=f"r{number}", run=f"run-{number}").description()
    return Revision(number, status, datetime(2026, 3, 1, tzinfo=UTC), "backend-1.0.0", description or ours)


def history(*revisions: Revision) -> History:
    return History(revisions)


@pytest.mark.parametrize(
    ("found", "verified", "good"),
    [
        pytest.param(history(), {1}, None, id="nothing was ever installed"),
        pytest.param(history(revision(1, "deployed")), {1}, 1, id="the one that was seen good"),
        pytest.param(history(revision(1, "deployed")), set(), None, id="its Trunkline died while it waited"),
        pytest.param(
            history(revision(1), revision(2, "deployed")), {1}, 1, id="a doubted one is passed over"
        ),
        pytest.param(history(revision(1), revision(2, "failed")), {1, 2}, 1, id="failed is never good"),
        pytest.param(
            history(revision(1, "deployed"), revision(2, "pending-upgrade")), {1}, 1, id="pending is not"
        ),
        pytest.param(history(revision(1, "uninstalled")), {1}, None, id="uninstalled is gone"),
        pytest.param(
            history(revision(1), revision(2, "deployed", "Upgrade complete")),
            {1},
            2,
            id="made by others: trusted",
        ),
        pytest.param(
            history(revision(1), revision(2), revision(3, "deployed", "Rollback to 1")),
            {1},
            3,
            id="back to a good one",
        ),
        pytest.param(
            history(revision(1), revision(2), revision(3, "deployed", "Rollback to 1")),
            {2},
            2,
            id="back to a doubted one",
        ),
        pytest.param(
            history(
                revision(1),
                revision(2),
                revision(3, "superseded", "Rollback to 1"),
                revision(4, "deployed", "Rollback to 3"),
            ),
            {1},
            4,
            id="a chain of rollbacks leads back to its first",
        ),
        pytest.param(
            history(revision(1, "superseded", 'Release "web" failed: 1 error:\n x'), revision(2, "deployed")),
            set(),
            None,
            id="Helm calls a failed one superseded when the next one succeeds",
        ),
        pytest.param(
            history(
                revision(1, "superseded", "its client died while it was pending-upgrade"),
                revision(2, "deployed"),
            ),
            set(),
            None,
            id="so it does with one that we repaired",
        ),
        pytest.param(
            history(revision(7, "deployed", "Rollback to 2")),
            {2},
            None,
            id="what it went back to is forgotten",
        ),
        pytest.param(
            history(revision(7, "deployed", "Rollback to 2")), {7}, 7, id="forgotten, but seen good itself"
        ),
        pytest.param(
            history(revision(1), revision(2, "deployed", "Rollback to 1 by hand, see OPS-7")),
            set(),
            2,
            id="a person's words are not Helm's",
        ),
    ],
)
def test_last_good(found: History, verified: set[int], good: int | None) -> None:
    """An undo goes to the newest revision that stood and that nobody has reason to doubt."""
    chosen = found.last_good(verified)
    assert (chosen.number if chosen else None) == good


def test_rollbacks_that_lead_in_a_circle_end() -> None:
    """A history that cannot be, with rollbacks to one another, is no endless search."""
    found = history(revision(1, "superseded", "Rollback to 2"), revision(2, "deployed", "Rollback to 1"))
    assert found.marks(found.revisions[1]) is None
    assert found.marks(revision(3, "deployed", "Rollback to " + "9" * 5000)) is None


def test_marks_follow_rollbacks() -> None:
    """A revision that returned to another one runs what that one was marked with."""
    found = history(
        revision(1),
        revision(2),
        revision(3, "superseded", "Rollback to 1"),
        revision(4, "deployed", "Rollback to 3"),
    )
    marks = found.marks(found.revisions[3])
    assert marks is not None
    assert marks.release == "r1"
    assert found.marks(revision(9, "deployed", "Rollback to 8")) is None


def test_what_stands_and_what_is_newest() -> None:
    """The current revision is the newest deployed one; the latest is simply the newest, whatever became of it."""
    found = history(
        revision(1), revision(2, "deployed"), revision(3, "failed"), revision(4, "pending-upgrade")
    )
    assert (found.current, found.latest) == (found.revisions[1], found.revisions[3])
    assert found.revisions[3].pending
    assert not found.revisions[2].pending
    assert (found.find(3), found.find(9)) == (found.revisions[2], None)
    assert found.exists
    assert (History().current, History().latest, History().exists) == (None, None, False)


_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
marks = st.builds(
    Marks, commit=_words.filter(bool), **{f.name: _words for f in fields(Marks) if f.name != "commit"}
)


@given(marks)
def test_marks_survive_helm(written: Marks) -> None:
    """What is written onto a revision is read from it again; only white space becomes an underscore."""
    read = parse_marks(written.description())
    expected = {field.name: re.sub(r"[\s\0]+", "_", getattr(written, field.name)) for field in fields(Marks)}
    assert read == Marks(**expected)


@given(st.text() | marks.map(lambda item: item.description()[1:]))
def test_other_descriptions_bear_no_marks(text: str) -> None:
    """A description that Trunkline did not write has no marks."""
    if not text.startswith("trunkline "):
        assert parse_marks(text) is None


@pytest.mark.parametrize(
    "text", ["trunkline ", "trunkline image=x", "trunkline xcommit=1", "trunkline 2.0 is out"]
)
def test_marks_need_a_commit(text: str) -> None:
    """A description with our name and no commit is not ours."""
    assert parse_marks(text) is None


def test_a_release_is_named_by_its_namespace() -> None:
    """A release is told by namespace and name, as Helm tells them apart."""
    assert str(ReleaseTarget(ClusterTarget(), "team", "sample")) == "team/sample"
