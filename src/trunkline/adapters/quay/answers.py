"""What an answer of Quay's security endpoint means: a look at the scan, or why there is none.

Errors are problem details (RFC 7807) with Quay's own `error_type`; 520 with `downstream_issue` is a scanner that does not
answer Quay. What is neither that nor a scan comes from something else than Quay, and is never taken for a clean scan.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference
from trunkline.domain.redaction import Redactor
from trunkline.domain.texts import one_line
from trunkline.domain.vulnerabilities import Look, ScanState
from trunkline.domain.vulnerabilities.reports.quay import read_quay
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Response
from trunkline.ports.scanners import RETRY_AFTER

_DOWNSTREAM = 520
_DOWNSTREAM_TYPES = frozenset({"downstream_issue", "external_service_timeout"})
_PROBLEM = frozenset({"error_type", "error_message", "detail", "title"})
_LONGEST_SAID = 200
# Nobody waits for longer than a day, whatever a server wishes.
_LONGEST_WISH_S = 86400.0
_BEGUN = (b"{", b"[")


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: the `host`, about which `image` (and what `about` it), and as `who` (empty for a stranger)."""

    host: str
    image: ImageReference
    who: str
    redactor: Redactor
    about: str = "the scan"


def look_from(response: Response, asked: Question) -> Look:
    """The look that an answer is.

    Raises:
        Refused: the login is not good enough, or it is not Quay that answers: asking again changes nothing.
        Unreachable: Quay is in trouble or limits us, or its answer came in pieces.
    """
    status, host = response.status, asked.host
    if status == HTTPStatus.OK:
        return _scan(response, asked)
    said = _said(response, asked.redactor)
    if status == HTTPStatus.NOT_FOUND and is_problem(response):
        return Look(ScanState.NOT_SCANNED, detail=f"{host} does not know {asked.image.digest}{said}")
    if status == HTTPStatus.NOT_FOUND:
        return Look(ScanState.NOT_SCANNED, detail=f"{host} has no Quay API, or its scanner is switched off")
    if status == _DOWNSTREAM and _problem(response).get("error_type") in _DOWNSTREAM_TYPES:
        return Look(ScanState.SCANNER_DOWN, detail=f"{host} cannot reach its scanner{said}")
    raise trouble(response, asked)


def trouble(response: Response, asked: Question) -> Unreachable:
    """The error for an answer that is no answer to the question: `Refused` where asking again changes nothing."""
    status, host, said = response.status, asked.host, _said(response, asked.redactor)
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return _refused(response, asked, said)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return _limited(response, asked)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(
            f"{host} answers with HTTP {status} to a question about {asked.image}{said}.",
            "Wait until it has recovered (its status page may tell), then run the command again.",
        )
    return Refused(
        f"{host} answers with HTTP {status} to a question about {asked.image}{said}.",
        "Check `gate.url`: the address has to be Quay's.",
    )


def no_sense(asked: Question, why: str) -> Refused:
    """The error for an answer that Quay would not give."""
    return Refused(
        f"{asked.host} gave an answer about {asked.image} that is none of Quay's: {why}.",
        "Check `gate.url`, and what stands between it and this machine (a proxy or a login page answers so).",
    )


def content_of(response: Response, asked: Question) -> Any:
    """The JSON of an answer.

    Raises:
        Refused: it is something else. Unreachable: it came in pieces.
    """
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        if not response.body.lstrip().startswith(_BEGUN):
            raise no_sense(asked, "it is no JSON") from None
    raise Unreachable(
        f"{asked.host} gave an answer about {asked.image} that is broken: it is no whole JSON.",
        "Run the command again; if it stays, something on the way cuts or changes Quay's answers.",
    )


def _scan(response: Response, asked: Question) -> Look:
    content = content_of(response, asked)
    try:
        return read_quay(content, asked.image.digest or "")
    except ValueError as error:
        raise no_sense(asked, str(error)) from error


def _refused(response: Response, asked: Question, said: str) -> Refused:
    if not asked.who:
        return Refused(
            f"{asked.host} does not show {asked.about} of {asked.image.repository} without a login "
            f"(HTTP {response.status}{said}).",
            "Log in as a robot that may read it (`image.username` and `image.password`, or `docker login`), or set "
            "`gate.token`.",
        )
    if response.status == HTTPStatus.UNAUTHORIZED:
        return Refused(
            f"{asked.host} does not accept {asked.who} (HTTP 401{said}).",
            "Check its name and its password or token: it may be mistyped, expired, or of another Quay.",
        )
    return Refused(
        f"{asked.host} refuses {asked.about} of {asked.image.repository} to {asked.who} "
        f"(HTTP {response.status}{said}).",
        "Give it the right to read the repository; Quay answers so for a repository that does not exist, too.",
    )


def _limited(response: Response, asked: Question) -> Unreachable:
    wished_s = _seconds(response.headers.get("retry-after", ""))
    when = f" and wants to be asked again in {wished_s:g} s" if wished_s else ""
    error = Unreachable(
        f"{asked.host} is limiting us{when} (HTTP 429).",
        "Wait a little, and ask it from fewer pipelines at the same time.",
    )
    error.facts[RETRY_AFTER] = wished_s
    return error


def _seconds(text: str) -> float:
    """The seconds of a Retry-After header; 0 for none, and for its other spelling, a date."""
    return min(float(text), _LONGEST_WISH_S) if text.isascii() and text.isdigit() else 0.0


def _said(response: Response, redactor: Redactor) -> str:
    """What the problem details say, cut short; a server may repeat what it was given."""
    content = _problem(response)
    texts = (content.get(key) for key in ("detail", "error_message", "title"))
    text = next((text for text in texts if isinstance(text, str) and text.strip()), "")
    return f": {one_line(redactor.text(text), _LONGEST_SAID).rstrip('.')}" if text else ""


def is_problem(response: Response) -> bool:
    """Whether an error is told in problem details, as Quay's API tells it."""
    return bool(_PROBLEM & _problem(response).keys())


def _problem(response: Response) -> Mapping[str, Any]:
    try:
        content = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
