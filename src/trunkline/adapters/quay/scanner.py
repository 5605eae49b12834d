"""Quay's scanner as a port: one question about one manifest, and one about each image of an index.

A robot's Basic credentials are good for this one endpoint of `/api/v1`; all others want an OAuth token. It takes
digests only. An index of several platforms is `unsupported` for ever: its images are what was scanned.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import quote, urlencode, urlsplit

from trunkline.adapters.quay.addresses import base_of, check_secret
from trunkline.adapters.quay.answers import Question, look_from
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.domain.logins import Login
from trunkline.domain.redaction import Redactor
from trunkline.domain.vulnerabilities import Finding, Look, Report, ScanState
from trunkline.domain.vulnerabilities.reports.quay import SOURCE
from trunkline.errors import Unreachable
from trunkline.ports import Http, Request

Logins = Callable[[ImageReference, ImageSettings], Login | None]
Platforms = Callable[[ImageReference, ImageSettings], Mapping[str, str]]
_TIMEOUT_S = 30.0
# From the least advanced on: the first of these that any platform is in stands for the whole index.
_LEAST_ADVANCED = (
    ScanState.SCANNER_DOWN,
    ScanState.QUEUED,
    ScanState.FAILED,
    ScanState.NOT_SCANNED,
    ScanState.UNSUPPORTED,
    ScanState.TOO_LARGE,
    ScanState.SCANNED,
)


class QuayScanner:
    """Implements the port `Scanner`.

    Args:
        http: how it is asked.
        logins: finds the registry's login for an image; what it finds is known to the redactor.
        platforms: the images of an index by platform, empty for an image of one; attestations left out.
        url: where Quay is; empty for the image's registry.
        token: an OAuth token, instead of the registry's login.
        warn: is told, once, of a login that Quay does not seem to know.
    """

    name = "Quay's scanner"

    def __init__(
        self,
        http: Http,
        logins: Logins,
        platforms: Platforms,
        *,
        url: str = "",
        token: str = "",
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._http = http
        self._logins = logins
        self._platforms = platforms
        self._url = url
        self._token = token
        self._warn = warn
        self._redactor = Redactor((token,))
        # Of indexes, whose content never changes: a wait asks for their images and no longer for themselves.
        self._images: dict[str, Mapping[str, str]] = {}
        self._tried: set[str] = set()

    def look(self, image: ImageReference, settings: ImageSettings) -> Look:
        """See the port."""
        key = str(image)
        if key not in self._images:
            look = self._look(image, settings)
            if look.state is not ScanState.UNSUPPORTED:
                return look
            images = self._platforms(image, settings)
            if not images:
                return look
            self._images[key] = images
        looks = {
            platform: self._look(image.with_digest(digest), settings)
            for platform, digest in self._images[key].items()
        }
        return _joined(image.digest or "", looks)

    def _look(self, image: ImageReference, settings: ImageSettings) -> Look:
        login = None if self._token else self._logins(image, settings)
        if login is not None and not login.username:
            # An identity token is for the token service alone.
            login = None
        base = base_of(image, self._url)
        headers = self._headers(login, base)
        path = f"/api/v1/repository/{quote(image.path)}/manifest/{image.digest}/security?vulnerabilities=true"
        response = self._http.send(Request("GET", f"{base}{path}", headers, timeout_s=_TIMEOUT_S))
        asked = Question(urlsplit(base).netloc.rpartition("@")[2], image, self._who(login), self._redactor)
        look = look_from(response, asked)
        if login is not None and look.state is not ScanState.NOT_SCANNED:
            self._try(login, base, image)
        return look

    def _who(self, login: Login | None) -> str:
        if self._token:
            return "the token of `gate.token`"
        return login.username if login is not None else ""

    def _headers(self, login: Login | None, base: str) -> Mapping[str, str]:
        headers = {"Accept": "application/json"}
        if login is None and not self._token:
            return headers
        check_secret(base, self._who(login))
        if login is None:
            return {**headers, "Authorization": f"Bearer {self._token}"}
        self._redactor.learn_login(login.username, login.password)
        return {**headers, "Authorization": _basic(login)}

    def _try(self, login: Login, base: str, image: ImageReference) -> None:
        """Warn of a login that was not what opened the door: of a wrong one Quay says nothing where a stranger may look."""
        if login.username in self._tried:
            return
        self._tried.add(login.username)
        host = urlsplit(base).netloc.rpartition("@")[2]
        query = urlencode({"service": host, "scope": f"repository:{image.path}:pull"})
        request = Request(
            "GET", f"{base}/v2/auth?{query}", {"Authorization": _basic(login)}, timeout_s=_TIMEOUT_S
        )
        try:
            status = self._http.send(request).status
        except Unreachable as error:
            self._warn(f"whether {host} knows {login.username} could not be told: {error.message}")
            return
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            self._warn(
                f"{host} does not accept {login.username} (HTTP {status}): it shows the scan of {image.repository} "
                "to anybody. Check the name and the password: on a private repository the gate would be refused."
            )
        elif status != HTTPStatus.OK:
            self._warn(f"whether {host} knows {login.username} could not be told: HTTP {status}")


def _basic(login: Login) -> str:
    pair = f"{login.username}:{login.password}".encode("utf-8", "surrogateescape")
    return f"Basic {base64.b64encode(pair).decode()}"


def _joined(digest: str, looks: Mapping[str, Look]) -> Look:
    """The looks at all platforms as one at the index: findings together, the least advanced state for all."""
    states = {look.state for look in looks.values()}
    state = next(state for state in _LEAST_ADVANCED if state in states)
    lagging = [
        f"{platform}: {look.detail or look.state}" for platform, look in looks.items() if look.state is state
    ]
    reports = [(platform, look.report) for platform, look in looks.items() if look.report is not None]
    findings = tuple(found for platform, report in reports for found in _placed(report, platform))
    packages = [report.packages for _, report in reports if report.packages is not None]
    # One platform in which nothing was recognised must not hide behind another.
    count = max(packages) if packages and all(packages) else min(packages, default=None)
    report = Report(SOURCE, digest, findings, count, known_as=(digest,)) if reports else None
    return Look(state, report, "" if state is ScanState.SCANNED else "; ".join(lagging))


def _placed(report: Report, platform: str) -> Sequence[Finding]:
    return [replace(finding, platform=platform) for finding in report.findings]
