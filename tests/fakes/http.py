"""An HTTP that answers what a test wrote down, one answer per request."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trunkline.ports import Opened, Request, Response, TlsSettings

Script = Response | Exception | Callable[[Request], Response]


class ScriptedHttp:
    """Implements the port `Http`; the last answer is given again and again.

    Attributes:
        requests: what was asked.
        settings: the TLS settings that it was opened with, where a test lets it be opened.
    """

    def __init__(self, *script: Script) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self.settings: list[TlsSettings] = []

    def opened(self, tls: TlsSettings) -> ScriptedHttp:
        self.settings.append(tls)
        return self

    def send(self, request: Request) -> Response:
        self.requests.append(request)
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)

    @contextlib.contextmanager
    def stream(
        self, request: Request, opened: Opened | None = None
    ) -> Iterator[tuple[Response, Iterator[bytes]]]:
        response = self.send(request)
        if response.status < 300:
            yield Response(response.status, response.headers, b""), iter(response.body.splitlines())
        else:
            yield response, iter(())


def json_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(status, headers or {}, json.dumps(body).encode())


def status_response(
    code: int, reason: str, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """Kubernetes' `Status`."""
    body = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message, **more}
    return json_response(body, code, headers)
