"""EKS's way in: a real program as exec plugin, both versions of its protocol, and sentences that help."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Served
from werkzeug import Response as Answered

from tests.fakes.clock import FakeClock
from trunkline.adapters.http import HttpClient
from trunkline.adapters.kubernetes import kubeconfig
from trunkline.adapters.kubernetes.client import KubernetesClient
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget
from trunkline.errors import ExitCode, Unreachable, UsageError

V1 = "client.authentication.k8s.io/v1"
V1BETA1 = "client.authentication.k8s.io/v1beta1"
PODS = "/api/v1/pods"
ARGS = ["--region", "eu-west-1", "eks", "get-token", "--cluster-name", "acme"]
PROGRAM = """#!{python}
import json, os, pathlib, sys
room = pathlib.Path({room!r})
asked = room / "asked"
asked.mkdir(exist_ok=True)
number = len(list(asked.iterdir())) + 1
question = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
said = dict(argv=sys.argv[1:], profile=os.environ.get("AWS_PROFILE", ""), question=question)
(asked / str(number)).write_text(json.dumps(said))
trouble = room / "trouble"
if trouble.exists():
    sys.exit(trouble.read_text())
status = dict(token=f"k8s-aws-v1.token-{{number}}", expirationTimestamp=(room / "expiry").read_text())
print(json.dumps(dict(apiVersion=question["apiVersion"], kind="ExecCredential", status=status)))
"""


class Eks:
    """An API server, a kubeconfig as `aws eks update-kubeconfig` writes it, and a program called aws."""

    def __init__(self, room: Path, server: HTTPServer, version: str = V1BETA1, **plugin: Any) -> None:
        self.room, self.clock, self.redactor = room, FakeClock(), Redactor()
        self.good: set[str] = set()
        self.environ = {
            "PATH": f"{room / 'bin'}:{os.environ['PATH']}",
            "KUBECONFIG": str(room / "kubeconfig"),
        }
        self.expires_in(14 * 60)
        (room / "bin").mkdir()
        self.install("aws")
        given = {"apiVersion": version, "command": "aws", "args": ARGS, **plugin}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "acme",
            "clusters": [{"name": "acme", "cluster": {"server": server.url_for("").rstrip("/")}}],
            "users": [{"name": "acme", "user": {"exec": given}}],
            "contexts": [{"name": "acme", "context": {"cluster": "acme", "user": "acme"}}],
        }
        (room / "kubeconfig").write_text(json.dumps(document))
        server.expect_request(PODS).respond_with_handler(self._answer)

    def install(self, name: str) -> None:
        program = self.room / "bin" / name
        program.write_text(PROGRAM.format(python=sys.executable, room=str(self.room)))
        program.chmod(0o755)

    def expires_in(self, seconds: int) -> None:
        moment = self.clock.now() + timedelta(seconds=seconds)
        (self.room / "expiry").write_text(f"{moment:%Y-%m-%dT%H:%M:%SZ}")

    def client(self) -> KubernetesClient:
        access = kubeconfig.load(ClusterTarget(), self.environ, self.room)
        processes = SubprocessProcesses(self.environ, self.redactor)
        credentials = Credentials(access, processes, self.clock, self.redactor, self.environ)
        return KubernetesClient(access, credentials, HttpClient, self.clock, self.redactor)

    def asked(self) -> list[Mapping[str, Any]]:
        folder = self.room / "asked"
        return [json.loads(path.read_text()) for path in sorted(folder.iterdir())] if folder.exists() else []

    def fails(self, words: str) -> Unreachable:
        (self.room / "trouble").write_text(words)
        with pytest.raises(Unreachable) as caught:
            self.client().get(PODS)
        return caught.value

    def _answer(self, request: Served) -> Answered:
        token = request.headers.get("Authorization", "").removeprefix("Bearer k8s-aws-v1.")
        if token in self.good:
            return Answered('{"kind": "PodList"}')
        return Answered('{"kind": "Status", "message": "Unauthorized"}', 401)


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_a_token_is_kept_until_it_ends(tmp_path: Path, httpserver: HTTPServer, version: str) -> None:
    """In both versions the program is asked once, and again when its token has ended."""
    eks = Eks(tmp_path, httpserver, version)
    eks.good = {"token-1", "token-2"}
    client = eks.client()
    client.get(PODS)
    eks.clock.advance(13 * 60)
    client.get(PODS)
    assert len(eks.asked()) == 1
    eks.clock.advance(60)
    eks.expires_in(14 * 60)
    client.get(PODS)
    client.get(PODS)
    assert [asked["argv"] for asked in eks.asked()] == [ARGS, ARGS]
    assert [asked["question"] for asked in eks.asked()] == [
        {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    ] * 2
    assert "token-1" not in eks.redactor.text("k8s-aws-v1.token-1")


def test_a_token_that_is_refused_is_replaced(tmp_path: Path, httpserver: HTTPServer) -> None:
    """A 401 before the end of a token leads to a new one, once."""
    eks = Eks(tmp_path, httpserver)
    eks.good = {"token-2"}
    assert eks.client().get(PODS) == {"kind": "PodList"}
    assert len(eks.asked()) == 2


def test_the_kubeconfigs_variables_win(tmp_path: Path, httpserver: HTTPServer) -> None:
    """The variables of the kubeconfig's entry reach the program, over those of this process."""
    eks = Eks(tmp_path, httpserver, env=[{"name": "AWS_PROFILE", "value": "prod"}])
    eks.environ["AWS_PROFILE"] = "dev"
    eks.good = {"token-1"}
    eks.client().get(PODS)
    assert [asked["profile"] for asked in eks.asked()] == ["prod"]


def test_a_program_that_wants_to_know_the_cluster_is_told(tmp_path: Path, httpserver: HTTPServer) -> None:
    """With provideClusterInfo the question holds the server."""
    eks = Eks(tmp_path, httpserver, V1, provideClusterInfo=True, interactiveMode="IfAvailable")
    eks.good = {"token-1"}
    eks.client().get(PODS)
    server = httpserver.url_for("").rstrip("/")
    assert eks.asked()[0]["question"]["spec"]["cluster"]["server"].rstrip("/") == server


def test_a_failure_names_program_profile_and_next_step(tmp_path: Path, httpserver: HTTPServer) -> None:
    """A sign-on that has ended is exit code 7: one sentence with context, profile and reason, and what to run."""
    eks = Eks(tmp_path, httpserver)
    eks.environ["AWS_PROFILE"] = "dev"
    error = eks.fails("Error when retrieving token from sso: Token has expired and refresh failed")
    assert error.exit_code == ExitCode.UNREACHABLE
    assert error.message == (
        "The credential plugin 'aws' of context 'acme' (AWS profile 'dev') failed with exit code 1: "
        "Error when retrieving token from sso: Token has expired and refresh failed."
    )
    assert error.hint == (
        "Run `AWS_PROFILE=dev aws --region eu-west-1 eks get-token --cluster-name acme` in a terminal to see why, "
        f"or log in again: `aws sso login --profile dev`; it is set in {tmp_path / 'kubeconfig'}."
    )


@pytest.mark.parametrize(
    ("args", "environ", "profile"),
    [
        ([*ARGS, "--profile", "a"], {"AWS_PROFILE": "b"}, "a"),
        ([*ARGS, "--profile=a"], {}, "a"),
        (ARGS, {"AWS_PROFILE": "b"}, "b"),
        (ARGS, {}, ""),
        ([*ARGS, "--profile"], {}, ""),
    ],
)
def test_the_profile_is_the_programs(
    tmp_path: Path, httpserver: HTTPServer, args: list[str], environ: dict[str, str], profile: str
) -> None:
    """The profile in the sentence is the one that the program takes; none is no word."""
    eks = Eks(tmp_path, httpserver, args=args)
    eks.environ |= environ
    error = eks.fails("Unable to locate credentials")
    assert (f"(AWS profile {profile!r})" in error.message) == bool(profile)
    assert ("AWS profile" in error.message) == bool(profile)
    assert "aws sso login" not in error.hint


@pytest.mark.parametrize(
    ("command", "hint", "words"),
    [
        ("aws", "", "Install the AWS CLI"),
        ("aws-iam-authenticator", "", "Install aws-iam-authenticator"),
        ("aws-iam-authenticator", "brew install it", "brew install it"),
    ],
)
def test_a_program_that_is_missing(
    tmp_path: Path, httpserver: HTTPServer, command: str, hint: str, words: str
) -> None:
    """A missing program is exit code 2 and says how to get it, in the kubeconfig's words where it has some."""
    eks = Eks(tmp_path, httpserver, command=command, installHint=hint)
    eks.environ["PATH"] = str(tmp_path / "empty")
    with pytest.raises(UsageError, match=f"'{command}' of context 'acme' cannot be started") as caught:
        eks.client().get(PODS)
    assert words in caught.value.hint


@pytest.mark.parametrize(
    ("mode", "words"), [("Always", "wants a terminal"), ("Sometimes", "known are Never")]
)
def test_a_terminal_is_not_handed_over(tmp_path: Path, httpserver: HTTPServer, mode: str, words: str) -> None:
    """A program that must ask somebody, or an unknown mode, is exit code 2."""
    with pytest.raises(UsageError, match=words):
        Eks(tmp_path, httpserver, V1, interactiveMode=mode).client()


def test_the_older_protocol_is_refused(tmp_path: Path, httpserver: HTTPServer) -> None:
    """A kubeconfig of an old AWS CLI says how to write it anew."""
    with pytest.raises(UsageError, match="v1alpha1") as caught:
        Eks(tmp_path, httpserver, "client.authentication.k8s.io/v1alpha1").client()
    assert "aws eks update-kubeconfig" in caught.value.hint
