"""Keys from every kind of source open a real S3 server; temporary ones are renewed in the midst of work."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import obstore
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Served
from werkzeug import Response as Answered

from dev.ready import free_port
from dev.s3 import S3
from tests.contract.test_storage import writer
from tests.fakes.clock import FakeClock
from tests.unit.adapters.storage.aws.support import Aws, write_profiles
from tests.unit.adapters.storage.aws.test_signing import oracle
from trunkline.adapters.http import HttpClient
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.storage import FileStorage
from trunkline.adapters.storage.aws import Keys, Outside, resolve
from trunkline.bootstrap.aws import ways_to_keys
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, Refused, Unreachable

PLACE = "s3://acme-keys/values"
VALUES = b"replicas: 2\n"
PROGRAM = """import json, pathlib, sys
room = pathlib.Path({room!r})
with (room / "asked").open("a") as file:
    file.write("x")
if (room / "trouble").exists():
    sys.exit("please log in")
print((room / "answer").read_text())
"""


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3(buckets=["acme-keys"]) as server:
        obstore.put(writer(server, "acme-keys"), "values/base.yaml", VALUES)
        yield server


class Laptop:
    """A person's machine, whose default profile has a program that hands out the server's keys."""

    def __init__(self, home: Path, server: S3) -> None:
        self.home, self.server, self.clock, self.redactor = home, server, FakeClock(), Redactor()
        (home / "program.py").write_text(PROGRAM.format(room=str(home)))
        write_profiles(
            home,
            "",
            f"[default]\ncredential_process = {sys.executable} {home / 'program.py'}\nregion=us-east-1\n",
        )
        self.hands_out()

    def hands_out(self, ends: str = "2026-03-01T13:00:00Z") -> None:
        keys = {"AccessKeyId": self.server.access_key, "SecretAccessKey": self.server.secret_key}
        (self.home / "answer").write_text(json.dumps({"Version": 1, **keys, "Expiration": ends}))

    def asked(self) -> int:
        return len((self.home / "asked").read_text())

    def storage(self) -> FileStorage:
        processes = SubprocessProcesses({}, self.redactor)
        outside = Outside(HttpClient, lambda: processes, self.clock)
        environ = {"AWS_ENDPOINT_URL_S3": self.server.endpoint}
        return FileStorage(environ, self.redactor, self.home, outside=lambda: outside)


def test_a_programs_keys_open_the_storage(server: S3, tmp_path: Path) -> None:
    """The program is asked once for any number of requests, and its secret is hidden."""
    laptop = Laptop(tmp_path, server)
    files = laptop.storage()
    for number in range(3):
        assert files.fetch(PLACE, "base.yaml", tmp_path / str(number)).path.read_bytes() == VALUES
    assert laptop.asked() == 1
    assert server.secret_key not in laptop.redactor.text(server.secret_key)


def test_keys_are_renewed_in_the_midst(server: S3, tmp_path: Path) -> None:
    """Keys that are about to end are replaced at the next request, without opening the storage anew."""
    laptop = Laptop(tmp_path, server)
    files = laptop.storage()
    files.fetch(PLACE, "base.yaml", tmp_path / "1")
    laptop.clock.advance(56 * 60)
    laptop.hands_out("2026-03-01T14:00:00Z")
    files.fetch(PLACE, "base.yaml", tmp_path / "2")
    files.fetch(PLACE, "base.yaml", tmp_path / "3")
    assert laptop.asked() == 2


def test_a_renewal_that_fails_is_told_in_the_sources_words(server: S3, tmp_path: Path) -> None:
    """Where the old keys have ended and no new ones come, the error is the source's, not one of the storage."""
    laptop = Laptop(tmp_path, server)
    files = laptop.storage()
    files.fetch(PLACE, "base.yaml", tmp_path / "1")
    laptop.clock.advance(61 * 60)
    (tmp_path / "trouble").touch()
    with pytest.raises(
        Refused, match=r"credential_process of the profile default: .* please log in"
    ) as caught:
        files.fetch(PLACE, "base.yaml", tmp_path / "2")
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    (tmp_path / "trouble").unlink()
    laptop.hands_out("2026-03-01T18:00:00Z")
    assert files.fetch(PLACE, "base.yaml", tmp_path / "3").path.read_bytes() == VALUES


def test_a_container_opens_the_storage(server: S3, httpserver: HTTPServer, tmp_path: Path) -> None:
    """A pod's agent is asked over real HTTP, with the pod's token, and its keys open the storage."""
    (tmp_path / "token").write_text("pod-token-1")
    keys = {"AccessKeyId": server.access_key, "SecretAccessKey": server.secret_key}
    expected = httpserver.expect_oneshot_request("/v1/credentials", headers={"Authorization": "pod-token-1"})
    expected.respond_with_json({**keys, "Token": "", "Expiration": "2099-01-01T00:00:00Z"})
    environ = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": httpserver.url_for("/v1/credentials"),
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ENDPOINT_URL_S3": server.endpoint,
        "PATH": "",
    }
    redactor = Redactor()
    files = FileStorage(environ, redactor, tmp_path, outside=ways_to_keys(environ, redactor))
    assert files.fetch(PLACE, "base.yaml", tmp_path / "out").path.read_bytes() == VALUES
    assert server.secret_key not in redactor.text(server.secret_key)


def test_a_role_is_asked_for_with_a_signature_that_holds(httpserver: HTTPServer, tmp_path: Path) -> None:
    """What arrives at STS over real HTTP is signed as botocore would sign exactly these bytes."""
    write_profiles(
        tmp_path,
        "[base]\naws_access_key_id=AKIA2\naws_secret_access_key=secret-2\naws_session_token=a token+/=\n",
        "[profile ci]\nrole_arn=arn:aws:iam::1:role/d\u00e9ploy\nsource_profile=base\nregion=eu-west-1\n",
    )
    served: list[Served] = []

    def lend(request: Served) -> Answered:
        request.get_data()
        served.append(request)
        return Answered(Aws(tmp_path).sts(ends="2099-01-01T00:00:00Z").body)

    httpserver.expect_oneshot_request("/sts/", method="POST").respond_with_handler(lend)
    environ = {"AWS_PROFILE": "ci", "AWS_ENDPOINT_URL_STS": httpserver.url_for("/sts/")}
    redactor = Redactor()
    source = resolve(environ, tmp_path, redactor, ways_to_keys(environ, redactor)()).source
    assert source is not None
    assert source.keys().identifier == "ASIA9"
    headers = served[0].headers
    at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    url = f"http://{headers['host']}/sts/"
    expected = oracle(
        url, served[0].get_data(), Keys("AKIA2", "secret-2", "a token+/="), "eu-west-1", "sts", at
    )
    assert headers["authorization"] == expected


def test_circleci_is_refused_by_a_real_answer(httpserver: HTTPServer, tmp_path: Path) -> None:
    """STS's refusal of CircleCI's token comes over real HTTP as one sentence, without the token."""
    text = "<ErrorResponse><Error><Code>InvalidIdentityToken</Code><Message>No OpenIDConnect provider found</Message></Error></ErrorResponse>"
    httpserver.expect_request("/", method="POST").respond_with_data(text, status=400)
    environ = {
        "CIRCLE_OIDC_TOKEN_V2": "a-token-of-circleci",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/deploy",
        "AWS_ENDPOINT_URL_STS": httpserver.url_for("/"),
        "AWS_REGION": "eu-west-1",
    }
    files = FileStorage(environ, Redactor(), tmp_path, outside=ways_to_keys(environ, Redactor()))
    with pytest.raises(
        Refused, match=r"web identity by CircleCI's token .* No OpenIDConnect provider"
    ) as caught:
        files.fetch(PLACE, "base.yaml", tmp_path / "out")
    assert "identity provider" in caught.value.hint
    assert "a-token-of-circleci" not in caught.value.message + caught.value.hint


def test_sts_that_is_down_is_unreachable(tmp_path: Path) -> None:
    """Nobody at STS's address is exit code 7, with what was looked at before."""
    environ = {
        "CIRCLE_OIDC_TOKEN_V2": "a-token-of-circleci",
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/deploy",
        "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{free_port()}",
    }
    files = FileStorage(environ, Redactor(), tmp_path, outside=ways_to_keys(environ, Redactor()))
    with pytest.raises(Unreachable, match=r"environment: .* is not set; web identity .* was refused"):
        files.fetch(PLACE, "base.yaml", tmp_path / "out")
