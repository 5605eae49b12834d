"""Keys of a person who has signed on (IAM Identity Center, once AWS SSO): what `aws sso login` left in its cache.

The token is read from `~/.aws/sso/cache`, renewed where it can be, and changed for the keys of a role.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from urllib.parse import urlencode

from trunkline.adapters.storage.aws.endpoints import Endpoints
from trunkline.adapters.storage.aws.keys import Keys, Surroundings, bounded, json_object, moment
from trunkline.adapters.storage.aws.profiles import Profiles
from trunkline.dataclass import dataclass
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Request

_TIMEOUT_S = 5.0
_OK = 200
_UNAUTHORIZED = 401
_SERVER_ERROR = 500
# As botocore does: renewed when there is less than this left.
_RENEW = timedelta(minutes=15)
_RENEWING = ("refreshToken", "clientId", "clientSecret", "registrationExpiresAt")
_NEEDED = ("sso_account_id", "sso_role_name", "sso_start_url", "sso_region")


@dataclass(frozen=True, slots=True)
class SignOn:
    """What a profile says of a sign-on; `session` is empty in profiles of the older form."""

    profile: str
    account: str
    role: str
    url: str
    region: str
    session: str = ""

    @property
    def login(self) -> str:
        """What a person has to do when nothing else helps."""
        return f"Run `aws sso login --profile {self.profile}` and try again."


def sign_on_of(profiles: Profiles, name: str) -> SignOn:
    """The sign-on that a profile speaks of.

    Raises:
        UsageError: it is not complete, or contradicts itself.
    """
    profile = dict(profiles.merged.get(name, {}))
    session = profile.get("sso_session", "")
    if session and session not in profiles.sessions:
        raise UsageError(
            f"there is no [sso-session {session}]", f"Run `aws configure sso --profile {name}`, or add it."
        )
    for key, value in (profiles.sessions[session] if session else {}).items():
        if profile.setdefault(key, value) != value:
            raise UsageError(
                f"{key} differs between the profile and [sso-session {session}]", "Leave it in one of them."
            )
    missing = [key for key in _NEEDED if not profile.get(key)]
    if missing:
        raise UsageError(
            f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            f"Run `aws configure sso --profile {name}`, or add what is missing.",
        )
    account, role, url, region = (profile[key] for key in _NEEDED)
    return SignOn(name, account, role, url, region, session)


def role_keys(sign_on: SignOn, endpoints: Endpoints, surroundings: Surroundings) -> Keys:
    """Change the cached token for a role's keys (SSO's GetRoleCredentials).

    Raises:
        Refused: nobody is signed on, or the person may not have the role.
        Unreachable: there is no answer.
    """
    token = _token(sign_on, endpoints, surroundings)
    query = urlencode({"role_name": sign_on.role, "account_id": sign_on.account})
    url = f"{endpoints.sso(sign_on.region)}/federation/credentials?{query}"
    headers = {"x-amz-sso_bearer_token": token, "accept": "application/json"}
    answer = surroundings.send(bounded(Request("GET", url, headers, timeout_s=_TIMEOUT_S)))
    if answer.status == _UNAUTHORIZED:
        raise Refused("the sign-on is no longer accepted", sign_on.login)
    if answer.status >= _SERVER_ERROR:
        raise Unreachable(f"the sign-on portal answers with HTTP {answer.status}", "Try again in a moment.")
    if answer.status != _OK:
        said = json_object(answer.body).get("message")
        raise Refused(
            f"the role {sign_on.role} of account {sign_on.account} is not to be had (HTTP {answer.status}{f', {said}' if said else ''})",
            f"Correct sso_role_name or sso_account_id, or have the role assigned; `aws sso login --profile {sign_on.profile}` signs on as somebody else.",
        )
    found = json_object(answer.body).get("roleCredentials")
    keys = _keys(found) if isinstance(found, dict) else None
    if keys is None:
        raise Unreachable("the sign-on portal answers something that holds no keys", "Check any proxy.")
    return keys


def _keys(found: Mapping[str, Any]) -> Keys | None:
    words = [found.get(name) for name in ("accessKeyId", "secretAccessKey", "sessionToken")]
    ends = found.get("expiration")
    if not all(isinstance(word, str) and word for word in words) or not isinstance(ends, int):
        return None
    identifier, secret, token = map(str, words)
    try:
        return Keys(identifier, secret, token, datetime.fromtimestamp(ends / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _token(sign_on: SignOn, endpoints: Endpoints, surroundings: Surroundings) -> str:
    name = hashlib.sha1((sign_on.session or sign_on.url).encode(), usedforsecurity=False).hexdigest()
    path = surroundings.home / ".aws" / "sso" / "cache" / f"{name}.json"
    try:
        cached = json_object(path.read_bytes())
    except OSError:
        cached = {}
    token, ends = cached.get("accessToken"), moment(cached.get("expiresAt"))
    if not isinstance(token, str) or not token or ends is None:
        raise Refused("nobody has signed on", sign_on.login)
    surroundings.redactor.learn(
        *(str(cached.get(key, "")) for key in ("accessToken", "refreshToken", "clientSecret"))
    )
    now = surroundings.reach().clock.now()
    if sign_on.session and ends - now < _RENEW:
        renewed = _renewed(sign_on, cached, endpoints, surroundings)
        if renewed:
            _keep(path, renewed)
            return str(renewed["accessToken"])
    if ends <= now:
        raise Refused(f"the sign-on has ended at {ends:%Y-%m-%d %H:%M} UTC", sign_on.login)
    return token


def _renewed(
    sign_on: SignOn, cached: Mapping[str, Any], endpoints: Endpoints, surroundings: Surroundings
) -> dict[str, Any] | None:
    """The sign-on renewed by its refresh token (SSO OIDC's CreateToken); None where that cannot be."""
    now = surroundings.reach().clock.now()
    until = moment(cached.get("registrationExpiresAt"))
    if any(not cached.get(key) for key in _RENEWING) or until is None or until <= now:
        return None
    question = {
        "grantType": "refresh_token",
        "clientId": cached["clientId"],
        "clientSecret": cached["clientSecret"],
        "refreshToken": cached["refreshToken"],
    }
    url = f"{endpoints.oidc(sign_on.region)}/token"
    headers = {"content-type": "application/json"}
    request = Request("POST", url, headers, json.dumps(question).encode(), timeout_s=_TIMEOUT_S)
    try:
        answer = surroundings.send(bounded(request))
    except Unreachable:
        return None
    found = json_object(answer.body)
    token, lasts_s = found.get("accessToken"), found.get("expiresIn")
    if answer.status != _OK or not isinstance(token, str) or not isinstance(lasts_s, int):
        return None
    surroundings.redactor.learn(token, str(found.get("refreshToken", "")))
    ends = now + timedelta(seconds=min(lasts_s, 10**7))
    kept = {"accessToken": token, "expiresAt": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}
    newer = {"refreshToken": found["refreshToken"]} if found.get("refreshToken") else {}
    return {**cached, **kept, **newer}


def _keep(path: Path, token: Mapping[str, Any]) -> None:
    """Put a renewed sign-on where AWS's tools find it: its refresh token may be good for one use alone."""
    with (
        contextlib.suppress(OSError),
        NamedTemporaryFile("w", dir=path.parent, prefix=".trunkline-", delete=False) as file,
    ):
        written = Path(file.name)
        try:
            json.dump(token, file)
            file.flush()
            written.replace(path)
        except BaseException:
            written.unlink(missing_ok=True)
            raise
