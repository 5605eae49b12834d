"""Keys that the host hands out to a container or an instance, and how little it is waited for."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.http import Script, json_response
from tests.unit.adapters.storage.aws.support import SESSION_KEYS, Aws, write_profiles
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Request, Response

FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"


@pytest.fixture
def endpoint() -> Iterator[str]:
    """An address where somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def container(home: Path, *script: Script, **environ: str) -> Aws:
    aws = Aws(home, environ or {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"})
    aws.answers(*(script or (aws.metadata(),)))
    return aws


def test_a_task_asks_its_agent(tmp_path: Path) -> None:
    """ECS's relative address is asked at ECS's own host, past any proxy."""
    aws = container(tmp_path)
    keys = aws.keys()
    assert (keys.identifier, keys.secret, keys.token) == (
        SESSION_KEYS.identifier,
        SESSION_KEYS.secret,
        SESSION_KEYS.token,
    )
    assert keys.ends is not None
    assert aws.request().url == "http://169.254.170.2/v2/credentials/x"
    assert [tls.proxy for tls in aws.http.settings] == [""]


def test_a_pod_shows_its_token(tmp_path: Path) -> None:
    """EKS Pod Identity's address gets the token of the file, which is read each time."""
    file = tmp_path / "token"
    file.write_text("pod-token-1")
    environ = {
        FULL: "http://169.254.170.23/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
    }
    aws = container(tmp_path, **environ)
    source = aws.source()
    source.keys()
    assert aws.request().headers["authorization"] == "pod-token-1"
    file.write_text("pod-token-2")
    aws.clock.advance(3600)
    source.keys()
    assert aws.request().headers["authorization"] == "pod-token-2"
    assert "pod-token" not in aws.redactor.text("pod-token-1 pod-token-2")


@pytest.mark.parametrize(
    "url",
    [
        "https://keys.example/x",
        "http://127.0.0.3/x",
        "http://[::1]/x",
        "http://localhost:1/x",
        "http://[fd00:ec2::23]/x",
    ],
)
def test_hosts_that_may_be_asked(tmp_path: Path, url: str) -> None:
    """TLS, loopback and AWS's own addresses are allowed."""
    aws = container(tmp_path, **{FULL: url})
    aws.keys()
    assert aws.request().url == url


@pytest.mark.parametrize("url", ["http://keys.example/x", "http://10.0.0.1/", "ftp://x", "x", "http://"])
def test_hosts_that_may_not_be_asked(tmp_path: Path, url: str) -> None:
    """Anybody else would get the pod's token in clear text: exit code 2, and nothing is sent."""
    aws = container(tmp_path, **{FULL: url})
    with pytest.raises(UsageError, match="may not be asked without TLS"):
        aws.access()
    assert aws.http.requests == []


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read: No such"), ("a\nb", "holds a line break")]
)
def test_a_token_that_is_none(tmp_path: Path, content: str | None, words: str) -> None:
    """A token file that is missing, or whose text no header can carry, is exit code 2."""
    file = tmp_path / "token"
    if content is not None:
        file.write_text(content)
    environ = {FULL: "http://127.0.0.1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file)}
    with pytest.raises(UsageError, match=words):
        container(tmp_path, **environ).keys()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Response(403, {}, b""), Refused, "169.254.170.2 answers with HTTP 403"),
        (Response(500, {}, b""), Unreachable, "answers with HTTP 500"),
        (Unreachable("169.254.170.2 cannot be reached: x."), Unreachable, "cannot be reached"),
        (Response(200, {}, b"{"), Unreachable, "holds no keys"),
        (json_response({"AccessKeyId": "A"}), Unreachable, "holds no keys"),
    ],
)
def test_an_agent_that_gives_none(
    tmp_path: Path, answer: Response | Exception, kind: type[Unreachable], words: str
) -> None:
    """The agent's refusal or trouble is one sentence that names it."""
    with pytest.raises(kind, match=words) as caught:
        container(tmp_path, answer).keys()
    assert type(caught.value) is kind


class Instance(Aws):
    """An instance; each path of its metadata has an answer, and what was asked is kept."""

    def __init__(self, home: Path, endpoint: str, **environ: str) -> None:
        super().__init__(
            home,
            {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": endpoint, **environ},
        )
        self.paths: dict[str, Response] = {
            "/latest/api/token": Response(200, {}, b"imds-token"),
            "/latest/meta-data/iam/security-credentials/": Response(200, {}, b"deployer\n"),
            "/latest/meta-data/iam/security-credentials/deployer": self.metadata(Code="Success"),
            "/latest/meta-data/placement/region": Response(200, {}, b"eu-north-1"),
        }
        self.answers(lambda request: self.paths[request.url.removeprefix(endpoint)])


def test_an_instance_gives_its_role(tmp_path: Path, endpoint: str) -> None:
    """A token is taken first (version 2), then the role's keys; the region is the instance's own."""
    aws = Instance(tmp_path, endpoint)
    access = aws.access()
    assert access.source is not None
    assert access.source.keys().identifier == "ASIA9"
    assert access.options["region"] == "eu-north-1"
    assert aws.http.requests[0].method == "PUT"
    reads: list[Request] = [request for request in aws.http.requests if request.method == "GET"]
    assert {request.headers["x-aws-ec2-metadata-token"] for request in reads} == {"imds-token"}


@pytest.mark.parametrize("status", [403, 404, 405])
def test_the_older_version_is_taken_where_there_is_no_token(
    tmp_path: Path, endpoint: str, status: int
) -> None:
    """Without a token the older version is asked, unless that is forbidden."""
    aws = Instance(tmp_path, endpoint)
    aws.paths["/latest/api/token"] = Response(status, {}, b"")
    assert aws.keys().identifier == "ASIA9"
    aws.environ["AWS_EC2_METADATA_V1_DISABLED"] = "true"
    with pytest.raises(Unreachable, match=r"no token \(IMDSv2\)"):
        aws.keys()


@pytest.mark.parametrize(
    ("path", "answer", "words"),
    [
        ("", Response(404, {}, b""), "the instance has no role"),
        ("", Response(200, {}, b""), "the instance has no role"),
        ("", Response(401, {}, b""), "answers with HTTP 401"),
        ("deployer", json_response({"Code": "AssumeRoleUnauthorizedAccess"}), "AssumeRoleUnauthorizedAccess"),
        ("deployer", Response(500, {}, b""), "HTTP 500"),
    ],
)
def test_an_instance_that_gives_none(
    tmp_path: Path, endpoint: str, path: str, answer: Response, words: str
) -> None:
    """An instance without a role, or with one that cannot be had, is one sentence."""
    aws = Instance(tmp_path, endpoint)
    aws.paths[f"/latest/meta-data/iam/security-credentials/{path}"] = answer
    with pytest.raises(Refused, match=words) as caught:
        aws.keys()
    assert "environment: AWS_ACCESS_KEY_ID is not set" in caught.value.message


def test_a_role_from_the_instance(tmp_path: Path, endpoint: str) -> None:
    """credential_source = Ec2InstanceMetadata signs with the instance's keys."""
    write_profiles(
        tmp_path, "", "[default]\nrole_arn=arn:r\ncredential_source=Ec2InstanceMetadata\nregion=eu-west-1\n"
    )
    aws = Instance(tmp_path, endpoint)
    lent = aws.sts("ASIALENT")
    metadata = aws.http.script[0]
    assert callable(metadata)
    aws.answers(lambda request: lent if "sts." in request.url else metadata(request))
    assert aws.keys().identifier == "ASIALENT"
    assert "Credential=ASIA9/" in aws.request().headers["authorization"]
