"""What people say of deployments afterwards, and incidents: what the ledger cannot see by itself.

A mark is a row of its own and never changes; one that was wrong is taken back by a later one.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from trunkline.dataclass import dataclass


class Says(StrEnum):
    """What a mark says."""

    FAILED = "failed"
    """The deployment failed in service: it had to be mended."""
    GOOD = "good"
    """It did not, whatever was said or seen before."""
    REMEDIATES = "remediates"
    """The deployment mends another one, or an incident."""
    OPENED = "incident-opened"
    CLOSED = "incident-closed"


@dataclass(frozen=True, slots=True)
class Mark:
    """One thing that was said.

    Attributes:
        deployment: the deployment's id that it is about; for an incident the one that caused it, empty for "whichever
            stood then".
        subject: what is remedied (a deployment's id or an incident's), or the incident that is opened or closed.
        at: when that was so: an incident is often written down after it began.
        said_at: when it was said.
    """

    id: str
    says: Says
    service: str
    environment: str
    deployment: str
    subject: str
    title: str
    actor: str
    at: datetime
    said_at: datetime
