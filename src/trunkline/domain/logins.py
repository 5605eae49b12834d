"""What the credential files of Docker and Podman say about a registry.

The format is Docker's `config.json` (`auths`, `credHelpers`, `credsStore`) and, the same with path-scoped keys,
containers-auth.json(5) (`auths`, `credHelpers`). Nothing here reads a file or asks a helper.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.images import DEFAULT_REGISTRY

# How Docker spells its own hub, in its files and to its helpers.
_HUB = "https://index.docker.io/v1/"
_HUB_NAMES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
# The user name under which helpers hand out an identity token instead of a password.
_TOKEN_USER = "<token>"  # noqa: S105 - a protocol word of docker-credential-helpers, no secret


@dataclass(frozen=True, slots=True)
class Login:
    """A way into a registry: a user name and password, or an identity token (OAuth2 refresh token)."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Helper:
    """A program `docker-credential-<name>` that knows the login for `server`."""

    name: str
    server: str

    @property
    def program(self) -> str:
        """The program to run with the argument `get` and `server` on its standard input."""
        return f"docker-credential-{self.name}"


def credential_files(environ: Mapping[str, str], home: Path, user: int) -> tuple[Path, ...]:
    """Where the login of the user of that number may be written down, the first one wins; files need not exist."""
    if chosen := environ.get("REGISTRY_AUTH_FILE"):
        return (Path(chosen),)
    files = [docker_directory(environ, home) / "config.json"]
    if runtime := environ.get("XDG_RUNTIME_DIR"):
        files.append(Path(runtime) / "containers" / "auth.json")
    else:
        files.append(Path("/run/containers") / str(user) / "auth.json")
    config = Path(environ["XDG_CONFIG_HOME"]) if environ.get("XDG_CONFIG_HOME") else home / ".config"
    files.append(config / "containers" / "auth.json")
    return tuple(files)


def docker_directory(environ: Mapping[str, str], home: Path) -> Path:
    """The directory of the Docker client's configuration."""
    chosen = environ.get("DOCKER_CONFIG")
    return Path(chosen) if chosen else home / ".docker"


def parse_credentials(text: str) -> dict[str, Any]:
    """The content of a credential file as a mapping; an empty file holds nothing.

    Raises:
        ValueError: it is no JSON object.
    """
    try:
        content = json.loads(text) if text.strip() else {}
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - wrong input, not a wrong argument
    return content


def find_login(content: Mapping[str, Any], registry: str, path: str = "") -> Login | Helper | None:
    """What one credential file says of `registry/path`: a login, a helper to ask, or nothing.

    Raises:
        ValueError: the entry is there and cannot be read; the message holds nothing of it.
    """
    names = _names(registry, path)
    helpers = {_canonical(key): value for key, value in _mapping(content, "credHelpers").items()}
    auths = {_canonical(key): value for key, value in _mapping(content, "auths").items()}
    for name in names:
        if isinstance(helper := helpers.get(name), str) and helper:
            return Helper(helper, server_name(registry))
        if isinstance(entry := auths.get(name), dict) and (login := _login(entry, name)):
            return login
    store = content.get("credsStore")
    # An empty credHelpers entry is Docker's way to say: for this registry, the file and not the store.
    if isinstance(store, str) and store and names[-1] not in helpers:
        return Helper(store, server_name(registry))
    return None


def helper_login(answer: str) -> Login | None:
    """The login in a credential helper's answer, or None where it is not one."""
    try:
        content = parse_credentials(answer)
    except ValueError:
        return None
    username, secret = content.get("Username"), content.get("Secret")
    if not (isinstance(username, str) and isinstance(secret, str) and secret):
        return None
    return Login(identity_token=secret) if username == _TOKEN_USER else Login(username, secret)


def server_name(registry: str) -> str:
    """The registry as Docker's files, helpers and `login` command spell it."""
    return _HUB if registry in _HUB_NAMES else registry


def docker_config_for(content: Mapping[str, Any], registry: str) -> dict[str, Any]:
    """A Docker configuration that differs only in where a login to `registry` goes: into the file itself."""
    helpers = dict(_mapping(content, "credHelpers"))
    spellings = {_HUB, *_HUB_NAMES} if registry in _HUB_NAMES else {registry}
    return {**content, "credHelpers": {**helpers, **dict.fromkeys(spellings, "")}}


def containers_auth_for(contents: Iterable[Mapping[str, Any]], registry: str) -> dict[str, Any]:
    """One containers-auth.json out of several (earlier ones win), with no helper for `registry`."""
    auths: dict[str, Any] = {}
    helpers: dict[str, Any] = {}
    for content in contents:
        auths = {**_mapping(content, "auths"), **auths}
        helpers = {**_mapping(content, "credHelpers"), **helpers}
    # Docker's files hold empty entries for registries whose login is in a helper; Podman trips over them.
    kept = {key: value for key, value in auths.items() if value}
    others = {key: value for key, value in helpers.items() if _canonical(key) != _canonical(registry)}
    return {"auths": kept, "credHelpers": others}


def _names(registry: str, path: str) -> tuple[str, ...]:
    """The keys under which a login may stand, the most specific one first."""
    parts = [_canonical(registry), *(part for part in path.split("/") if part)]
    return tuple("/".join(parts[:length]) for length in range(len(parts), 0, -1))


def _canonical(key: str) -> str:
    bare = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    bare = bare.removesuffix("/v1").removesuffix("/v2")
    return DEFAULT_REGISTRY if bare in _HUB_NAMES else bare


def _mapping(content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = content.get(key)
    return value if isinstance(value, dict) else {}


def _login(entry: Mapping[str, Any], name: str) -> Login | None:
    if isinstance(token := entry.get("identitytoken"), str) and token:
        return Login(identity_token=token)
    auth = entry.get("auth")
    if not isinstance(auth, str) or not auth:
        return None
    try:
        username, colon, password = base64.b64decode(auth, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        username, colon, password = "", "", ""
    if not colon or not username:
        raise ValueError(f"its entry for {name} is not the base64 of a user name, a colon and a password")
    return Login(username, password.rstrip("\0"))
