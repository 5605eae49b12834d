"""A commit's identity: short names and tags."""

from __future__ import annotations

import pytest

from trunkline.domain.commits import Commit, dirty_tree_in, is_sha
from trunkline.domain.images import parse_image

SHA = "0123456789abcdef0123456789abcdef01234567"


def test_a_clean_commit_is_its_short_sha() -> None:
    """The tag of a clean commit is the seven digits that every title shows."""
    commit = Commit(SHA)
    assert (commit.short, commit.tag, commit.dirty) == ("0123456", "0123456", False)


def test_a_dirty_tree_never_passes_for_the_commit() -> None:
    """Two different dirty trees of one commit have two tags, neither of them the commit's; both are valid tags."""
    first, second = Commit(SHA, dirty_tree="a" * 40), Commit(SHA, dirty_tree="b" * 40)
    assert len({first.tag, second.tag, Commit(SHA).tag}) == 3
    assert first.dirty
    for commit in (first, second):
        assert parse_image(f"quay.io/app:{commit.tag}").tag == commit.tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SHA, True),
        (SHA[:7], True),
        ("a" * 64, True),
        (SHA[:6], False),
        ("a" * 65, False),
        (SHA.upper(), False),
        ("main", False),
        (SHA + "\n", False),
        ("--help0", False),
        ("", False),
    ],
)
def test_is_sha(text: str, expected: bool) -> None:
    """Only 7 to 64 lower-case hexadecimal digits can name a commit."""
    assert is_sha(text) is expected


def test_a_tag_tells_a_dirty_tree() -> None:
    """From an image's tag alone it can be told whether the image was built from a clean commit."""
    assert dirty_tree_in(Commit(SHA, dirty_tree="a" * 40).tag) == "a" * 8
    assert [dirty_tree_in(tag) for tag in (Commit(SHA).tag, "", "v1-dirty-2", "latest")] == [""] * 4
