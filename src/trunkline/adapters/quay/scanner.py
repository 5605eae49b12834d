"""Quay's scanner as a port: one question about one manifest, and what the answer means.

A robot's Basic credentials are good for this one endpoint of `/api/v1`; all others want an OAuth token. It takes
digests only. An index of several platforms is `unsupported` for ever: its images are what was scanned.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import quote, urlsplit

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.domain.logins import Login
from trunkline.domain.texts import one_line
from trunkline.domain.vulnerabilities import Finding, Look, Report, ScanState
from trunkline.domain.vulnerabilities.reports.quay import SOURCE, read_quay
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Http, Request, Response

Logins = Callable[[ImageReference, ImageSettings], Login | None]
Platforms = Callable[[ImageReference, ImageSettings], Mapping[str, str]]
_TIMEOUT_S = 30.0
_OK = 200
_UNAUTHORIZED, _FORBIDDEN, _MISSING, _TOO_MANY = 401, 403, 404, 429
_SERVER_ERROR = 500
# Quay's own code for a scanner that does not answer it (`downstream_issue`).
_DOWNSTREAM = 520
_LONGEST_SAID = 200
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
    """

    name = "Quay's scanner"

    def __init__(
        self, http: Http, logins: Logins, platforms: Platforms, *, url: str = "", token: str = ""
    ) -> None:
        self._http = http
        self._logins = logins
        self._platforms = platforms
        self._url = url.rstrip("/")
        self._token = token

    def look(self, image: ImageReference, settings: ImageSettings) -> Look:
        """See the port."""
        look = self._look(image, settings)
        if look.state is not ScanState.UNSUPPORTED:
            return look
        children = self._platforms(image, settings)
        if not children:
            return look
        looks = {
            platform: self._look(image.with_digest(digest), settings) for platform, digest in children.items()
        }
        return _joined(image.digest or "", looks)

    def _look(self, image: ImageReference, settings: ImageSettings) -> Look:
        login = None if self._token else self._logins(image, settings)
        response = self._http.send(
            Request("GET", self._address(image), _headers(login, self._token), timeout_s=_TIMEOUT_S)
        )
        if response.status == _OK:
            return _understood(response, image)
        return self._failed(response, image, login)

    def _address(self, image: ImageReference) -> str:
        base = self._url or f"{'http' if image.on_loopback else 'https'}://{image.registry}"
        path = quote(image.path)
        return f"{base}/api/v1/repository/{path}/manifest/{image.digest}/security?vulnerabilities=true"

    def _failed(self, response: Response, image: ImageReference, login: Login | None) -> Look:
        host, said = urlsplit(self._address(image)).netloc, _said(response)
        if response.status in (_UNAUTHORIZED, _FORBIDDEN):
            raise _refused(response, image, host, self._who(login))
        if response.status == _TOO_MANY:
            return Look(ScanState.SCANNER_DOWN, detail=f"{host} is limiting us")
        if response.status == _DOWNSTREAM:
            return Look(ScanState.SCANNER_DOWN, detail=f"{host} cannot reach its scanner{said}")
        if response.status == _MISSING:
            if not _is_problem(response):
                return Look(
                    ScanState.NOT_SCANNED, detail=f"{host} has no Quay API, or its scanner is switched off"
                )
            return Look(ScanState.NOT_SCANNED, detail=f"{host} does not know {image.digest}{said}")
        next_step = (
            "Wait until it has recovered, then run the command again."
            if response.status >= _SERVER_ERROR
            else "Check `gate.url`: the address has to be Quay's."
        )
        raise Unreachable(
            f"{host} answers with HTTP {response.status} to a question about {image}{said}.", next_step
        )

    def _who(self, login: Login | None) -> str:
        if self._token:
            return "the token of `gate.token`"
        return login.username if login is not None else ""


def _headers(login: Login | None, token: str) -> Mapping[str, str]:
    headers = {"Accept": "application/json"}
    if token:
        return {**headers, "Authorization": f"Bearer {token}"}
    if login is None or not login.username:
        return headers
    basic = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
    return {**headers, "Authorization": f"Basic {basic}"}


def _understood(response: Response, image: ImageReference) -> Look:
    try:
        return read_quay(json.loads(response.body), image.digest or "")
    except (ValueError, RecursionError) as error:
        why = "it is no JSON" if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)) else str(error)
        raise Unreachable(
            f"{image.registry} gave an answer about {image} that is none of Quay's: {why}.",
            "Check `gate.url`, and what stands between it and this machine (a proxy or a login page answers so).",
        ) from error


def _refused(response: Response, image: ImageReference, host: str, who: str) -> Refused:
    said = _said(response)
    if not who:
        return Refused(
            f"{host} does not show the scan of {image.repository} without a login (HTTP {response.status}{said}).",
            "Set QUAY_USERNAME and QUAY_PASSWORD to those of a robot that may read it, or `gate.token`.",
        )
    return Refused(
        f"{host} refuses the scan of {image.repository} to {who} (HTTP {response.status}{said}).",
        "Give it the right to read the repository; Quay answers so for a repository that does not exist, too.",
    )


def _said(response: Response) -> str:
    """What Quay's problem details say, cut short."""
    content = _problem(response)
    text = next((value for key in ("detail", "error_message", "title") if (value := content.get(key))), "")
    return f": {one_line(str(text), _LONGEST_SAID).rstrip('.')}" if text else ""


def _is_problem(response: Response) -> bool:
    return bool({"error_type", "title", "detail", "error_message"} & _problem(response).keys())


def _problem(response: Response) -> Mapping[str, object]:
    try:
        content = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


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
    report = (
        Report(SOURCE, digest, findings, max(packages, default=None), known_as=(digest,)) if reports else None
    )
    return Look(state, report, "" if state is ScanState.SCANNED else "; ".join(lagging))


def _placed(report: Report, platform: str) -> Sequence[Finding]:
    return [replace(finding, platform=platform) for finding in report.findings]
