"""Version ranges as Helm reads them: `~1.4`, `^1`, `>=1.2 <2`, `1.x || 2.x`, `1.2 - 1.4`.

The grammar and its meaning are those of Masterminds/semver v3 (README, "Checking Version Constraints"), which Helm
uses. A prerelease is in a range only where the range speaks of prereleases itself: `>=1.0.0-0`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from trunkline.dataclass import dataclass
from trunkline.domain.versions import Version, in_order, parse_version
from trunkline.expressions import expression

_LONGEST = 256
_PART = r"(?:\d{1,18}|[xX*])"
_VERSION = rf"v?({_PART})(?:\.({_PART}))?(?:\.({_PART}))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
_CONSTRAINT = expression(rf"\s*(=>|=<|>=|<=|!=|~>|>|<|=|~|\^|)\s*{_VERSION}(?=[\s,]|$)", re.ASCII)
_HYPHEN = expression(rf"\s*({_VERSION})\s+-\s+({_VERSION})(?=[\s,]|$)", re.ASCII)
_BETWEEN = expression(r"\s*(?:,\s*)?")
_ANY = frozenset("xX*")
# Masterminds takes these with a bare wildcard for 0.0.0, which nobody means.
_SENSELESS = frozenset({"^", ">", "<=", "!="})
_SPELLINGS = {"=>": ">=", "=<": "<=", "~>": "~", "": "="}


@dataclass(frozen=True, slots=True)
class _Constraint:
    """One operator and its version; `given` counts the parts that are numbers."""

    operator: str
    version: Version
    given: int

    def accepts(self, version: Version, *, prereleases: bool) -> bool:
        if version.prerelease and not (self.version.prerelease or prereleases):
            return False
        return _OPERATORS[self.operator](self, version)


@dataclass(frozen=True, slots=True)
class Range:
    """Versions that a text describes; `text` is how it was written."""

    text: str
    groups: tuple[tuple[_Constraint, ...], ...]

    def accepts(self, version: Version) -> bool:
        """Whether a version is in the range."""
        return any(
            all(
                item.accepts(version, prereleases=any(other.version.prerelease for other in group))
                for item in group
            )
            for group in self.groups
        )

    def newest(self, texts: Iterable[str]) -> Version | None:
        """The highest version among `texts` that is in the range, or None; what is no version does not count."""
        return next((version for version in reversed(in_order(texts)) if self.accepts(version)), None)


def parse_range(text: str) -> Range:
    """Read a range; an exact version is the range of this one alone.

    Raises:
        ValueError: one sentence with what was expected.
    """
    groups = tuple(_group(part) for part in text.split("||")) if len(text) <= _LONGEST else ((),)
    if not all(groups):
        raise ValueError(f"{text[:_LONGEST]!r} is neither a version such as 1.4.2 nor a range such as ~1.4")
    return Range(text, groups)


def is_exact(text: str) -> bool:
    """Whether a text is one exact version, for which no index is needed."""
    try:
        parse_version(text)
    except ValueError:
        return False
    return True


def _group(text: str) -> tuple[_Constraint, ...]:
    """The constraints that must all hold; none where the text cannot be read."""
    found: list[_Constraint] = []
    place = 0
    while place < len(text.rstrip()):
        if hyphen := _HYPHEN.match(text, place):
            parts = hyphen.groups()
            found += [_constraint(">=", parts[1:5]), _constraint("<=", parts[6:10])]
            place = hyphen.end()
        elif single := _CONSTRAINT.match(text, place):
            found.append(_constraint(single[1], single.groups()[1:5]))
            place = single.end()
        else:
            return ()
        between = _BETWEEN.match(text, place)
        place = between.end() if between else place
    # A comma promises another one.
    return () if text.rstrip().endswith(",") else tuple(found)


def _constraint(operator: str, parts: tuple[str | None, ...]) -> _Constraint:
    *numbers, prerelease = parts
    given = 0
    for number in numbers:
        if number is None or number in _ANY:
            break
        given += 1
    operator = _SPELLINGS.get(operator, operator)
    if not given and operator in _SENSELESS:
        raise ValueError(f"'{operator}' before a wildcard has no meaning in a range")
    spelled = ".".join(str(int(number or 0)) for number in (numbers[:given] + ["0"] * 3)[:3])
    try:
        version = parse_version(f"{spelled}{prerelease or ''}")
    except ValueError as error:
        raise ValueError(f"{error} in a range") from None
    return _Constraint(operator, version, given)


def _equal(limit: _Constraint, version: Version) -> bool:
    if limit.given < len(_PARTS):
        return _tilde(limit, version)
    return version.precedence == limit.version.precedence


def _unequal(limit: _Constraint, version: Version) -> bool:
    if limit.given == len(_PARTS):
        return version.precedence != limit.version.precedence
    return not _same(limit, version, limit.given)


def _above(limit: _Constraint, version: Version) -> bool:
    # Above 1.2 is above all of 1.2.x.
    if limit.given < len(_PARTS) and _same(limit, version, limit.given):
        return False
    return version.precedence > limit.version.precedence


def _below(limit: _Constraint, version: Version) -> bool:
    return version.precedence < limit.version.precedence


def _at_least(limit: _Constraint, version: Version) -> bool:
    return version.precedence >= limit.version.precedence


def _at_most(limit: _Constraint, version: Version) -> bool:
    if limit.given < len(_PARTS) and _same(limit, version, limit.given):
        return True
    return version.precedence <= limit.version.precedence


def _tilde(limit: _Constraint, version: Version) -> bool:
    """Patches of one minor version; `~1` lets minor versions differ as well."""
    if not _at_least(limit, version):
        return False
    return limit.given == 0 or _is_zero(limit) or _same(limit, version, min(limit.given, 2))


def _caret(limit: _Constraint, version: Version) -> bool:
    """All that does not change the first number that is not 0."""
    if not _at_least(limit, version):
        return False
    numbers = [getattr(limit.version, part) for part in _PARTS]
    significant = next((place for place, number in enumerate(numbers[: limit.given]) if number), None)
    # Of `^0.0`, all numbers that are given count.
    return _same(limit, version, limit.given if significant is None else significant + 1)


def _is_zero(limit: _Constraint) -> bool:
    # Masterminds reads `~0.0.0` as everything.
    return limit.given == len(_PARTS) and _same(limit, _ZERO, len(_PARTS))


def _same(limit: _Constraint, version: Version, count: int) -> bool:
    """Whether the first numbers are those of the limit."""
    return all(getattr(version, part) == getattr(limit.version, part) for part in _PARTS[:count])


_PARTS = ("major", "minor", "patch")
_ZERO = parse_version("0.0.0")
_OPERATORS: dict[str, Callable[[_Constraint, Version], bool]] = {
    "=": _equal,
    "!=": _unequal,
    ">": _above,
    "<": _below,
    ">=": _at_least,
    "<=": _at_most,
    "~": _tilde,
    "^": _caret,
}
