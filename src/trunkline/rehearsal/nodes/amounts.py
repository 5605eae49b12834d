"""Kubernetes quantities as whole thousandths, so that they can be compared and added exactly."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from trunkline.expressions import expression

_QUANTITY = expression(r"([+-]?[0-9.]+)([eE][+-]?[0-9]{1,3}|[numkMGTPE]|[KMGTPE]i)?")
_FACTORS = {
    "": Decimal(1), "n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("0.001"), "k": Decimal(1000),
    "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12), "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40), "Pi": Decimal(2**50),
    "Ei": Decimal(2**60),
}  # fmt: skip


def amount(text: Any) -> int:
    """A quantity in thousandths, rounded up; 0 for what is none."""
    found = _QUANTITY.fullmatch(str(text if text is not None else "0"))
    if not found:
        return 0
    number, suffix = found[1], found[2] or ""
    try:
        value = (
            Decimal(number + suffix)
            if suffix[:1] in {"e", "E"} and len(suffix) > 1 and suffix != "Ei"
            else (Decimal(number) * _FACTORS[suffix])
        )
    except (InvalidOperation, KeyError):
        return 0
    thousandths = value * 1000
    return int(thousandths) + (1 if thousandths != int(thousandths) and thousandths > 0 else 0)
