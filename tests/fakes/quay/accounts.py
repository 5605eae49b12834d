"""Who may do what: robots with a role in each repository, OAuth tokens with scopes, and strangers."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field

_ROLES = ("read", "write", "admin")
_SCOPES = {"repo:read": "read", "repo:write": "write", "repo:admin": "admin"}


@dataclass(frozen=True, slots=True)
class Robot:
    """`roles` by repository, such as `{"acme/api": "read"}`."""

    name: str
    password: str
    roles: Mapping[str, str] = field(default_factory=dict)

    def may(self, role: str, repository: str) -> bool:
        return _reaches(self.roles.get(repository, ""), role)


@dataclass(frozen=True, slots=True)
class Token:
    """An OAuth token of somebody who administers all of `repositories`."""

    text: str
    scopes: frozenset[str] = frozenset({"repo:read"})
    repositories: frozenset[str] = frozenset()

    def may(self, role: str, repository: str) -> bool:
        granted = [_SCOPES[scope] for scope in self.scopes if scope in _SCOPES]
        return repository in self.repositories and any(_reaches(one, role) for one in granted)


class Accounts:
    """Finds out who asks."""

    def __init__(self) -> None:
        self.robots: dict[str, Robot] = {}
        self.tokens: dict[str, Token] = {}

    def robot(self, authorization: str) -> Robot | None:
        """Who comes with Basic; None for a stranger and for whoever has the wrong password."""
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            name, _, password = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        robot = self.robots.get(name)
        return robot if robot is not None and robot.password == password else None

    def token(self, authorization: str) -> Token | None:
        """Who comes with Bearer; None as above."""
        scheme, _, text = authorization.partition(" ")
        return self.tokens.get(text) if scheme.lower() == "bearer" else None


def _reaches(role: str, wanted: str) -> bool:
    return role in _ROLES and _ROLES.index(role) >= _ROLES.index(wanted)
