"""Roles that STS lends: to keys that may take them (AssumeRole), and to a signed token (AssumeRoleWithWebIdentity)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from trunkline.adapters.storage.aws.endpoints import Service
from trunkline.adapters.storage.aws.keys import Keys, Surroundings, bounded, moment
from trunkline.adapters.storage.aws.signing import signed_headers
from trunkline.dataclass import dataclass
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Request

_VERSION = "2011-06-15"
_SESSION = "trunkline"
_TIMEOUT_S = 5.0
_SERVER_ERROR = 500
_OK = 200
_LONGEST = 300
_ENDED = frozenset({"ExpiredToken", "ExpiredTokenException"})


@dataclass(frozen=True, slots=True)
class Role:
    """A role to take.

    Attributes:
        arn: its name at AWS.
        session: how AWS's records call us.
        external: the word that another account's role may ask for.
        duration_s: how long, in seconds; empty for the role's default.
    """

    arn: str
    session: str = _SESSION
    external: str = ""
    duration_s: str = ""

    def form(self) -> dict[str, str]:
        """The parameters of either call."""
        told = {"ExternalId": self.external, "DurationSeconds": self.duration_s}
        own = {"RoleArn": self.arn, "RoleSessionName": self.session or _SESSION}
        return {**own, **{name: value for name, value in told.items() if value}}


def assume(role: Role, source: Callable[[], Keys], sts: Service, surroundings: Surroundings) -> Keys:
    """Take a role with the keys of another source.

    Raises:
        Refused, Unreachable: STS says no, or nothing.
    """
    body = _body("AssumeRole", role.form())
    headers = signed_headers(sts.url, body, source(), sts.region, "sts", surroundings.reach().clock.now())
    return _asked(role, sts, headers, body, surroundings)


def assume_with_token(role: Role, token: Callable[[], str], sts: Service, surroundings: Surroundings) -> Keys:
    """Take a role with a token (OIDC) that AWS trusts the issuer of.

    Raises:
        UsageError: the token cannot be read.
        Refused, Unreachable: STS says no, or nothing.
    """
    text = token()
    surroundings.redactor.learn(text)
    body = _body("AssumeRoleWithWebIdentity", {**role.form(), "WebIdentityToken": text})
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
    return _asked(role, sts, headers, body, surroundings)


def token_in(path: Path) -> str:
    """A token that a file holds; it is replaced now and then, so it is read each time.

    Raises:
        UsageError: there is none.
    """
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise UsageError(
            f"the token file {path} cannot be read: {reason}",
            "Check the token's volume in the pod, or web_identity_token_file.",
        ) from None
    if not token:
        raise UsageError(f"the token file {path} is empty", "Check what writes it.")
    return token


def _body(action: str, form: Mapping[str, str]) -> bytes:
    return urlencode({"Action": action, "Version": _VERSION, **form}).encode()


def _asked(
    role: Role, sts: Service, headers: Mapping[str, str], body: bytes, surroundings: Surroundings
) -> Keys:
    answer = surroundings.send(bounded(Request("POST", sts.url, headers, body, timeout_s=_TIMEOUT_S)))
    text = answer.text
    if answer.status != _OK:
        code, message = _field(text, "Code"), _field(text, "Message")
        said = f"HTTP {answer.status}" + (f" {code}" if code else "")
        if message:
            said += f", {' '.join(message.split())[:_LONGEST].rstrip('.')}"
        if answer.status >= _SERVER_ERROR or code in {"IDPCommunicationError", "Throttling"}:
            raise Unreachable(
                f"{sts.host} does not lend the role {role.arn}: {said}", "Run the command again in a moment."
            )
        raise Refused(f"{sts.host} refuses the role {role.arn}: {said}", _advice(code))
    # STS's answer is flat: these names come once.
    keys = Keys(
        _field(text, "AccessKeyId"),
        _field(text, "SecretAccessKey"),
        _field(text, "SessionToken"),
        moment(_field(text, "Expiration")),
    )
    if not (keys.identifier and keys.secret and keys.token and keys.ends):
        raise Unreachable(
            f"{sts.host} answers something that holds no keys", "Check AWS_ENDPOINT_URL_STS and any proxy."
        )
    return keys


def _field(text: str, name: str) -> str:
    found = re.search(rf"<{name}>([^<]*)</{name}>", text)
    return html.unescape(found[1]).strip() if found else ""


def _advice(code: str) -> str:
    if code in _ENDED:
        return "The token or the keys that ask for the role have ended: take new ones (in CI, rerun the job)."
    if code in {"InvalidIdentityToken", "IDPRejectedClaim"}:
        return "Check that the account has an identity provider for the token's issuer and audience."
    return "Check the role's name and its trust policy: it has to allow who asks."
