"""A webhook of anybody's: each thing that happens is posted as JSON, with an id, a moment and a signature.

The headers are those of Standard Webhooks, so that any library for it verifies them:
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. A post that is tried again
has the same id, by which a receiver knows it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from datetime import datetime

from trunkline.adapters.sinks.delivering import Verdict, deliver
from trunkline.adapters.sinks.posting import Poster, server_of
from trunkline.config.sinks import WebhookSettings
from trunkline.domain.parcels import Message, Parcel
from trunkline.domain.records import dump, dump_moment
from trunkline.domain.redaction import Redactor
from trunkline.ports import Clock, Http
from trunkline.ports.outbox import Delivery

_PREFIX = "whsec_"


class Webhook:
    """Implements the port `Sink`."""

    name = "webhook"
    one_per_second = False
    at_once = 20
    confirms = True

    def __init__(self, settings: WebhookSettings, http: Http, clock: Clock, redactor: Redactor) -> None:
        redactor.learn(settings.secret)
        self._settings = settings
        self._poster, self._clock, self._redactor = Poster(http, redactor), clock, redactor

    @property
    def server(self) -> str:
        """See the port."""
        return server_of(self._settings.url)

    def wants(self, parcel: Parcel) -> bool:
        """See the port. All of it."""
        del parcel
        return True

    def send(self, messages: Sequence[Message], now: datetime, timeout_s: float) -> Delivery:
        """See the port."""

        def post(batch: Sequence[Message], left_s: float) -> Verdict:
            body = json.dumps(self._redactor.value(content(batch[0].parcel))).encode()
            headers = signed(batch[0].parcel.id, int(now.timestamp()), body, self._settings.secret)
            return self._poster.post(
                self._settings.url, {"Content-Type": "application/json", **headers}, body, left_s
            )

        return deliver(messages, post, self._clock, timeout_s)


def content(parcel: Parcel) -> dict[str, object]:
    """What is posted: `type` says what happened, `data` holds the ledger's own records."""
    records = {
        "run": parcel.run,
        "attempt": parcel.attempt,
        "ending": parcel.ending,
        "deployment": parcel.deployment,
        "mark": parcel.mark,
        "origin": parcel.origin,
    }
    return {
        "type": type_of(parcel),
        "timestamp": dump_moment(parcel.at),
        "data": {name: dump(item) for name, item in records.items() if item is not None},
    }


def type_of(parcel: Parcel) -> str:
    """Such as `deploy.started`, `build.succeeded`, `incident-opened` or `test`."""
    if parcel.mark is not None:
        return parcel.mark.says.value
    if parcel.attempt is None:
        return "test"
    return f"{parcel.attempt.stage.value}.{parcel.ending.outcome.value if parcel.ending else 'started'}"


def signed(message_id: str, at_s: int, body: bytes, secret: str) -> dict[str, str]:
    """The headers of one post; without a secret there is no signature.

    Args:
        message_id: the same for each try.
        at_s: POSIX time.
        body: what is posted.
        secret: base64, with `whsec_` before it or not; or any other text.
    """
    message_id = message_id.replace(" ", "_").replace(".", "_")
    headers = {"webhook-id": message_id, "webhook-timestamp": str(at_s)}
    if secret:
        digest = hmac.digest(_key(secret), f"{message_id}.{at_s}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()
