"""Access keys, what it takes to get them, and where they came from: temporary ones are renewed before they end."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError, Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports import Clock, Http, Processes, Request, Response, TlsSettings

# Renewed this long before the end, or after three quarters of a shorter life: a request must not meet the end.
_EARLY = timedelta(minutes=5)
_PART = 4
_LARGEST = 1024 * 1024
_ATTEMPTS = 3
_PAUSE_S = 0.3
_SERVER_ERROR = 500
_TOO_MANY = 429
# People swap the two halves of a key now and then.
_IDENTIFIER = expression(r"A[A-Z0-9]{15,127}")


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key; `token` and `ends` (UTC) only for temporary ones."""

    identifier: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)
    ends: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """A source that somebody set up.

    Attributes:
        kind: botocore's word for it.
        name: ours, for people.
        obtain: gets the keys; raises a `TrunklineError` whose message is what the source said.
    """

    kind: str
    name: str
    obtain: Callable[[], Keys]


class Nothing(Exception):
    """The source is not set up; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What sources elsewhere are asked through; `open_http` opens HTTP with the given TLS settings."""

    open_http: Callable[[TlsSettings], Http]
    processes: Callable[[], Processes]
    clock: Clock


@dataclass(frozen=True)
class Surroundings:
    """Everything that a source may look at.

    Attributes:
        environ: the process's environment.
        home: the directory that holds `.aws`.
        redactor: learns every secret that turns up.
        outside: None where nothing but static keys can be had.
        ca: certificates (PEM) to trust instead of the system's; empty for the system's.
    """

    environ: Mapping[str, str]
    home: Path
    redactor: Redactor
    outside: Outside | None
    ca: str = ""

    def reach(self) -> Outside:
        """The ways out.

        Raises:
            UsageError: this command has none.
        """
        if self.outside is None:
            raise UsageError(
                "this command can use static keys only",
                "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.",
            )
        return self.outside

    def now(self) -> datetime:
        """This moment in UTC."""
        return self.outside.clock.now() if self.outside else datetime.now(UTC)

    def send(self, request: Request) -> Response:
        """Ask a service of AWS, through any proxy; a server's own trouble is tried again twice.

        Raises:
            Unreachable: no answer.
        """
        http = self.reach().open_http(TlsSettings(ca=self.ca))
        return _persistently(http, request, self.reach().clock)

    def send_near(self, request: Request, attempts: int = _ATTEMPTS) -> Response:
        """Ask the host that this container or instance is on: no proxy leads there.

        Raises:
            Unreachable: no answer.
        """
        http = self.reach().open_http(TlsSettings(ca=self.ca, proxy=""))
        return _persistently(http, request, self.reach().clock, attempts)

    def spell(self, path: Path) -> str:
        """A path as people write it."""
        return f"~/{path.relative_to(self.home)}" if path.is_relative_to(self.home) else str(path)


def _persistently(http: Http, request: Request, clock: Clock, attempts: int = _ATTEMPTS) -> Response:
    for left in reversed(range(attempts)):
        try:
            answer = http.send(request)
        except Unreachable:
            if not left:
                raise
        else:
            if not left or (answer.status < _SERVER_ERROR and answer.status != _TOO_MANY):
                return answer
        clock.sleep(_PAUSE_S)
    raise AssertionError


class KeySource:
    """Where keys come from; safe to share between threads.

    Args:
        name: the source's, for people ("the profile ci").
        obtain: gets keys anew; raises a `TrunklineError` whose message is what the source said.
        now: this moment in UTC.
        redactor: learns each secret.
        before: what the sources that were tried earlier said.

    Attributes:
        trouble: why the last attempt to get keys failed; None where it did not.
    """

    def __init__(
        self,
        name: str,
        obtain: Callable[[], Keys],
        now: Callable[[], datetime],
        redactor: Redactor,
        before: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.trouble: TrunklineError | None = None
        self._obtain = obtain
        self._now = now
        self._redactor = redactor
        self._before = before
        self._lock = threading.Lock()
        self._keys: Keys | None = None
        self._renew_at: datetime | None = None

    def keys(self) -> Keys:
        """Keys that are good for a while.

        Raises:
            TrunklineError: none can be had; one sentence with every source that was tried, and what it said.
        """
        with self._lock:
            if self._keys is not None and (self._renew_at is None or self._now() < self._renew_at):
                return self._keys
            try:
                keys = self._obtain()
            except TrunklineError as error:
                if self._keys is not None and self._keys.ends is not None and self._now() < self._keys.ends:
                    # They were asked for early, and are good still.
                    return self._keys
                self.trouble = self._failed(error)
                raise self.trouble from None
            self.trouble = None
            self._redactor.learn(keys.secret, keys.token)
            self._keys, self._renew_at = keys, self._early(keys)
            return keys

    def describe(self) -> str:
        """The source and the key's identifier, which is no secret where it is none by mistake."""
        shown = self._keys is not None and _IDENTIFIER.fullmatch(self._keys.identifier)
        return f"{self.name} ({self._keys.identifier})" if self._keys and shown else self.name

    def _early(self, keys: Keys) -> datetime | None:
        if keys.ends is None:
            return None
        now = self._now()
        return keys.ends - min(_EARLY, max(keys.ends - now, timedelta()) / _PART)

    def _failed(self, error: TrunklineError) -> TrunklineError:
        tried = "; ".join((*self._before, f"{self.name}: {error.message.rstrip('.')}"))
        return type(error)(self._redactor.text(f"There are no AWS credentials: {tried}."), error.hint)


def json_object(body: bytes | str) -> dict[str, Any]:
    """The object in a JSON text; an empty one for whatever is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def moment(text: object) -> datetime | None:
    """A time as AWS writes it (ISO 8601; UTC where nothing is said); None for what is no time."""
    try:
        found = datetime.fromisoformat(str(text).replace("UTC", "Z"))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def keys_in(answer: Mapping[str, Any], token: str = "Token") -> Keys | None:  # noqa: S107 - a field's name
    """Keys in the JSON that containers, instances and programs hand out; None where something is missing."""
    identifier, secret = answer.get("AccessKeyId"), answer.get("SecretAccessKey")
    session, ends = answer.get(token), answer.get("Expiration")
    if not (isinstance(identifier, str) and identifier and isinstance(secret, str) and secret):
        return None
    if session is not None and not isinstance(session, str):
        return None
    until = moment(ends) if ends else None
    return Keys(identifier, secret, session or "", until) if until or not ends else None


def bounded(request: Request) -> Request:
    """The request with its answer's size and time bounded: nothing that hands out keys has much to say."""
    return Request(
        request.method,
        request.url,
        request.headers,
        request.body,
        request.timeout_s,
        total_s=2 * request.timeout_s,
        largest=_LARGEST,
    )
