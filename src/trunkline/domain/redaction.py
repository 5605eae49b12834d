"""Secrets are hidden by their known values, wherever they turn up and however they are spelled.

A rule that knows flags or variable names misses the one place that nobody thought of; a value is the same
everywhere. The spellings covered are those in which our tools repeat a secret: as it is, percent-encoded,
base64 (alone and as the password of HTTP Basic), inside a JSON string, and shell-quoted; and its single lines.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from trunkline.expressions import expression

MASK = "*****"
# Shorter values occur in ordinary words; masking those would make every message unreadable.
SHORTEST = 4
# Output is redacted line by line; a secret of several lines (a private key) would pass it piecemeal.
_SHORTEST_LINE = 8
# `DISABLE_AUTH=true` is no secret, and hiding it would break every JSON document that passes by.
_NO_SECRETS = {"true", "false", "null", "none", "enabled", "disabled", "default"}
_SECRET_NAME = expression(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRETS|TOKEN|TOKENS|APIKEY|API_KEY|APP_KEY|ACCESS_KEY|"
    r"PRIVATE_KEY|CREDENTIAL|CREDENTIALS|AUTH)(?:_|$)|_KEY$"
)
_USERINFO = expression(r"://[^\s/'\"]+@")


def is_secret_name(variable: str) -> bool:
    """Whether an environment variable of that name holds something that must not be shown."""
    return _SECRET_NAME.search(variable.upper()) is not None


class Redactor:
    """Hides the values it was told of, and the user part of any URL."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        # The same as they stand in JSON, to find out quickly that a document holds none of them.
        self._in_json: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(*secrets)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Redactor:
        """A redactor that knows the value of every variable whose name speaks of a secret."""
        return cls(value for name, value in environ.items() if is_secret_name(name))

    def learn(self, *secrets: str) -> None:
        """Hide these values, too, from now on."""
        for secret in secrets:
            for part in _parts(secret):
                self._spellings.update(_spellings(part))
        self._in_json = {json.dumps(spelling, ensure_ascii=False)[1:-1] for spelling in self._spellings}
        # Longest first, so that a secret that contains another one leaves no tail behind.
        ordered = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def learn_login(self, username: str, password: str) -> None:
        """Hide a password, and the base64 in which HTTP Basic and Docker's files carry the pair."""
        if password:
            pair = f"{username}:{password}".encode("utf-8", "surrogateescape")
            self.learn(password, base64.b64encode(pair).decode())

    def text(self, text: str) -> str:
        """`text` with every secret replaced by a mask."""
        if self._pattern is not None:
            text = _mask(self._pattern, text)
        return _USERINFO.sub(f"://{MASK}@", text) if "://" in text else text

    def value(self, value: Any) -> Any:
        """The same for anything that JSON can hold: keys and strings are masked, shapes are kept.

        What holds no secret is given back as it is: a look at the whole is much faster than one at each part.
        """
        return self._masked(value) if self._may_hold(value) else value

    def _may_hold(self, value: Any) -> bool:
        try:
            written = json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError):
            return True
        if any(spelling in written for spelling in self._in_json):
            return True
        return "://" in written and _USERINFO.search(written) is not None

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self._masked(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._masked(item) for item in value]
        return value


def _mask(pattern: re.Pattern[str], text: str) -> str:
    pieces, done = [], 0
    while found := pattern.search(text, done):
        start, end = found.span()
        # Another secret may begin inside of this one and end behind it.
        while (inner := pattern.search(text, found.start() + 1)) and inner.start() < end:
            found, end = inner, max(end, inner.end())
        pieces += [text[done:start], MASK]
        done = end
    return "".join((*pieces, text[done:]))


def _parts(secret: str) -> Iterator[str]:
    """The secret, also without the line break that a file added, and its lines."""
    whole = secret.strip()
    if len(whole) < SHORTEST or whole.lower() in _NO_SECRETS:
        return
    yield secret
    yield whole
    yield from (line.strip() for line in whole.splitlines() if len(line.strip()) >= _SHORTEST_LINE)


def _spellings(secret: str) -> set[str]:
    # Environment variables are bytes; those that are no UTF-8 come as lone surrogates.
    raw = secret.encode("utf-8", "surrogateescape")
    encoded = base64.b64encode(raw).decode()
    return {
        secret,
        quote(raw, safe=""),
        quote(raw),
        quote_plus(raw),
        encoded,
        encoded.rstrip("="),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace("'", "'\"'\"'"),
    }
