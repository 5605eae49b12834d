"""Kubernetes objects as charts and the API spell them: which one is which, and when two spellings mean the same.

Quantities are those of apimachinery's `resource.Quantity`; the keys of lists are the merge keys that the API's own
types declare (`patchMergeKey`, `x-kubernetes-list-map-keys`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from trunkline.domain.rollouts import KubernetesObject
from trunkline.expressions import expression

_BOOKKEEPING = ("managedFields", "creationTimestamp", "generation", "resourceVersion", "uid", "selfLink")
_QUANTITY = expression(
    r"([+-]?(?:\d{1,30}\.?\d{0,30}|\.\d{1,30}))(?:[eE]([+-]?\d{1,3})|([KMGTPE]i|[numkMGTPE]))?", re.ASCII
)
_SUFFIXES = {
    **{
        suffix: Decimal(10) ** power
        for suffix, power in zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True)
    },
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", 1)},
}
_HOLD_QUANTITIES = {
    "limits", "requests", "capacity", "hard", "allocatedResources", "overhead", "default", "defaultRequest",
    "max", "min", "sizeLimit", "averageValue", "divisor", "targetAverageValue",
}  # fmt: skip
# The first that names every item of both lists, each once, is taken.
_MERGE_KEYS: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("mountPath",),
    ("devicePath",),
    ("topologyKey", "whenUnsatisfiable"),
    ("ip",),
    ("key",),
    ("host",),
    ("path",),
    ("type",),
)
_KEY_DEFAULTS = {"protocol": "TCP"}
Key = Callable[[Any], str]


@dataclass(frozen=True, slots=True, order=True)
class Identity:
    """Which object: the group of its API (empty for the core one), kind, namespace and name."""

    kind: str
    name: str
    namespace: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def identified(objects: Iterable[object], namespace: str) -> dict[Identity, KubernetesObject]:
    """The objects of a manifest by identity, the members of `List`s, too; what is no object is left out.

    Objects that name no namespace are in `namespace`, the release's.
    """
    found: dict[Identity, KubernetesObject] = {}
    waiting = list(objects)
    while waiting:
        item = waiting.pop(0)
        if not isinstance(item, Mapping) or not isinstance(item.get("kind"), str):
            continue
        members, metadata = item.get("items"), item.get("metadata")
        if item["kind"].endswith("List") and isinstance(members, list):
            waiting[:0] = members
        elif isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str):
            group, slash, _ = str(item.get("apiVersion", "")).partition("/")
            home = metadata.get("namespace")
            place = home if isinstance(home, str) and home else namespace
            found[Identity(item["kind"], metadata["name"], place, group if slash else "")] = item
    return found


def essence(item: KubernetesObject) -> dict[str, Any]:
    """What of an object a person decides: without status and the API's bookkeeping, a Secret's texts as data."""
    kept = {str(key): value for key, value in item.items() if key != "status"}
    metadata = kept.get("metadata")
    if isinstance(metadata, Mapping):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in _BOOKKEEPING}
    texts = kept.get("stringData")
    if kept.get("kind") == "Secret" and isinstance(texts, Mapping):
        data = kept.get("data")
        encoded = {key: _encoded(value) for key, value in texts.items()}
        kept["data"] = {**(data if isinstance(data, Mapping) else {}), **encoded}
        del kept["stringData"]
    return kept


def same(one: Any, other: Any, fields: Sequence[str] = ()) -> bool:
    """Whether two values that are no mappings mean the same.

    `fields` are the names on the way to them; below some of them texts are quantities.
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if one == other or (one != one and other != other):  # noqa: PLR0124 - NaN is what differs from itself
        return True
    if fields[:1] not in (("data",), ["data"]) and not _HOLD_QUANTITIES.isdisjoint(fields):
        amount = quantity(one)
        return amount is not None and amount == quantity(other)
    return False


def quantity(value: Any) -> Decimal | None:
    """The amount that a number or a text such as `500m` or `1Gi` means; None where it is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    found = _QUANTITY.fullmatch(str(value).strip())
    if found is None:
        return None
    number, exponent, suffix = found.groups()
    return Decimal(number) * (Decimal(10) ** int(exponent) if exponent else _SUFFIXES.get(suffix, Decimal(1)))


def merge_key(*lists: Sequence[Any]) -> Key | None:
    """What names the items of these lists, whatever their order; None where nothing does."""
    for names in _MERGE_KEYS:
        key = _named(names)
        if all(_unique(items, names[0], key) for items in lists):
            return key
    return None


def blank(value: Any) -> bool:
    """Whether it says nothing: null, an empty text or collection, zero or false, or a mapping of such."""
    if isinstance(value, Mapping):
        return all(item is None or item == {} for item in value.values())
    return not value


def _named(names: tuple[str, ...]) -> Key:
    def key(item: Any) -> str:
        parts = (item.get(name, _KEY_DEFAULTS.get(name, "")) for name in names)
        return "/".join(str(part) for part in parts if part != "")

    return key


def _unique(items: Sequence[Any], first: str, key: Key) -> bool:
    if not all(isinstance(item, Mapping) and isinstance(item.get(first), (str, int)) for item in items):
        return False
    return len({key(item) for item in items}) == len(items)


def _encoded(value: Any) -> str:
    return base64.b64encode(str(value).encode("utf-8", "surrogatepass")).decode()
