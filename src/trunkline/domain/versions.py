"""Semantic versions and their order, after semver.org 2.0.0 (sections 9 to 11).

A leading `v` is accepted as Helm accepts it; ranges and partial versions are not: a chart version is exact.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_NUMBER = r"0|[1-9]\d*"
_IDENTIFIER = rf"(?:{_NUMBER}|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = expression(
    rf"v?({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_IDENTIFIER}(?:\.{_IDENTIFIER})*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?",
    re.ASCII,
)
# A version longer than this is no version; it also bounds the digits that are turned into numbers.
_LONGEST = 128

Precedence = tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True, slots=True)
class Version:
    """One version; `text` is how it was written, which is also how files are named after it."""

    text: str
    major: int
    minor: int
    patch: int
    prerelease: tuple[str, ...] = ()
    build: str = ""

    @property
    def precedence(self) -> Precedence:
        """A sort key: the order of section 11. Build metadata does not count."""
        identifiers = tuple(_identifier(item) for item in self.prerelease)
        # A release ranks above its own prereleases.
        return self.major, self.minor, self.patch, not self.prerelease, identifiers

    def __str__(self) -> str:
        return self.text


def parse_version(text: str) -> Version:
    """Read one exact version.

    Raises:
        ValueError: one sentence with what was expected.
    """
    found = _VERSION.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f"{text[:_LONGEST]!r} is not an exact version such as 1.4.2")
    major, minor, patch, prerelease, build = found.groups()
    return Version(
        text,
        int(major),
        int(minor),
        int(patch),
        tuple(prerelease.split(".")) if prerelease else (),
        build or "",
    )


def in_order(texts: Iterable[str]) -> list[Version]:
    """The versions among `texts`, lowest first; what is no version does not count."""
    versions = []
    for text in texts:
        try:
            versions.append(parse_version(text))
        except ValueError:
            continue
    return sorted(versions, key=lambda version: version.precedence)


def newest(texts: Iterable[str]) -> Version | None:
    """The highest version that is no prerelease, or None without any."""
    released = [version for version in in_order(texts) if not version.prerelease]
    return released[-1] if released else None


def _identifier(text: str) -> tuple[bool, int, str]:
    # Numbers rank below words, among themselves by value; words rank in ASCII order.
    return (False, int(text), "") if text.isdigit() else (True, 0, text)
