"""Ways in which a stand-in can be told to misbehave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    Attributes:
        status: answer this; 0 to answer nothing: `hang` keeps the connection, otherwise it is dropped.
        late: take what was sent as always, and only then misbehave: the answer alone is lost.
        on: only requests whose path begins so.
    """

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    hang: bool = False
    late: bool = False
    on: str = "/"

    @property
    def phrase(self) -> str:
        """HTTP's own words for the status."""
        return HTTPStatus(self.status).phrase


DROP = Fault()
HANG = Fault(hang=True)
LOSE_ANSWER = Fault(late=True)
REFUSE_KEY = Fault(403)
BREAK = Fault(500)


def limit_rate(reset_s: int) -> Fault:
    """Answer 429 and ask to come back after `reset_s` seconds."""
    return Fault(
        429, {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset_s)}
    )


FAULTS = {"drop": DROP, "hang": HANG, "403": REFUSE_KEY, "429": limit_rate(60), "500": BREAK}
