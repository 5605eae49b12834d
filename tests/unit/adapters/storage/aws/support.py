"""An environment with AWS around it: scripted answers, a clock that stands still, and programs that pretend."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs

from tests.fakes.clock import FakeClock
from tests.fakes.http import Script, ScriptedHttp, json_response
from tests.fakes.processes import FakeProcesses
from trunkline.adapters.storage.aws import Access, Keys, KeySource, Outside, resolve
from trunkline.domain.redaction import Redactor
from trunkline.ports import Command, Request, Response

SESSION_KEYS = Keys("ASIA9", "secret-9", "token-9")
Program = Callable[[Command], tuple[int, str, str]]


def write_profiles(home: Path, credentials: str, config: str = "") -> None:
    (home / ".aws").mkdir(exist_ok=True)
    (home / ".aws" / "credentials").write_text(credentials)
    (home / ".aws" / "config").write_text(config)


class Aws:
    """Everything that finding keys may touch; FakeClock begins on 2026-03-01 at noon."""

    def __init__(self, home: Path, environ: dict[str, str] | None = None) -> None:
        self.home = home
        self.environ = {"AWS_EC2_METADATA_DISABLED": "true", **(environ or {})}
        self.clock = FakeClock()
        self.redactor = Redactor()
        self.http = ScriptedHttp(Response(500, {}, b""))
        self.programs: dict[str, Program] = {}

    def answers(self, *script: Script) -> None:
        self.http.script = list(script)

    def access(self) -> Access:
        processes = FakeProcesses(lambda command: self.programs[command.argv[0]](command), *self.programs)
        outside = Outside(self.http.opened, lambda: processes, self.clock)
        return resolve(self.environ, self.home, self.redactor, outside)

    def source(self) -> KeySource:
        source = self.access().source
        assert source is not None
        return source

    def keys(self) -> Keys:
        return self.source().keys()

    def sts(self, identifier: str = "ASIA9", ends: str = "2026-03-01T13:00:00Z") -> Response:
        """What STS answers when it lends a role."""
        action = "AssumeRoleWithWebIdentity"
        text = (
            f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
            f"<AccessKeyId>{identifier}</AccessKeyId><SecretAccessKey>secret-9</SecretAccessKey>"
            f"<SessionToken>token-9</SessionToken><Expiration>{ends}</Expiration>"
            f"</Credentials></{action}Result></{action}Response>"
        )
        return Response(200, {}, text.encode())

    def sts_error(self, code: str, message: str, status: int = 403) -> Response:
        text = f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        return Response(status, {}, text.encode())

    def metadata(self, identifier: str = "ASIA9", **more: str) -> Response:
        """What containers and instances answer."""
        return json_response(
            {
                "AccessKeyId": identifier,
                "SecretAccessKey": "secret-9",
                "Token": "token-9",
                "Expiration": "2026-03-01T13:00:00Z",
                **more,
            }
        )

    def form(self, number: int = -1) -> dict[str, str]:
        """The form that was posted."""
        body = self.request(number).body or b""
        return {name: values[0] for name, values in parse_qs(body.decode()).items()}

    def request(self, number: int = -1) -> Request:
        return self.http.requests[number]
