"""How a server asks for credentials: the `WWW-Authenticate` header of RFC 9110, section 11.6.1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_PARAMETER = expression(rf'\s*({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_WORD}))\s*(?:,|$)')
_SCHEME = expression(rf"[\s,]*({_WORD})(?:\s+|\s*,|$)")
# A header longer than servers accept themselves is not worth reading.
_LONGEST = 16384


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way that a server accepts: its scheme in lower case (`bearer`, `basic`) and its parameters."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """The challenges in a header, in order; what cannot be read ends the list."""
    challenges: list[Challenge] = []
    position = 0
    header = header[:_LONGEST]
    while scheme := _SCHEME.match(header, position):
        position = scheme.end()
        parameters: dict[str, str] = {}
        while parameter := _PARAMETER.match(header, position):
            name, quoted, plain = parameter.groups()
            parameters[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            position = parameter.end()
        challenges.append(Challenge(scheme[1].lower(), parameters))
    return tuple(challenges)
