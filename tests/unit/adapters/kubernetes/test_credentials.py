"""Presenting credentials: exec plugins, rotating token files, and nothing secret in any message."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.processes import FakeProcesses
from trunkline.adapters.kubernetes.access import Access, ExecPlugin, Login
from trunkline.adapters.kubernetes.credentials import Credentials
from trunkline.domain.redaction import MASK, Redactor
from trunkline.errors import TrunklineError, Unreachable, UsageError
from trunkline.ports import Command, TlsSettings

V1 = "client.authentication.k8s.io/v1"
PLUGIN = ExecPlugin(V1, "login", ("token",), {"PROFILE": "qa"}, install_hint="Install it with apt.")


def answer(version: str = V1, **status: Any) -> tuple[int, str, str]:
    return 0, json.dumps({"apiVersion": version, "kind": "ExecCredential", "status": status}), ""


class Setting:
    """Credentials of one login, with everything that they touch."""

    def __init__(self, login: Login, *answers: Any, installed: bool = True) -> None:
        self.clock = FakeClock()
        self.redactor = Redactor()
        self.processes = FakeProcesses(
            lambda _: answers[len(self.processes.commands) - 1], *(["login"] if installed else [])
        )
        access = Access("https://10.0.0.1:6443", "qa", "/kubeconfig", TlsSettings(ca="ca"), login)
        self.credentials = Credentials(access, self.processes, self.clock, self.redactor)

    @property
    def authorization(self) -> str:
        return self.credentials.present().headers["Authorization"]


def test_token() -> None:
    """A token is presented as a bearer, and hidden from then on."""
    setting = Setting(Login(token="token-1", impersonation={"Impersonate-User": "ci"}))
    assert setting.credentials.present().headers == {
        "Impersonate-User": "ci",
        "Authorization": "Bearer token-1",
    }
    assert setting.redactor.text("token-1") == MASK


def test_basic() -> None:
    """A name and a password are presented as HTTP Basic, and both spellings are hidden."""
    setting = Setting(Login(username="me", password="passw0rd"))
    encoded = base64.b64encode(b"me:passw0rd").decode()
    assert setting.authorization == f"Basic {encoded}"
    assert setting.redactor.text(f"passw0rd {encoded}") == f"{MASK} {MASK}"


def test_nothing() -> None:
    """A user without any credentials sends none."""
    assert Setting(Login()).credentials.present().headers == {}


def test_token_file_rotates(tmp_path: Path) -> None:
    """A token file is read again, and each of its tokens is hidden."""
    file = tmp_path / "token"
    file.write_text("token-1\n")
    setting = Setting(Login(token="stale", token_file=file))
    assert setting.authorization == "Bearer token-1"
    file.write_text("token-2\n")
    assert setting.authorization == "Bearer token-2"
    assert setting.redactor.text("token-1 token-2") == f"{MASK} {MASK}"


def test_missing_token_file(tmp_path: Path) -> None:
    """A token file that cannot be read is named."""
    with pytest.raises(
        UsageError, match=rf"token file {tmp_path}/token of context 'qa' cannot be read: No such"
    ):
        Setting(Login(token_file=tmp_path / "token")).credentials.present()


def test_plugin_is_asked_as_the_protocol_says() -> None:
    """The plugin gets its arguments, its variables and the question, and its output is kept private."""
    setting = Setting(Login(plugin=PLUGIN), answer(token="token-1"))
    assert setting.authorization == "Bearer token-1"
    command: Command = setting.processes.commands[0]
    assert command.argv == ("login", "token")
    assert command.private
    assert command.environment["PROFILE"] == "qa"
    assert json.loads(command.environment["KUBERNETES_EXEC_INFO"] or "") == {
        "apiVersion": V1,
        "kind": "ExecCredential",
        "spec": {"interactive": False},
    }
    assert setting.redactor.text("token-1") == MASK


def test_plugin_is_asked_again_when_its_answer_expires() -> None:
    """An answer is kept until it expires."""
    setting = Setting(
        Login(plugin=PLUGIN),
        answer(token="token-1", expirationTimestamp="2026-03-01T12:01:00Z"),
        answer(token="token-2"),
    )
    assert setting.authorization == "Bearer token-1"
    setting.clock.advance(59)
    assert setting.authorization == "Bearer token-1"
    setting.clock.advance(1)
    assert setting.authorization == "Bearer token-2"
    setting.clock.advance(10**6)
    assert setting.authorization == "Bearer token-2"
    assert len(setting.processes.commands) == 2


def test_plugin_is_asked_once_for_one_refusal() -> None:
    """After a 401 the plugin is asked again, but once for all threads that were refused together."""
    setting = Setting(Login(plugin=PLUGIN), answer(token="token-1"), answer(token="token-2"))
    refused = setting.credentials.present()
    assert setting.credentials.renew(refused)
    assert setting.credentials.renew(refused)
    assert setting.authorization == "Bearer token-2"
    assert len(setting.processes.commands) == 2


def test_renewing_brings_nothing_new() -> None:
    """A static token, or a plugin that repeats itself, has nothing newer to try."""
    static = Setting(Login(token="token-1"))
    assert not static.credentials.renew(static.credentials.present())
    same = Setting(Login(plugin=PLUGIN), answer(token="token-1"), answer(token="token-1"))
    assert not same.credentials.renew(same.credentials.present())


def test_plugin_hands_out_a_certificate() -> None:
    """A plugin's client certificate becomes part of the TLS settings, and its key is hidden."""
    setting = Setting(
        Login(plugin=PLUGIN), answer(clientCertificateData="certificate", clientKeyData="private key")
    )
    presented = setting.credentials.present()
    assert (presented.tls.certificate, presented.tls.key, presented.tls.ca) == (
        "certificate",
        "private key",
        "ca",
    )
    assert setting.redactor.text("private key") == MASK


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ((1, "", "first\nexpired: please log in"), "failed with exit code 1: first / expired: please log in"),
        ((1, "", ""), "failed with exit code 1: no message"),
        ((0, "{", ""), "no ExecCredential"),
        ((0, "[" * 100_000, ""), "no ExecCredential"),
        ((0, '"token-1"', ""), "no ExecCredential"),
        (answer("client.authentication.k8s.io/v1beta1", token="token-1"), "in another version"),
        (answer(), "neither a token nor"),
        (answer(clientCertificateData="only"), "neither a token nor"),
        (answer(token="token-1", expirationTimestamp="soon"), "unreadable expiry"),
        (TimeoutError(), "did not end within 60 s"),
    ],
)
def test_plugin_fails(given: Any, words: str) -> None:
    """A plugin that fails is named with its context and its reason, without what it handed out."""
    setting = Setting(Login(plugin=PLUGIN), given)
    with pytest.raises(Unreachable) as caught:
        setting.credentials.present()
    assert caught.value.message.startswith("The credential plugin 'login' of context 'qa' ")
    assert words in caught.value.message
    assert "token-1" not in _all_words(caught.value)


def test_plugin_is_not_installed() -> None:
    """A plugin that is not installed is told with the hint of the kubeconfig's author."""
    setting = Setting(Login(plugin=PLUGIN), installed=False)
    with pytest.raises(
        UsageError, match="'login' of context 'qa' cannot be started: login is not inst"
    ) as caught:
        setting.credentials.present()
    assert caught.value.hint == "Install it with apt."


def _all_words(error: BaseException) -> str:
    words = [str(error), error.hint if isinstance(error, TrunklineError) else ""]
    if error.__cause__ is not None:
        words.append(_all_words(error.__cause__))
    return " ".join(words)
