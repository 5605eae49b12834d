"""Keys that the host hands out: to a container (ECS, EKS Pod Identity) and to an instance (EC2).

References: AWS SDKs and Tools Reference Guide, "Container credential provider" and "IMDS credential provider".
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlsplit

from trunkline.adapters.storage.aws.keys import Keys, Surroundings, bounded, json_object, keys_in
from trunkline.errors import Refused, TrunklineError, Unreachable, UsageError
from trunkline.ports import Request, Response

_CONTAINER_HOST = "http://169.254.170.2"
_CONTAINER_HOSTS = frozenset({"169.254.170.2", "169.254.170.23", "fd00:ec2::23", "localhost"})
_CONTAINER_S = 2.0
_INSTANCE = "http://169.254.169.254"
_INSTANCE_6 = "http://[fd00:ec2::254]"
_INSTANCE_S = 1.0
_ROLES = "/latest/meta-data/iam/security-credentials/"
_OK = 200
_SERVER_ERROR = 500
_MISSING = 404


def container_address(environ: Mapping[str, str]) -> str:
    """Where the container's keys are; empty where this is no such container.

    Raises:
        UsageError: the address is one that would let anybody on the way read the token.
    """
    if relative := environ.get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        return f"{_CONTAINER_HOST}{relative}"
    address = environ.get("AWS_CONTAINER_CREDENTIALS_FULL_URI", "")
    parts = urlsplit(address)
    host = parts.hostname or ""
    if address and parts.scheme != "https" and host not in _CONTAINER_HOSTS and not _loopback(host):
        raise UsageError(
            f"AWS_CONTAINER_CREDENTIALS_FULL_URI names {host or 'no host'}, which may not be asked without TLS",
            f"Use https, loopback or one of {', '.join(sorted(_CONTAINER_HOSTS))}.",
        )
    return address


def container_keys(surroundings: Surroundings) -> Keys:
    """Ask the container's agent.

    Raises:
        UsageError: the address or the token is not as it should be.
        Refused, Unreachable: the agent says no, or nothing.
    """
    address = container_address(surroundings.environ)
    headers = {"accept": "application/json", **_authorization(surroundings)}
    answer = surroundings.send_near(bounded(Request("GET", address, headers, timeout_s=_CONTAINER_S)))
    host = urlsplit(address).netloc
    if answer.status != _OK:
        raise _refused(host, answer)
    keys = keys_in(json_object(answer.body))
    if keys is None:
        raise Unreachable(f"{host} answers something that holds no keys", "Look at the agent's log.")
    return keys


def _authorization(surroundings: Surroundings) -> dict[str, str]:
    path = surroundings.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "")
    token = surroundings.environ.get("AWS_CONTAINER_AUTHORIZATION_TOKEN", "")
    if path:
        try:
            token = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
            raise UsageError(
                f"the token file {path} cannot be read: {reason}",
                "Check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE and the pod's volumes.",
            ) from None
    surroundings.redactor.learn(token)
    if "\n" in token or "\r" in token:
        raise UsageError("the token for the agent holds a line break", "Write it without one.")
    return {"authorization": token} if token else {}


def instance_endpoint(environ: Mapping[str, str], profile: Mapping[str, str]) -> str:
    """Where the instance's metadata are; empty where somebody forbade to ask."""
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        return ""
    key = "ec2_metadata_service_endpoint"
    own = environ.get(f"AWS_{key.upper()}") or profile.get(key)
    mode = environ.get(f"AWS_{key.upper()}_MODE") or profile.get(f"{key}_mode", "")
    return (own or (_INSTANCE_6 if mode.lower() == "ipv6" else _INSTANCE)).rstrip("/")


def listens(endpoint: str) -> bool:
    """Whether somebody is there: elsewhere than on an instance the address swallows packets until a timeout."""
    try:
        parts = urlsplit(endpoint)
        with socket.create_connection((parts.hostname or "", parts.port or 80), _INSTANCE_S):
            return True
    except (OSError, ValueError):
        return False


def instance_keys(endpoint: str, surroundings: Surroundings) -> Keys:
    """Ask the instance's metadata for the keys of its role.

    Raises:
        Refused, Unreachable: it has no role, or there is no answer.
    """
    token = _token(endpoint, surroundings)
    roles = _metadata(endpoint, _ROLES, token, surroundings)
    role = roles.text.strip().partition("\n")[0]
    if roles.status == _MISSING or (roles.status == _OK and not role):
        raise Refused("the instance has no role", "Attach an instance profile, or set AWS_PROFILE.")
    if roles.status != _OK:
        raise _refused(urlsplit(endpoint).netloc, roles)
    answer = _metadata(endpoint, _ROLES + quote(role, safe=""), token, surroundings)
    found = json_object(answer.body)
    keys = keys_in(found) if answer.status == _OK else None
    if keys is None:
        said = found.get("Message") or found.get("Code") or f"HTTP {answer.status}"
        raise Refused(f"the instance's role {role} gives no keys ({said})", "Check the role's trust policy.")
    return keys


def instance_region(endpoint: str, surroundings: Surroundings) -> str:
    """The region that the instance is in; empty where it does not say."""
    with contextlib.suppress(TrunklineError):
        token = _token(endpoint, surroundings)
        answer = _metadata(endpoint, "/latest/meta-data/placement/region", token, surroundings)
        return answer.text.strip() if answer.status == _OK else ""
    return ""


def _token(endpoint: str, surroundings: Surroundings) -> str:
    """A token for version 2 of the service; empty where only version 1 answers."""
    headers = {"x-aws-ec2-metadata-token-ttl-seconds": "21600"}
    request = Request("PUT", f"{endpoint}/latest/api/token", headers, timeout_s=_INSTANCE_S)
    try:
        answer = surroundings.send_near(bounded(request), attempts=1)
    except Unreachable:
        # In a container the answer may be one hop too far away; version 1 has no such limit.
        answer = None
    if answer is not None and answer.status == _OK:
        surroundings.redactor.learn(answer.text)
        return answer.text
    if surroundings.environ.get("AWS_EC2_METADATA_V1_DISABLED", "").lower() == "true":
        raise Unreachable(
            "the instance's metadata give no token (IMDSv2), and AWS_EC2_METADATA_V1_DISABLED forbids to go without",
            "Raise the instance's hop limit for metadata to 2.",
        )
    return ""


def _metadata(endpoint: str, path: str, token: str, surroundings: Surroundings) -> Response:
    headers = {"x-aws-ec2-metadata-token": token} if token else {}
    request = Request("GET", f"{endpoint}{path}", headers, timeout_s=_INSTANCE_S)
    return surroundings.send_near(bounded(request), attempts=2)


def _refused(host: str, answer: Response) -> TrunklineError:
    said = f"{host} answers with HTTP {answer.status}"
    if answer.status >= _SERVER_ERROR:
        return Unreachable(said, "Run the command again in a moment.")
    return Refused(said, "Check the role of the task, the pod or the instance.")


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
