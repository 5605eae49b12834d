"""Tables as a test looks at them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.objects import Object
from trunkline.rehearsal.tables import table

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
KINDS = Kinds()


def row(group: str, kind: str, value: Object) -> dict[str, Any]:
    """An object's cells by the names of their columns; it was created two minutes and five seconds ago."""
    about = {"name": "it", "creationTimestamp": "2026-03-01T11:57:55Z", **value.get("metadata", {})}
    found = table(KINDS.named(group, kind), [{**value, "metadata": about}], NOW)
    names = [column["name"] for column in found["columnDefinitions"]]
    return dict(zip(names, found["rows"][0]["cells"], strict=True))
