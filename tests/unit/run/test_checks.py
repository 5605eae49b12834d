"""Checks after a rollout: what makes one good, what is said of one that is not, and what it is given."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.http import json_response
from tests.fakes.processes import Answer
from tests.fakes.world import SECRET, FakeWorld
from tests.unit.run.deeds import DEV, carry_out, ending, stood, upgrade
from trunkline.config.checks import Check, CommandCheck, Expectation, HelmTest, HttpCheck
from trunkline.domain.redaction import MASK
from trunkline.domain.rollouts import Cause
from trunkline.errors import DeploymentFailed, Unreachable, UsageError
from trunkline.plan import steps
from trunkline.plan.steps import NoteGood
from trunkline.ports import Response
from trunkline.run.checks import mismatch
from trunkline.run.site import RolloutFailed

OK = Response(200, {}, b"all is well")
VERSION = HttpCheck(
    "the right version answers",
    service="sample",
    port="http",
    path="/version",
    expect=Expectation(json={"commit": "new"}),
    timeout_s=5.0,
)
URL = HttpCheck("GET it", url="https://sample.example.com/healthz", timeout_s=5.0)
SMOKE = CommandCheck("smoke", "./smoke.sh", {"TRUNKLINE_COMMIT": "abc"}, 30.0)


@pytest.fixture
def served(fake: FakeWorld) -> FakeWorld:
    """A good revision stands, and port 40123 leads to its Service."""
    stood(fake)
    fake.forwarding.services[(DEV.namespace, "sample", "http")] = 40123
    return fake


def checked(fake: FakeWorld, *checks: Check) -> None:
    """Upgrade, and check."""
    before = upgrade("new")[:2]
    carry_out(fake, (*before, *map(steps.Check, checks), NoteGood()))


def refused(fake: FakeWorld, *checks: Check) -> RolloutFailed:
    with pytest.raises(RolloutFailed) as caught:
        checked(fake, *checks)
    return caught.value


def test_a_check_that_passes_makes_the_revision_good(served: FakeWorld) -> None:
    """A Service is asked through its own port-forward, without a proxy, and the way is closed afterwards."""
    served.http.script = [json_response({"commit": "new"})]
    checked(served, VERSION)
    [request] = served.http.requests
    assert (request.method, request.url) == ("GET", "http://127.0.0.1:40123/version")
    assert served.http.settings[-1].proxy == ""
    assert served.forwarding.open == []
    assert set(served.cluster.good_revisions(DEV.target)) == {2}


def test_an_address_is_asked_directly(served: FakeWorld) -> None:
    """A URL needs no way into the cluster, and goes the way that the environment's proxies say."""
    served.http.script = [OK]
    checked(served, URL)
    assert [request.url for request in served.http.requests] == [URL.url]
    assert served.http.settings[-1].proxy is None


def test_a_service_that_takes_a_moment_is_asked_again(served: FakeWorld) -> None:
    """Wrong answers and broken ways are tried again each second, each time by a way of its own."""
    served.http.script = [
        Unreachable("127.0.0.1 cannot be reached: the connection was refused."),
        json_response({"commit": "old"}),
        json_response({"commit": "new"}),
    ]
    before = len(served.clock.slept)
    checked(served, VERSION)
    assert served.clock.slept[before:] == [1.0, 1.0]
    told = [note for note in served.recorder.notes if note.startswith("not yet")]
    assert told == [
        "not yet: 127.0.0.1 cannot be reached: the connection was refused; trying for 5 s more",
        'not yet: it answered 200: {"commit": "old"}; trying for 4 s more',
    ]


def test_a_wrong_answer_is_undone_with_its_words(served: FakeWorld) -> None:
    """The sentence names the check, what was expected and what came; the release returns to what was good."""
    served.http.script = [json_response({"commit": "old", "key": SECRET})]
    error = refused(served, VERSION)
    assert error.message == (
        'The check "the right version answers" failed: expected status 200, commit = "new" within 5 s; '
        f'at last it answered 200: {{"commit": "old", "key": "{MASK}"}}. It was undone: returned to revision 1.'
    )
    assert error.cause is Cause.CHECK_FAILED
    assert "trunkline logs" in error.hint
    assert (ending(served).cause, ending(served).undone) == ("check-failed", "returned to revision 1")
    assert 2 not in served.cluster.good_revisions(DEV.target)


def test_a_long_answer_is_cut_after_its_secrets_are_hidden(served: FakeWorld) -> None:
    """Three hundred characters are shown, and no part of a secret at their end."""
    body = "x" * 290 + SECRET + "y" * 500
    served.http.script = [Response(500, {}, body.encode())]
    message = refused(served, VERSION).message
    assert SECRET[:6] not in message
    assert "yyyyyyyyyyyy" not in message
    assert "it answered 500: xxx" in message


def test_only_the_first_failing_check_is_told(served: FakeWorld) -> None:
    """Checks go in order; the ones after a failure are not tried."""
    commands = served.processes.commands
    served.http.script = [Response(404, {}, b"")]
    error = refused(served, URL, SMOKE)
    assert "it answered 404: nothing" in error.message
    assert commands == []


def test_a_way_that_cannot_be_opened(served: FakeWorld) -> None:
    """A Service that is not there fails the check with the reason, once its time is up."""
    served.forwarding.services.clear()
    assert "at last There is no way to service/sample: not found" in refused(served, VERSION).message


def test_a_cluster_that_is_away_says_nothing_about_the_release(served: FakeWorld) -> None:
    """Where the way is broken because the whole API is away, nothing is undone: nobody can tell."""
    served.forwarding.trouble = Unreachable("no route to host")
    served.forwarding.interfere = lambda: setattr(served.cluster, "trouble", "no route to host")
    with pytest.raises(Unreachable, match="no route to host"):
        checked(served, VERSION)
    assert served.helm.deeds == ["upgrade team-dev/sample"]


def test_a_command_gets_what_it_needs(served: FakeWorld) -> None:
    """A command runs in the project's directory and finds release and cluster in its environment."""
    checked(served, SMOKE)
    [command] = served.processes.commands
    assert command.argv == ("sh", "-c", "./smoke.sh")
    assert (command.directory, command.timeout_s) == (Path("/project"), 30.0)
    assert command.environment == {
        "TRUNKLINE_COMMIT": "abc",
        "TRUNKLINE_CONTEXT": "dev",
        "HELM_KUBECONTEXT": "dev",
        "HELM_NAMESPACE": "team-dev",
    }
    assert "ran the tests" in served.recorder.notes


@pytest.mark.parametrize(
    ("answer", "sentence", "evidence"),
    [
        ((3, "one\ntwo\n", ""), "`./smoke.sh` ended with exit code 3", ("one", "two")),
        (TimeoutError(), "`./smoke.sh` did not end within 30 s", ()),
        (UsageError("sh could not be started."), "sh could not be started", ()),
    ],
    ids=["exit code", "time", "no shell"],
)
def test_a_command_that_fails(
    served: FakeWorld, answer: Answer, sentence: str, evidence: tuple[str, ...]
) -> None:
    """The exit code or the time is named, with the last lines; the release is undone."""
    served.processes.script = lambda _: answer
    error = refused(served, SMOKE)
    assert error.message.startswith(f'The check "smoke" failed: {sentence}.')
    assert error.failures[0].evidence == evidence
    assert ending(served).undone == "returned to revision 1"


def test_helm_tests(served: FakeWorld) -> None:
    """The chart's own tests are run and their lines shown."""
    served.helm.test_output = ("Phase: Succeeded",)
    checked(served, HelmTest("helm test"))
    assert "test team-dev/sample" in served.helm.deeds
    assert "Phase: Succeeded" in served.recorder.notes


def test_helm_tests_that_fail(served: FakeWorld) -> None:
    """What the tests' pods wrote is the evidence; Helm's own words before it are not."""
    served.helm.test_output = ("Phase: Failed", "", "POD LOGS: sample-test", "no database")
    served.helm.failures["test"] = [DeploymentFailed("helm test of team-dev/sample failed: 1 error.")]
    error = refused(served, HelmTest("helm test"))
    assert error.failures[0].evidence == ("POD LOGS: sample-test", "no database")
    assert error.message.startswith(
        'The check "helm test" failed: helm test of team-dev/sample failed: 1 error. It was undone'
    )


def test_a_long_wait_is_never_silent(served: FakeWorld) -> None:
    """The same wrong answer is told once a minute, so that no CI gives the job up."""
    served.http.script = [Response(503, {}, b"")]
    refused(served, HttpCheck("slow", url="https://x", timeout_s=200.0))
    told = [note for note in served.recorder.notes if note.startswith("not yet")]
    assert len(told) == 4


def _answer(body: object, status: int = 200) -> Response:
    return Response(status, {}, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("expect", "answer"),
    [
        (Expectation(), _answer(1)),
        (Expectation((200, 204)), Response(204, {}, b"")),
        (Expectation(contains="well"), OK),
        (Expectation(json={"a.b": "c"}), _answer({"a": {"b": "c"}})),
        (Expectation(json={"a.1": "y"}), _answer({"a": ["x", "y"]})),
        (
            Expectation(json={"v": "1.10", "n": "7", "ok": "true"}),
            Response(200, {}, b'{"v":1.10,"n":7,"ok":true}'),
        ),
    ],
)
def test_answers_as_expected(expect: Expectation, answer: Response) -> None:
    """Status, text and members of a JSON body, spelled as they are written there."""
    assert not mismatch(expect, answer)


@pytest.mark.parametrize(
    ("expect", "answer"),
    [
        (Expectation(), _answer(1, 500)),
        (Expectation(contains="ill"), OK),
        (Expectation(json={"a": "b"}), OK),
        (Expectation(json={"a": "b"}), _answer({"a": "c"})),
        (Expectation(json={"a": "null"}), _answer({"a": None})),
        (Expectation(json={"a.b": "c"}), _answer({"a": "b"})),
        (Expectation(json={"a.2": "c"}), _answer({"a": ["c"]})),
        (Expectation(json={"a": "b"}), _answer(["a"])),
    ],
)
def test_other_answers(expect: Expectation, answer: Response) -> None:
    """Another status, a text or member that is missing or different, and a body that is no JSON."""
    assert mismatch(expect, answer)


@given(st.binary(), st.dictionaries(st.text(), st.text(), min_size=1))
def test_any_body_is_judged(body: bytes, members: dict[str, str]) -> None:
    """No body and no key break the judgement."""
    mismatch(Expectation(json=members), Response(200, {}, body))
