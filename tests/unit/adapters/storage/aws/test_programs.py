"""Keys that a program hands out: its answer is checked, its failure is told without a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.adapters.storage.aws.support import Aws, write_profiles
from trunkline.errors import Refused, TrunklineError, Unreachable, UsageError
from trunkline.ports import Command

GOOD = {"Version": 1, "AccessKeyId": "AKIA4", "SecretAccessKey": "secret-4"}


def program(
    home: Path, answer: Any, *, code: int = 0, stderr: str = "", line: str = "get-keys --for 'a b'"
) -> Aws:
    write_profiles(home, "", f"[default]\ncredential_process = {line}\n")
    aws = Aws(home)
    text = answer if isinstance(answer, str) else json.dumps(answer)
    aws.programs["get-keys"] = lambda _: (code, text, stderr)
    return aws


def test_a_program_hands_out_keys(tmp_path: Path) -> None:
    """The command line is split as a shell would, run once, in private, and its keys are hidden."""
    seen: list[Command] = []
    aws = program(tmp_path, "")

    def answer(command: Command) -> tuple[int, str, str]:
        seen.append(command)
        return 0, json.dumps(GOOD), ""

    aws.programs["get-keys"] = answer
    source = aws.source()
    assert source.keys().identifier == "AKIA4"
    source.keys()
    assert [(command.argv, command.private) for command in seen] == [(("get-keys", "--for", "a b"), True)]
    assert "secret-4" not in aws.redactor.text("secret-4")


def test_it_is_asked_again_before_its_keys_end(tmp_path: Path) -> None:
    """Keys with an end are asked for again before it."""
    aws = program(tmp_path, {**GOOD, "SessionToken": "token-4", "Expiration": "2026-03-01T12:30:00Z"})
    source = aws.source()
    assert source.keys().token == "token-4"
    later = {**GOOD, "AccessKeyId": "AKIA5", "Expiration": "2026-03-01T18:00:00Z"}
    aws.programs["get-keys"] = lambda _: (0, json.dumps(later), "")
    aws.clock.advance(26 * 60)
    assert source.keys().identifier == "AKIA5"


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ("", Unreachable, "holds no keys"),
        ("[" * 100_000, Unreachable, "holds no keys"),
        ("[1]", Unreachable, "holds no keys"),
        ({**GOOD, "Version": 2}, Unreachable, "holds no keys"),
        ({**GOOD, "SecretAccessKey": None}, Unreachable, "holds no keys"),
        ({**GOOD, "SessionToken": ["secret-5"]}, Unreachable, "holds no keys"),
        ({**GOOD, "Expiration": "soon"}, Unreachable, "holds no keys"),
        ({**GOOD, "Expiration": "2026-03-01T11:00:00Z"}, Refused, "keys that have ended"),
    ],
)
def test_an_answer_is_checked(tmp_path: Path, answer: Any, kind: type[TrunklineError], words: str) -> None:
    """An answer that is no JSON, has another version, or lacks a key is one sentence without its text."""
    with pytest.raises(kind, match=words) as caught:
        program(tmp_path, answer).keys()
    assert "secret-" not in caught.value.message


def test_a_failure_shows_what_the_program_said(tmp_path: Path) -> None:
    """The exit code and the last lines of stderr are shown, with what is secret hidden."""
    aws = program(tmp_path, GOOD, code=3, stderr="one\ntwo\nthe key secret-4\nplease log in\n")
    with pytest.raises(Refused) as caught:
        aws.keys()
    assert "get-keys failed with exit code 3, two / the key ***** / please log in" in caught.value.message
    assert "the credential_process of the profile default" in caught.value.message


@pytest.mark.parametrize(
    ("line", "words"), [("'open", "cannot be read"), ("nowhere", "nowhere is not installed")]
)
def test_a_program_that_cannot_be_run(tmp_path: Path, line: str, words: str) -> None:
    """A command line with an open quote and a program that is not there are exit code 2."""
    with pytest.raises(UsageError, match=words):
        program(tmp_path, GOOD, line=line).keys()


def test_a_program_that_never_ends(tmp_path: Path) -> None:
    """A program that waits for somebody is given a minute."""
    aws = program(tmp_path, "")

    def wait(_: Command) -> tuple[int, str, str]:
        raise TimeoutError

    aws.programs["get-keys"] = wait
    with pytest.raises(Unreachable, match="get-keys did not end within 60 s"):
        aws.keys()
