"""Secrets are hidden by their known values, wherever they turn up and however they are spelled.

A rule that knows flags or variable names misses the one place that nobody thought of; a value is the same
everywhere. The spellings covered are those in which our tools repeat a secret: as it is, percent-encoded,
base64 (alone and as the password of HTTP Basic), inside a JSON string, and shell-quoted.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "*****"
# Shorter values occur in ordinary words; masking those would make every message unreadable.
SHORTEST = 4
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRETS|TOKEN|TOKENS|APIKEY|API_KEY|APP_KEY|ACCESS_KEY|"
    r"PRIVATE_KEY|CREDENTIAL|CREDENTIALS|AUTH)(?:_|$)|_KEY$"
)
_USERINFO = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)[^\s/@'\"]+@")


def is_secret_name(variable: str) -> bool:
    """Whether an environment variable of that name holds something that must not be shown."""
    return _SECRET_NAME.search(variable.upper()) is not None


class Redactor:
    """Hides the values it was told of, and the user part of any URL."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._spellings: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(*secrets)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Redactor:
        """A redactor that knows the value of every variable whose name speaks of a secret."""
        return cls(value for name, value in environ.items() if is_secret_name(name))

    def learn(self, *secrets: str) -> None:
        """Hide these values, too, from now on."""
        for secret in secrets:
            if len(secret) >= SHORTEST:
                self._spellings.update(_spellings(secret))
        # Longest first, so that a secret that contains another one leaves no tail behind.
        ordered = sorted(self._spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def learn_login(self, username: str, password: str) -> None:
        """Hide a password, and the base64 in which HTTP Basic and Docker's files carry the pair."""
        self.learn(password, base64.b64encode(f"{username}:{password}".encode()).decode())

    def text(self, text: str) -> str:
        """`text` with every secret replaced by a mask."""
        if self._pattern is not None:
            text = self._pattern.sub(MASK, text)
        return _USERINFO.sub(rf"\g<scheme>{MASK}@", text) if "://" in text else text

    def value(self, value: Any) -> Any:
        """The same for anything that JSON can hold: keys and strings are masked, shapes are kept."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.value(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.value(item) for item in value]
        return value


def _spellings(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        encoded,
        encoded.rstrip("="),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        secret.replace("'", "'\"'\"'"),
    }
