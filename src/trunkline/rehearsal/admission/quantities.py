"""Kubernetes quantities: exact sums, and the canonical spelling in which the API tells of them.

The grammar and the canonical form are those of `k8s.io/apimachinery/pkg/api/resource`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_TEXT = expression(
    r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d{1,3})|(n|u|m|k|M|G|T|P|E|(?:K|M|G|T|P|E)i)?)", re.ASCII
)
_LONGEST = 64
_NANO = 10**9
# What cannot be held is the largest there is, as in the API.
_LARGEST = (2**63 - 1) * _NANO
_DECIMAL, _EXPONENT, _BINARY = "decimal", "exponent", "binary"
_TENS = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SPELLED_TENS = {power: suffix for suffix, power in _TENS.items()}
_TWOS = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")


@dataclass(frozen=True, slots=True)
class Quantity:
    """An amount.

    Attributes:
        nano: in billionths, which is as fine as the API looks.
        form: how it likes to be spelled: decimal, exponent or binary.
    """

    nano: int = 0
    form: str = _DECIMAL

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano + other.nano, self.form if self.nano else other.form)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano - other.nano, self.form if self.nano else other.form)

    def __str__(self) -> str:
        if not self.nano:
            return "0"
        whole, rest = divmod(self.nano, _NANO)
        if self.form == _BINARY and not rest and abs(whole) >= 1024:  # noqa: PLR2004 - the first step of this form
            return _in_twos(whole)
        number, power = self.nano, -9
        while number % 1000 == 0 and power < max(_TENS.values()):
            number, power = number // 1000, power + 3
        if self.form == _EXPONENT:
            return f"{number}e{power}" if power else f"{number}"
        return f"{number}{_SPELLED_TENS[power]}"


def _in_twos(whole: int) -> str:
    step = 0
    while whole % 1024 == 0 and step < len(_TWOS) - 1:
        whole, step = whole // 1024, step + 1
    return f"{whole}{_TWOS[step]}"


ZERO, ONE = Quantity(), Quantity(_NANO)
Amounts = dict[str, Quantity]
"""Quantities by the names of resources."""


def quantity(value: Any) -> Quantity | None:
    """A quantity as an object has it, None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    return _parsed(str(value))


@lru_cache(4096)
def _parsed(text: str) -> Quantity | None:
    found = _TEXT.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    whole, _, rest = number.lstrip("+-").partition(".")
    # As digits and a power of ten, so that nothing is lost.
    digits, power, factor, form = int(whole + rest), 9 - len(rest), 1, _DECIMAL
    if exponent:
        power, form = power + int(exponent[1:]), _EXPONENT
    elif suffix and suffix.endswith("i"):
        factor, form = 1024 ** _TWOS.index(suffix), _BINARY
    elif suffix:
        power += _TENS[suffix]
    # Away from zero, so that nothing becomes nothing.
    nano = digits * factor * 10**power if power >= 0 else -(-digits * factor // 10**-power)
    return Quantity(min(_LARGEST, nano) * (-1 if number.startswith("-") else 1), form)


def amounts(value: Any) -> Amounts:
    """The quantities of a ResourceList; what is none is left out."""
    if not isinstance(value, Mapping):
        return {}
    found = {str(name): quantity(item) for name, item in value.items()}
    return {name: item for name, item in found.items() if item is not None}


def added(one: Amounts, other: Amounts) -> Amounts:
    """The sum, by name."""
    return {name: one.get(name, ZERO) + other.get(name, ZERO) for name in {**one, **other}}


def largest(one: Amounts, other: Amounts) -> Amounts:
    """The larger of both, by name."""
    return {
        name: max(one.get(name, ZERO), other.get(name, ZERO), key=lambda item: item.nano)
        for name in {**one, **other}
    }
