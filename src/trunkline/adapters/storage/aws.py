"""Which credentials, region and endpoint S3 is asked with, found the way that AWS's own tools find them.

Order: environment keys, the profile that `AWS_PROFILE` names, web identity (EKS), the default profile, container
credentials (ECS, EKS Pod Identity), and the instance's role. Profiles are read for static keys alone; what they
say of SSO, roles and programs is turned into the command that yields keys. The instance metadata address is
asked only if something listens there, since everywhere else it swallows packets until a timeout.
"""

from __future__ import annotations

import configparser
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, UsageError

_METADATA = "http://169.254.169.254"
_METADATA_S = 1.0
_TRUE = frozenset({"1", "true", "yes"})
_LOOPBACK = frozenset({"localhost", "::1"})
_DYNAMIC = ("sso_session", "sso_start_url", "role_arn", "credential_process", "source_profile")


@dataclass(frozen=True, slots=True)
class Keys:
    """An access key; `token` only for temporary ones."""

    identifier: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Access:
    """How to ask S3.

    Attributes:
        keys: static keys, or None where `options` tell obstore how to get temporary ones.
        options: obstore's own configuration keys.
        plain_http: whether the endpoint may be spoken to without TLS.
    """

    keys: Keys | None
    options: Mapping[str, str]
    plain_http: bool = False


def resolve(environ: Mapping[str, str], home: Path, redactor: Redactor) -> Access:
    """The access that this environment gives.

    Raises:
        UsageError: a profile is missing or not one of static keys, or the endpoint is not acceptable.
        Refused: there are no credentials at all.
    """
    profiles = _profiles(environ, home)
    keys, options = _credentials(environ, profiles)
    if keys is not None:
        redactor.learn(keys.secret, keys.token)
    profile = profiles.get(environ.get("AWS_PROFILE") or "default", {})
    region = (
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or profile.get("region", "us-east-1")
    )
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or ""
    options = {**options, "region": region}
    if endpoint:
        options["endpoint"] = endpoint.rstrip("/")
    return Access(keys, options, _plain_http(endpoint, environ))


def _credentials(
    environ: Mapping[str, str], profiles: Mapping[str, Mapping[str, str]]
) -> tuple[Keys | None, dict[str, str]]:
    if environ.get("AWS_SKIP_SIGNATURE", "").lower() in _TRUE:
        return None, {"skip_signature": "true"}
    if environ.get("AWS_ACCESS_KEY_ID") or environ.get("AWS_SECRET_ACCESS_KEY"):
        return _environment_keys(environ), {}
    wanted = environ.get("AWS_PROFILE", "")
    if wanted and wanted not in profiles:
        raise UsageError(
            f"There is no AWS profile {wanted!r}, which AWS_PROFILE names.",
            f"Known profiles: {', '.join(sorted(profiles)) or 'none'}.",
        )
    if wanted:
        return _profile_keys(wanted, profiles[wanted]), {}
    if environ.get("AWS_WEB_IDENTITY_TOKEN_FILE") and environ.get("AWS_ROLE_ARN"):
        names = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME")
        return None, {name.removeprefix("AWS_").lower(): environ[name] for name in names if environ.get(name)}
    if "default" in profiles and _speaks_of_credentials(profiles["default"]):
        return _profile_keys("default", profiles["default"]), {}
    container = {
        name.removeprefix("AWS_").lower(): environ[name]
        for name in (
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        )
        if environ.get(name)
    }
    if container:
        return None, container
    return None, _instance(environ)


def _environment_keys(environ: Mapping[str, str]) -> Keys:
    for name, other in (
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID"),
    ):
        if not environ.get(name):
            raise UsageError(f"{other} is set, but {name} is not.", f"Set {name}, too, or unset {other}.")
    return Keys(
        environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN", "")
    )


def _speaks_of_credentials(profile: Mapping[str, str]) -> bool:
    return "aws_access_key_id" in profile or any(name in profile for name in _DYNAMIC)


def _profile_keys(name: str, profile: Mapping[str, str]) -> Keys:
    identifier, secret = profile.get("aws_access_key_id"), profile.get("aws_secret_access_key")
    # A role or a program in the profile would override its keys, so the keys alone are not what it means.
    if identifier and secret and not any(word in profile for word in _DYNAMIC):
        return Keys(identifier, secret, profile.get("aws_session_token", ""))
    found = next((word for word in _DYNAMIC if word in profile), "")
    why = f"gets its keys by `{found}`" if found else "holds no access key"
    raise UsageError(
        f"The AWS profile {name!r} {why}; Trunkline reads only profiles with static keys.",
        f'Run `eval "$(aws configure export-credentials --profile {name} --format env)"` and try again.',
    )


def _instance(environ: Mapping[str, str]) -> dict[str, str]:
    """The instance's own role, if this is an instance and may be asked."""
    endpoint = environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _METADATA
    disabled = environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true"
    if disabled or not _listens(endpoint):
        raise Refused(
            "There are no AWS credentials to read s3:// addresses with.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE.",
        )
    return {"metadata_endpoint": endpoint.rstrip("/")}


def _listens(endpoint: str) -> bool:
    parts = urlsplit(endpoint)
    try:
        with socket.create_connection((parts.hostname or "", parts.port or 80), _METADATA_S):
            return True
    except OSError:
        return False


def _plain_http(endpoint: str, environ: Mapping[str, str]) -> bool:
    parts = urlsplit(endpoint)
    if not endpoint or parts.scheme == "https":
        return False
    host = parts.hostname or ""
    if parts.scheme != "http" or not host:
        raise UsageError(
            f"The S3 endpoint {endpoint!r} is no http or https URL.",
            "Correct AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL.",
        )
    if host in _LOOPBACK or host.startswith("127.") or environ.get("AWS_ALLOW_HTTP", "").lower() in _TRUE:
        return True
    raise UsageError(
        f"The S3 endpoint {host} would get values and charts in clear text.",
        "Use its https address, or set AWS_ALLOW_HTTP=true if that network is trusted.",
    )


def _profiles(environ: Mapping[str, str], home: Path) -> dict[str, dict[str, str]]:
    """All profiles by name, from `config` and, winning over it, `credentials`."""
    found: dict[str, dict[str, str]] = {}
    for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = Path(environ.get(variable) or home / ".aws" / name)
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, configparser.Error) as error:
            # A parser's own message repeats the line, which may be a secret.
            reason = error.strerror if isinstance(error, OSError) else "it is not written as AWS files are"
            raise UsageError(f"{path} cannot be read: {reason}.", "Mend it.") from None
        for section in parser.sections():
            profile = section.removeprefix("profile ").strip()
            found.setdefault(profile, {}).update(parser.items(section))
    return found
