"""Where a registry's login comes from when none is configured."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.fakes.processes import Answer, FakeProcesses
from trunkline.adapters.registry.keyring import Keyring
from trunkline.config.project import ImageSettings
from trunkline.domain.images import parse_image
from trunkline.domain.logins import Login
from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError

IMAGE = parse_image("quay.io/acme/api:one")
HELPER = "docker-credential-vault"


def keyring(
    tmp_path: Path, content: str, answer: Answer, *installed: str
) -> tuple[Keyring, FakeProcesses, Redactor]:
    (tmp_path / "config.json").write_text(content)
    processes, redactor = FakeProcesses(lambda _: answer, *installed), Redactor()
    environ = {"DOCKER_CONFIG": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    return Keyring(environ, tmp_path, redactor, processes), processes, redactor


def test_a_helper_is_asked_by_standard_input(tmp_path: Path) -> None:
    """A credential helper gets the registry by stdin, its answer is kept from all listeners and then hidden."""
    answer = json.dumps({"ServerURL": "quay.io", "Username": "me", "Secret": "fr0m-vault"})
    keys, processes, redactor = keyring(
        tmp_path, '{"credHelpers": {"quay.io": "vault"}}', (0, answer, ""), HELPER
    )
    assert keys.login(IMAGE, ImageSettings(IMAGE)) == Login("me", "fr0m-vault")
    (command,) = processes.commands
    assert command.argv == (HELPER, "get")
    assert command.stdin == "quay.io"
    assert command.private
    assert "fr0m-vault" not in redactor.text("the secret is fr0m-vault")


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ((1, "credentials not found in native keychain\n", ""), ""),
        ((1, "panic: fr0m-vault", ""), "failed (exit code 1)"),
        ((0, "fr0m-vault is no JSON", ""), "failed (exit code 0)"),
        (UsageError("not installed"), "is not installed or does not answer"),
        (TimeoutError("too slow"), "is not installed or does not answer"),
    ],
)
def test_a_helper_that_has_nothing_is_not_fatal(tmp_path: Path, answer: Answer, trouble: str) -> None:
    """Without an answer we come as strangers, and what went wrong is kept for the error, without any secret."""
    keys, _, _ = keyring(tmp_path, '{"credsStore": "vault"}', answer, HELPER)
    assert keys.login(IMAGE, ImageSettings(IMAGE)) is None
    assert "fr0m-vault" not in str(keys.troubles)
    if trouble:
        assert trouble in keys.troubles[0]
    else:
        assert keys.troubles == []


@pytest.mark.parametrize(
    "content", ["{", '["secret-in-here"]', '{"auths": {"quay.io": {"auth": "secret-in-here"}}}']
)
def test_a_broken_file_is_not_fatal(tmp_path: Path, content: str) -> None:
    """A file that cannot be read is passed over; the trouble names it and shows nothing of it."""
    keys, _, _ = keyring(tmp_path, content, AssertionError())
    assert keys.login(IMAGE, ImageSettings(IMAGE)) is None
    assert str(tmp_path / "config.json") in keys.troubles[0]
    assert "secret-in-here" not in keys.troubles[0]


def test_a_configured_login_comes_before_all_files(tmp_path: Path) -> None:
    """With a user name in the configuration no file is read and no helper is asked."""
    keys, processes, _ = keyring(tmp_path, '{"credsStore": "vault"}', AssertionError())
    settings = ImageSettings(IMAGE, username="ci", password="pass-word")
    assert keys.login(IMAGE, settings) == Login("ci", "pass-word")
    assert processes.commands == []


def test_podmans_file_is_read_after_dockers(tmp_path: Path) -> None:
    """A login that only Podman knows is found."""
    keys, _, _ = keyring(tmp_path, "{}", AssertionError())
    (tmp_path / "run" / "containers").mkdir(parents=True)
    auth = base64.b64encode(b"pod:pass-word").decode()
    file = tmp_path / "run" / "containers" / "auth.json"
    file.write_text(json.dumps({"auths": {"quay.io": {"auth": auth}}}))
    assert keys.login(IMAGE, ImageSettings(IMAGE)) == Login("pod", "pass-word")
