"""The checks after a rollout: HTTP, a command, the chart's own tests. One that fails makes the deployment fail."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, assert_never

from trunkline.config.checks import Check, CommandCheck, Expectation, HelmTest, HttpCheck
from trunkline.domain.rollouts import Cause, Failure, Resource
from trunkline.errors import DeploymentFailed, TrunklineError, Unreachable, UsageError
from trunkline.ports import Command, Meanwhile, OnLine, Request, Response, TlsSettings
from trunkline.run.site import RolloutFailed, Site

_PAUSE_S = 1.0
# A single answer that takes longer is a failed try; the next one may do better.
_ANSWER_S = 10.0
# Below the shortest silence after which a CI gives a job up, by far.
_HEARTBEAT_S = 60.0
_SHOWN = 300
_LAST_LINES = 15


def carry_out(check: Check, site: Site) -> None:
    """Do one check.

    Raises:
        RolloutFailed: it failed, within its time.
        Unreachable: the cluster does not answer, so that nothing can be said.
    """
    match check:
        case HttpCheck():
            _ask_until_good(check, site)
        case CommandCheck():
            _run(check, site)
        case HelmTest():
            _test(check, site)
        case _:
            assert_never(check)


def mismatch(expect: Expectation, answer: Response) -> bool:
    """Whether an answer is not as expected; the members of a JSON body count as they are written."""
    if answer.status not in expect.statuses or expect.contains not in answer.text:
        return True
    if not expect.json:
        return False
    try:
        body = json.loads(answer.body, parse_float=str, parse_int=str)
    except ValueError:
        return True
    return any(_member(body, key) != text for key, text in expect.json.items())


def _member(body: Any, path: str) -> str | None:
    """The text of what lies at a path of keys and list indexes; None where it leads nowhere."""
    for key in path.split("."):
        if isinstance(body, dict):
            body = body.get(key)
        elif isinstance(body, list) and key.isdecimal() and int(key) < len(body):
            body = body[int(key)]
        else:
            return None
    return body if isinstance(body, str) or body is None else json.dumps(body)


def _ask_until_good(check: HttpCheck, site: Site) -> None:
    clock = site.world.clock
    began = told_at = clock.monotonic()
    deadline, said = began + check.timeout_s, ""
    while True:
        complaint, advice = _try(check, site, max(_PAUSE_S, deadline - clock.monotonic()))
        if not complaint:
            return
        now = clock.monotonic()
        if now + _PAUSE_S >= deadline:
            break
        if complaint != said or now - told_at >= _HEARTBEAT_S:
            said, told_at = complaint, now
            site.voice.note(f"not yet: {complaint}; trying for {deadline - now:.0f} s more")
        clock.sleep(_PAUSE_S)
    if check.service:
        # A way that cannot be opened says nothing about the release where the whole cluster is away.
        site.cluster.version()
    expected = f"expected {check.expect} within {check.timeout_s:.0f} s"
    raise _failed(check, site, f"{expected}; at last {complaint}", (), advice)


def _try(check: HttpCheck, site: Site, left_s: float) -> tuple[str, str]:
    """What is wrong, and what to do about it; both empty when the answer is as expected."""
    try:
        with _address(check, site) as (url, tls):
            request = Request("GET", url, {"Connection": "close"}, timeout_s=min(_ANSWER_S, left_s))
            answer = site.world.http(tls).send(request)
    except (Unreachable, UsageError) as error:
        return error.message.rstrip("."), error.hint
    if not mismatch(check.expect, answer):
        return "", ""
    # Redacted before it is cut, or half a secret would stay.
    body = " ".join(site.world.redactor.text(answer.text).split())
    return f"it answered {answer.status}: {body[:_SHOWN] or 'nothing'}", _ADVICE


_ADVICE = "Read the service's log (trunkline logs), or correct what the check expects in trunkline.yaml."


@contextmanager
def _address(check: HttpCheck, site: Site) -> Iterator[tuple[str, TlsSettings]]:
    if check.url:
        yield check.url, TlsSettings()
        return
    environment = site.environment
    forwarding = site.world.forwarding(environment.target.cluster)
    with forwarding.to_service(environment.namespace, check.service, check.port) as port:
        # No proxy knows the way to our own loopback.
        yield f"http://127.0.0.1:{port}{check.path}", TlsSettings(proxy="")


def _run(check: CommandCheck, site: Site) -> None:
    command = Command(
        ("sh", "-c", check.command),
        {**check.environment, **_tools_environment(site)},
        directory=site.world.project.root,
        timeout_s=check.timeout_s,
    )
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    advice = "Run it by hand, or correct it in trunkline.yaml."
    try:
        done = site.world.processes.run(command, _heard(lines, site), _heartbeat(check, site))
    except TimeoutError:
        text = f"`{check.command}` did not end within {check.timeout_s:.0f} s"
        raise _failed(check, site, text, tuple(lines), advice) from None
    except UsageError as error:
        raise _failed(check, site, error.message, (), error.hint) from error
    if done.code != 0:
        text = f"`{check.command}` ended with exit code {done.code}"
        raise _failed(check, site, text, tuple(lines), advice)


def _tools_environment(site: Site) -> dict[str, str]:
    """What leads kubectl and Helm in a command to the environment's cluster and namespace."""
    cluster = site.environment.target.cluster
    found = {
        "KUBECONFIG": cluster.kubeconfig or "",
        "HELM_KUBECONTEXT": cluster.context or "",
        "TRUNKLINE_CONTEXT": cluster.context or "",
        "HELM_NAMESPACE": site.environment.namespace,
    }
    return {name: value for name, value in found.items() if value}


def _test(check: HelmTest, site: Site) -> None:
    lines: list[str] = []
    target = site.environment.target
    try:
        site.helm.test(target, check.timeout_s, _heard(lines, site), _heartbeat(check, site))
    except DeploymentFailed as error:
        logs = next((place for place, line in enumerate(lines) if line.startswith("POD LOGS:")), 0)
        evidence = tuple(lines[logs:][-_LAST_LINES:])
        raise _failed(check, site, error.message, evidence, error.hint) from error


def _heard(lines: deque[str] | list[str], site: Site) -> OnLine:
    def hear(line: str) -> None:
        if line.strip():
            lines.append(line)
        site.voice.output(line)

    return hear


def _heartbeat(check: Check, site: Site) -> Meanwhile:
    clock = site.world.clock
    began = told_at = clock.monotonic()

    def beat() -> None:
        nonlocal told_at
        now = clock.monotonic()
        if now - told_at >= _HEARTBEAT_S:
            told_at = now
            site.voice.note(f"still at it after {now - began:.0f} s: {check.name}")

    return beat


def _failed(check: Check, site: Site, why: str, evidence: tuple[str, ...], advice: str) -> TrunklineError:
    sentence = f'The check "{check.name}" failed: {why.rstrip(". ")}'
    resource = Resource("Check", site.environment.namespace, check.name)
    return RolloutFailed((Failure(Cause.CHECK_FAILED, resource, sentence, evidence, advice),))
