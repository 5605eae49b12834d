"""One conversation with a registry: answers its challenge, tries again while it stumbles, hides what it is given.

The protocol is the OCI distribution specification v1.1 and Docker's token authentication (distribution
project, `spec/auth/token` and `spec/auth/oauth`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

from trunkline.adapters.registry.keyring import Keyring
from trunkline.config.project import ImageSettings
from trunkline.domain.challenges import Challenge, parse_challenges
from trunkline.domain.images import DEFAULT_REGISTRY, ImageReference
from trunkline.domain.logins import Login
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Http, Request, Response

_HUB_HOST = "registry-1.docker.io"
_TIMEOUT_S = 15.0
_WHOLE_S = 120.0
# Of manifests and configurations registries take 4 MB at most.
LARGEST = 8 * 1024 * 1024
_PAUSES_S = (0.5, 1.5)
_LONGEST_PAUSE_S = 10.0
_UNAUTHORIZED = 401
_FORBIDDEN = 403
_TOO_MANY = 429
_PASSING = frozenset({_TOO_MANY, 500, 502, 503, 504})
# However little is asked for, a refusal may take more.
_LARGEST_REFUSAL = 64 * 1024
_OK = 200
_CREATED, _ACCEPTED = 201, 202
_LONGEST_SAID = 200


class Session:
    """Requests about one image's repository."""

    def __init__(
        self,
        http: Http,
        keyring: Keyring,
        redactor: Redactor,
        pause: Callable[[float], None],
        image: ImageReference,
        settings: ImageSettings,
    ) -> None:
        self._http = http
        self._keyring = keyring
        self._redactor = redactor
        self._pause = pause
        self._image = image
        self._settings = settings
        self._authorization = ""
        self._login: Login | None = None

    def ask(
        self,
        method: str,
        path: str,
        accept: str = "*/*",
        largest: int = LARGEST,
        body: tuple[str, bytes] | None = None,
    ) -> Response:
        """Send a request for `/v2/<the image's path>/<path>`; any status but those below is returned.

        Args:
            method: HTTP's.
            path: what is asked for, below the image's repository.
            accept: media types.
            largest: bytes that the answer may have.
            body: what to send, with its media type before it.

        Raises:
            Refused: 401 or 403 with all that we have.
            Unreachable: no answer, or a server error or 429 that does not pass.
        """
        url = f"{self._base()}/v2/{self._image.path}/{path}"

        def request() -> Request:
            headers, content = self._headers(accept), None
            if body is not None:
                headers, content = {**headers, "Content-Type": body[0]}, body[1]
            bound = max(largest, _LARGEST_REFUSAL)
            return Request(method, url, headers, content, _TIMEOUT_S, total_s=_WHOLE_S, largest=bound)

        response = self._send(request())
        if response.status == _UNAUTHORIZED:
            self._authorize(response)
            response = self._send(request())
        if response.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise self._refused(response)
        return response

    def upload(self, content: bytes) -> str:
        """Bring a blob to the repository, unless it is there; its digest.

        Raises:
            Refused: we may not write there. Unreachable: as `ask`; also where the registry does not take it.
        """
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        if self.ask("HEAD", f"blobs/{digest}").status == _OK:
            return digest
        begun = self.ask("POST", "blobs/uploads/", body=("application/octet-stream", b""))
        location = begun.headers.get("location", "")
        if begun.status != _ACCEPTED or not location:
            raise self._not_taken(begun)
        url = urljoin(f"{self._base()}/v2/{self._image.path}/blobs/uploads/", location)
        if urlsplit(url)[:2] != urlsplit(self._base())[:2]:
            raise self._not_taken(begun)
        url += f"{'&' if '?' in url else '?'}digest={digest}"
        headers = {**self._headers("*/*"), "Content-Type": "application/octet-stream"}
        done = self._send(
            Request("PUT", url, headers, content, _TIMEOUT_S, total_s=_WHOLE_S, largest=LARGEST)
        )
        if done.status != _CREATED:
            raise self._not_taken(done)
        return digest

    def _not_taken(self, response: Response) -> Unreachable:
        return Unreachable(
            f"{self._image.registry} does not take a blob for {self._image.path} (HTTP {response.status}{_said(response)}).",
            "Check the registry's room and rights, then run the command again.",
        )

    def _base(self) -> str:
        host = _HUB_HOST if self._image.registry == DEFAULT_REGISTRY else self._image.registry
        return f"{'http' if self._image.on_loopback else 'https'}://{host}"

    def _headers(self, accept: str) -> Mapping[str, str]:
        headers = {"Accept": accept}
        return {**headers, "Authorization": self._authorization} if self._authorization else headers

    def _send(self, request: Request) -> Response:
        """Send, and again a moment later when the connection fails or the server says that it is in trouble."""
        response = self._send_once(request)
        for pause_s in _PAUSES_S:
            if response.status not in _PASSING:
                return response
            self._pause(self._wished_pause(response, pause_s))
            response = self._send_once(request)
        if response.status in _PASSING:
            raise self._in_trouble(request, response)
        return response

    def _send_once(self, request: Request) -> Response:
        try:
            return self._http.send(request)
        except Unreachable:
            # One broken connection is an accident; a host that stays silent costs its whole timeout each time.
            self._pause(_PAUSES_S[0])
            return self._http.send(request)

    def _wished_pause(self, response: Response, otherwise_s: float) -> float:
        """Seconds to wait; a server that wants us to wait for long is not asked again."""
        try:
            wished_s = float(response.headers.get("retry-after", ""))
        except ValueError:
            return otherwise_s
        if wished_s > _LONGEST_PAUSE_S:
            raise Unreachable(
                f"{self._image.registry} is limiting us and wants to be asked again in {wished_s:g} s.",
                "Wait that long, or log in: registries limit strangers more than accounts.",
            )
        return max(wished_s, 0.0)

    def _in_trouble(self, request: Request, response: Response) -> Unreachable:
        host = urlsplit(request.url).netloc
        return Unreachable(
            f"{host} answers with HTTP {response.status} to {request.method} {urlsplit(request.url).path}{_said(response)}.",
            "Wait until the registry has recovered (its status page may tell), then run the command again.",
        )

    def _authorize(self, response: Response) -> None:
        """Answer the challenge of a 401."""
        self._login = self._keyring.login(self._image, self._settings)
        challenges = {
            item.scheme: item for item in parse_challenges(response.headers.get("www-authenticate", ""))
        }
        if bearer := challenges.get("bearer"):
            self._authorization = f"Bearer {self._token(bearer)}"
        elif "basic" in challenges and self._login is not None and self._login.username:
            self._authorization = _basic(self._login)
        else:
            raise self._refused(response)

    def _token(self, challenge: Challenge) -> str:
        realm = urljoin(self._base(), challenge.parameters.get("realm", ""))
        self._check_realm(realm)
        answer = self._send(self._token_request(realm, challenge))
        if answer.status in (400, _UNAUTHORIZED, _FORBIDDEN):
            raise self._refused(answer)
        content = _json(answer)
        token = content.get("token") or content.get("access_token")
        if answer.status != _OK or not isinstance(token, str) or not token:
            raise Unreachable(
                f"{urlsplit(realm).netloc} gives no token for {self._image.repository} (HTTP {answer.status}).",
                "Check that the address is a registry's; if it is, wait until it has recovered.",
            )
        self._redactor.learn(token)
        return token

    def _token_request(self, realm: str, challenge: Challenge) -> Request:
        asked = {
            "service": challenge.parameters.get("service", ""),
            "scope": challenge.parameters.get("scope") or f"repository:{self._image.path}:pull",
        }
        login = self._login
        if login is not None and login.identity_token:
            form = {
                **asked,
                "grant_type": "refresh_token",
                "client_id": "trunkline",
                "refresh_token": login.identity_token,
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            return Request("POST", realm, headers, urlencode(form).encode(), timeout_s=_TIMEOUT_S)
        query = urlencode({key: value for key, value in asked.items() if value})
        url = f"{realm}{'&' if '?' in realm else '?'}{query}"
        headers = {"Authorization": _basic(login)} if login is not None else {}
        return Request("GET", url, headers, timeout_s=_TIMEOUT_S)

    def _check_realm(self, realm: str) -> None:
        # A password goes there: never in clear text over a network, whatever a registry says.
        if urlsplit(realm).scheme != "https" and not self._image.on_loopback:
            raise Refused(
                f"{self._image.registry} sends us to {urlsplit(realm).netloc} for a token without TLS.",
                "Mend the registry's token realm: it has to be an https address.",
            )

    def _refused(self, response: Response) -> Refused:
        who = self._login.username or "the stored identity token" if self._login else ""
        registry = self._image.registry
        said = _said(response)
        troubles = "".join(f" {trouble}." for trouble in self._keyring.troubles)
        if not who:
            return Refused(
                f"{registry} does not show {self._image.repository} without a login (HTTP {response.status}{said}).",
                f"Give a username and password in trunkline.yaml (QUAY_USERNAME and QUAY_PASSWORD without one), "
                f"or run `docker login {registry}`.{troubles}",
            )
        return Refused(
            f"{registry} refuses {self._image.repository} to {who} (HTTP {response.status}{said}).",
            f"Check the password of {who} and its permission to read; Quay answers so for a repository that "
            f"does not exist, too.{troubles}",
        )


def _basic(login: Login) -> str:
    return "Basic " + base64.b64encode(f"{login.username}:{login.password}".encode()).decode()


def _json(response: Response) -> Mapping[str, Any]:
    try:
        content = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _said(response: Response) -> str:
    """What the registry says of an error, in the OCI form or in Quay's, cut short."""
    content = _json(response)
    errors = content.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else content
    message = first.get("message") or first.get("detail") or first.get("details")
    text = " ".join(message.split()) if isinstance(message, str) else ""
    return f": {text[:_LONGEST_SAID].rstrip('.')}" if text else ""
