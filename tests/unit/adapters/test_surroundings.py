"""Who and what runs us."""

from __future__ import annotations

import getpass
import socket

import pytest

from trunkline.adapters.surroundings import look_around

CIRCLE = {
    "CIRCLECI": "true",
    "CIRCLE_SHA1": "0" * 40,
    "CIRCLE_BRANCH": "main",
    "CIRCLE_USERNAME": "grace",
    "CIRCLE_BUILD_URL": "https://circleci.example/7",
    "CIRCLE_WORKFLOW_ID": "w-1",
    "CIRCLE_OIDC_TOKEN": "hunter2-hunter2",
    "CIRCLE_INTERNAL_TASK_DATA": "hunter2-hunter2",
    "CIRCLE_JOB": "",
}


@pytest.mark.parametrize(("said", "number"), [("42", "42"), ("", ""), ("<< pipeline.number >>", "")])
def test_the_number_of_the_pipeline(said: str, number: str) -> None:
    """The pipeline's number is what the CI's configuration hands on, if it is a number."""
    assert look_around({**CIRCLE, "TRUNKLINE_PIPELINE_NUMBER": said}).pipeline == number


def test_a_ci_job() -> None:
    """A CI job is told by its own variables, those that are set and no secret; its page is the link."""
    found = look_around(CIRCLE)
    assert found.actor == "grace"
    assert found.link == "https://circleci.example/7"
    assert set(found.ci) == {
        "CIRCLE_SHA1",
        "CIRCLE_BRANCH",
        "CIRCLE_USERNAME",
        "CIRCLE_BUILD_URL",
        "CIRCLE_WORKFLOW_ID",
    }
    assert found.host == socket.gethostname()


@pytest.mark.parametrize(
    ("environ", "actor"),
    [
        ({"CIRCLECI": "true"}, "circleci"),
        ({"CIRCLE_SHA1": "0" * 40}, "circleci"),
        ({**CIRCLE, "TRUNKLINE_ACTOR": "ada"}, "ada"),
        ({"TRUNKLINE_ACTOR": "ada"}, "ada"),
        ({"CIRCLE_USERNAME": "left over"}, getpass.getuser()),
        ({}, getpass.getuser()),
    ],
)
def test_the_actor(environ: dict[str, str], actor: str) -> None:
    """The actor is who was named, else the CI's user, else the person at the machine."""
    assert look_around(environ).actor == actor


def test_a_person_s_machine_is_no_ci() -> None:
    """Outside CI there are no CI facts, whatever variables are left over."""
    found = look_around({"CIRCLE_BRANCH": "main"})
    assert (found.ci, found.link) == ({}, "")


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a container whose user id has no name, the actor is unknown rather than an error."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.getuid", lambda: 2**31 - 7)
    assert look_around({}).actor == "unknown"
