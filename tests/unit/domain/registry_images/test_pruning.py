"""Deciding which images go: whatever the facts, nothing that somebody needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.registry_images.pruning import Candidate, is_commit_tag, plan_pruning

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OLD = timedelta(days=30)
DIGESTS = st.sampled_from([f"sha256:{letter * 64}" for letter in "abcdef"])
TAGS = st.sampled_from(["0123456", "89abcde", "abcdef0-dirty-01234567", "latest", "v1.2", "main"])
CANDIDATES = st.lists(
    st.builds(
        Candidate,
        digest=DIGESTS,
        tags=st.lists(TAGS, min_size=1, max_size=3).map(tuple),
        created=st.none() | st.integers(0, 100).map(lambda days: NOW - timedelta(days=days)),
        parts=st.lists(DIGESTS, max_size=2).map(tuple),
    ),
    unique_by=lambda item: item.digest,
    max_size=6,
)
NEEDED = st.dictionaries(DIGESTS | TAGS, st.just(["prod runs it"]), max_size=4)


@given(CANDIDATES, NEEDED, st.integers(0, 4))
def test_nothing_that_is_needed_goes(
    images: list[Candidate], needed: dict[str, list[str]], keep: int
) -> None:
    """Neither what somebody needs by digest or tag goes, nor a part of what stays, a named tag, or what is young."""
    verdicts = plan_pruning(images, needed, NOW, keep=keep, older_than=OLD)
    assert sorted(item.image.digest for item in verdicts) == sorted(image.digest for image in images)
    gone = {item.image.digest for item in verdicts if not item.kept}
    staying = [item.image for item in verdicts if item.kept]
    for image in images:
        if image.digest in gone:
            assert not {image.digest, *image.tags, *image.parts} & needed.keys()
            assert all(is_commit_tag(tag) for tag in image.tags)
            assert image.created is not None
            assert NOW - image.created >= OLD
            assert not any(image.digest in other.parts for other in staying)


@given(CANDIDATES, NEEDED, st.integers(0, 4))
def test_keeping_more_removes_no_more(
    images: list[Candidate], needed: dict[str, list[str]], keep: int
) -> None:
    """Who keeps one more, or asks for older ones, loses nothing that stayed before."""

    def gone(keep: int, older_than: timedelta) -> set[str]:
        plan = plan_pruning(images, needed, NOW, keep=keep, older_than=older_than)
        return {item.image.digest for item in plan if not item.kept}

    assert gone(keep + 1, OLD) <= gone(keep, OLD)
    assert gone(keep, OLD * 2) <= gone(keep, OLD)


def an_image(name: str, days: int | None, *tags: str, parts: tuple[str, ...] = ()) -> Candidate:
    created = None if days is None else NOW - timedelta(days=days)
    return Candidate(name, tags or (name * 7,), created, parts=parts)


def test_reasons() -> None:
    """Each image that stays says why; the rest goes."""
    images = [
        an_image("a", 1),
        an_image("b", 40),
        an_image("c", 41),
        an_image("d", 42),
        an_image("e", 43, "eeeeeee", "v1.2"),
        an_image("f", None),
        an_image("0", 50, "0000000", parts=("1",)),
        an_image("1", 51, "1111111"),
        an_image("2", 52, "2222222"),
    ]
    needed = {"c": ["prod runs it"], "ddddddd": ["qa could return to it"], "0": ["prod runs it"]}
    verdicts = plan_pruning(images, needed, NOW, keep=2, older_than=OLD)
    assert {item.image.digest: item.kept for item in verdicts} == {
        "a": ("is too young", "one of the newest 2"),
        "b": ("one of the newest 2",),
        "c": ("prod runs it",),
        "d": ("qa could return to it",),
        "e": ("has the tag v1.2",),
        "f": ("does not tell its age",),
        "0": ("prod runs it",),
        "1": ("a part of 0000000",),
        "2": (),
    }


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("0123456", True),
        ("0123456-dirty-89abcdef", True),
        ("01234567", False),
        ("v1", False),
        ("0123456-x", False),
    ],
)
def test_tags_of_commits(tag: str, expected: bool) -> None:
    """The tags that builds make are told from those that people give."""
    assert is_commit_tag(tag) is expected
