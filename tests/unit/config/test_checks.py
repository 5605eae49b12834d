"""Checks in a project file: what is wrong with them, and what fills them in."""

from __future__ import annotations

import pytest

from tests.unit.config.files import mistakes, read, with_lines
from trunkline.config.checks import CommandCheck, Expectation, HelmTest, HttpCheck, filled


def _checks(*lines: str) -> str:
    return with_lines(("needs: [dev]", "\n      - ".join(("checks:", *lines))))


@pytest.mark.parametrize(
    ("check", "line"),
    [
        (
            "name: nothing",
            "14:9: environments.qa.checks[0]: expected one of http, command, helm_test",
        ),
        (
            "{command: ./smoke.sh, helm_test: true}",
            "14:9: environments.qa.checks[0]: expected one of http, command, helm_test, found command and helm_test",
        ),
        (
            "{command: ./smoke.sh, expect: {status: 200}}",
            "14:31: environments.qa.checks[0].expect: only an answer over HTTP can be expected",
        ),
        (
            "http: {service: sample}",
            "14:9: environments.qa.checks[0].http: expected url, or service and port",
        ),
        (
            "http: {url: 'https://x', service: sample, port: 80}",
            "14:9: environments.qa.checks[0].http: expected either url or service, port and path, found url and service and port",
        ),
        (
            "http: {service: sample, port: 65536}",
            "14:39: environments.qa.checks[0].http.port: expected a port's number or name, found 65536",
        ),
        (
            "http: {service: sample, port: Main}",
            "14:39: environments.qa.checks[0].http.port: expected a port's number or name, found 'Main'",
        ),
        (
            "http: {service: sample, port: 80, path: healthz}",
            "14:49: environments.qa.checks[0].http.path: expected a path such as /healthz, found 'healthz'",
        ),
        (
            "http: {url: sample.example.com}",
            "14:21: environments.qa.checks[0].http.url: expected an address such as https://sample.example.com/healthz, found 'sample.example.com'",
        ),
        (
            "{http: {url: 'http://x'}, expect: {status: ok}}",
            "14:52: environments.qa.checks[0].expect.status: expected an HTTP status such as 200, or a list of them, found 'ok'",
        ),
        (
            "{http: {url: 'http://x'}, expect: {jsn: {a: b}}}",
            "14:44: environments.qa.checks[0].expect: there is no key 'jsn'; did you mean 'json'?",
        ),
        (
            "{http: {url: 'http://x'}, expect: {contains: '${TRUNKLINE_SHA}'}}",
            "14:54: environments.qa.checks[0].expect.contains: TRUNKLINE_SHA is not known here; what is: TRUNKLINE_COMMIT, TRUNKLINE_SHORT_COMMIT, TRUNKLINE_SERVICE, TRUNKLINE_IMAGE, TRUNKLINE_DIGEST, TRUNKLINE_ENVIRONMENT, TRUNKLINE_NAMESPACE, TRUNKLINE_RELEASE",
        ),
        (
            "{helm_test: true, timeout: 0s}",
            "14:36: environments.qa.checks[0].timeout: expected a duration longer than nothing, found '0s'",
        ),
    ],
)
def test_a_mistake_in_a_check_is_told_with_its_place(check: str, line: str) -> None:
    """One mistake in a check gives one line, at the key that is wrong."""
    assert mistakes(_checks(check)) == [f"trunkline.yaml:{line}"]


def test_the_mistakes_of_all_checks_come_together() -> None:
    """Every check that is wrong is told at once."""
    assert len(mistakes(_checks("name: x", "helm_test: maybe", "http: {port: 0}"))) == 4


def test_variables_of_a_deployment_are_unknown_elsewhere() -> None:
    """What only a deployment knows cannot be used outside of its checks."""
    [line] = mistakes(with_lines(("namespace: sample-qa", "namespace: ${TRUNKLINE_IMAGE}")))
    assert line.endswith("TRUNKLINE_IMAGE is known in checks only")


def test_a_test_that_a_variable_switches_off_is_no_check() -> None:
    """`helm_test` may come from the environment, and false leaves it out."""
    text = _checks("helm_test: ${TESTS:-false}")
    assert read(text).environments[1].checks == ()
    assert read(text, {"TESTS": "true"}).environments[1].checks == (HelmTest("helm test"),)


def test_filling_in() -> None:
    """Address, path and expectation get what they name; a command gets variables, and a Helm test nothing."""
    values = {"TRUNKLINE_COMMIT": "abc"}
    expect = Expectation((200,), "x ${TRUNKLINE_COMMIT}", {"commit": "${TRUNKLINE_COMMIT}"})
    done = filled(HttpCheck("n", path="/${TRUNKLINE_COMMIT}", expect=expect), values)
    assert done == HttpCheck("n", path="/abc", expect=Expectation((200,), "x abc", {"commit": "abc"}))
    command = CommandCheck("n", "echo ${TRUNKLINE_COMMIT}", {"A": "b"})
    assert filled(command, values) == CommandCheck("n", command.command, {"A": "b", **values})
    assert filled(HelmTest("n"), values) == HelmTest("n")


def test_an_expectation_is_said_in_words() -> None:
    """A person reads what an answer has to be."""
    assert (
        str(Expectation((200, 204), "ok", {"a.b": "c"})) == 'status 200 or 204, "ok" in the body, a.b = "c"'
    )
