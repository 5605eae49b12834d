"""People: chat rooms and mailboxes, through Apprise, which knows more than a hundred of them.

Each address is a sink of its own, so that one that fails keeps no other from hearing, nor makes it hear twice. Apprise
comes with the extra `notify`. See https://github.com/caronc/apprise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from trunkline.adapters.sinks.delivering import TAKEN, Meaning, Verdict, along_with, deliver, fresh
from trunkline.config.sinks import NotifySettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock
from trunkline.ports.outbox import Delivery, Trouble

# Nobody wants to be told at noon of what was so in the morning.
_OLDEST_S = 3600.0
_MISSING = "the package apprise is not installed: pip install 'trunkline[notify]'"
_UNKNOWN = "Apprise does not know such an address: check TRUNKLINE_NOTIFY_URLS"


class Notify:
    """Implements the port `Sink` for one address."""

    name = "notify"
    one_per_second = False
    at_once = 5
    confirms = True

    def __init__(self, url: str, settings: NotifySettings, clock: Clock, redactor: Redactor) -> None:
        scheme, _, rest = url.partition("://")
        redactor.learn(url, rest)
        self._url, self._settings = url, settings
        self._clock, self._redactor = clock, redactor
        # The address itself holds tokens.
        self._server = f"{scheme}:{hashlib.sha256(url.encode('utf-8', 'replace')).hexdigest()[:8]}"

    @property
    def server(self) -> str:
        """See the port."""
        return self._server

    def wants(self, parcel: Parcel) -> bool:
        """See the port."""
        attempt, settings = parcel.attempt, self._settings
        if not parcel.notices:
            return False
        if attempt is None:
            return True
        if settings.environments and attempt.environment and attempt.environment not in settings.environments:
            return False
        failed = parcel.ending is not None and parcel.ending.outcome is Outcome.FAILED
        match settings.about:
            case "failures":
                return failed
            case "deployments":
                return failed or (parcel.ending is not None and attempt.stage is Stage.DEPLOY)
            case _:
                return True

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""
        try:
            import apprise  # noqa: PLC0415 - an extra, and slow to import
        except ImportError:
            return Delivery(trouble=Trouble.REFUSED, reason=_MISSING)
        room = apprise.Apprise()
        if not room.add(self._url):
            return Delivery(trouble=Trouble.REFUSED, reason=_UNKNOWN)

        def tell(batch: Sequence[Message], left_s: float) -> Verdict:
            notice = batch[0].parcel.notices[0]
            kind = {"error": "failure", "success": "success"}.get(notice.alert_type, "info")
            result = room.notify(
                body=notice.text, title=notice.title, notify_type=kind, body_format="text", timeout=left_s
            )
            return TAKEN if result else Verdict(Meaning.AGAIN, "it was not taken")

        kept, stale = fresh(messages, now, _OLDEST_S)
        return along_with(deliver(kept, tell, self._clock, timeout_s), stale)
