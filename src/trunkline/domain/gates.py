"""What the vulnerability gate said of an image, as the ledger remembers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from trunkline.dataclass import dataclass


class GateOutcome(StrEnum):
    """What the gate makes of an image."""

    PASSED = "passed"
    WARNED = "warned"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class GateRecord:
    """What the gate said of one image at one moment; a later word on the same digest counts more.

    Attributes:
        environment: where the image ran when it was looked at again; empty for one that is on its way.
        digest: the image's, which all else is about.
        source: whose report it was, empty where there was none.
        details: what was found and how each finding stood (`rows`), and what else is to be known (`notes`).
    """

    id: str
    attempt_id: str
    run_id: str
    service: str
    environment: str
    image: str
    digest: str
    outcome: GateOutcome
    source: str
    summary: str
    judged_at: datetime
    details: Mapping[str, Any] = field(default_factory=dict)

    def age_s(self, now: datetime) -> float:
        """Seconds since it was said."""
        return max((now - self.judged_at) / timedelta(seconds=1), 0.0)
