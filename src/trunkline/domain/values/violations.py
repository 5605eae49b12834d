"""What Helm says of values that do not fit a chart's `values.schema.json`, in the words of Helm 3 and of Helm 4.

Helm 3 names a place as `image.tag` or `ports.1`, Helm 4 and late Helm 3 as a JSON pointer (RFC 6901).
"""

from __future__ import annotations

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

Keys = tuple[str, ...]

_BEGIN = "values don't meet the specifications of the schema(s) in the following chart(s):"
_CHART = expression(r"([A-Za-z0-9][A-Za-z0-9._-]*):")
_POINTER = expression(r"\s*- at '(?P<place>[^']*)': (?P<said>.*)")
_DOTTED = expression(r"- (?P<place>\(root\)|[^\s:]+): (?P<said>.*)")
# Its children say what is wrong.
_SUMMARY = frozenset({"validation failed", "allOf failed", "anyOf failed", "oneOf failed", "'allOf' failed"})


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that does not fit.

    Attributes:
        keys: the way to it in the values that a person writes; a list's items are numbers as texts.
        said: Helm's words.
    """

    keys: Keys
    said: str


def is_about_values(text: str) -> bool:
    """Whether Helm refused values, before it did anything with them."""
    return _BEGIN in " ".join(text.split())


def read_violations(text: str, chart: str) -> tuple[Violation, ...]:
    """The violations in what Helm said; none where it said something else.

    Args:
        text: its standard error.
        chart: the name of the chart itself; what other charts complain of stands below their names.
    """
    _, found, rest = text.partition(_BEGIN)
    if not found:
        return ()
    violations: list[Violation] = []
    above: Keys = ()
    for line in rest.splitlines():
        if named := _CHART.fullmatch(line.strip()):
            above = () if named[1] == chart else (named[1],)
        elif (told := _POINTER.fullmatch(line) or _DOTTED.fullmatch(line)) and told["said"] not in _SUMMARY:
            violations.append(Violation((*above, *_keys(told["place"])), told["said"].strip()))
    return tuple(dict.fromkeys(violations))


def _keys(place: str) -> Keys:
    if place in {"", "(root)"}:
        return ()
    if place.startswith("/"):
        return tuple(part.replace("~1", "/").replace("~0", "~") for part in place[1:].split("/"))
    return tuple(place.split("."))
