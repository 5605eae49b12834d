"""What is checked after a rollout, and the variables that a check knows.

The service, the environment and its release are known when the file is read; commit and image, when a
deployment is planned. `filled` puts either in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Expectation:
    """What an answer has to be.

    Attributes:
        statuses: the good ones.
        contains: a text that the body has to hold; empty for any body.
        json: texts by the keys, joined by dots, that lead to them in a JSON body.
    """

    statuses: tuple[int, ...] = (200,)
    contains: str = ""
    json: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        parts = [f"status {' or '.join(map(str, self.statuses))}"]
        parts += [f'"{self.contains}" in the body'] if self.contains else []
        parts += [f'{key} = "{text}"' for key, text in self.json.items()]
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class HttpCheck:
    """Ask until the answer is as expected, or the time is up.

    Attributes:
        name: what people call it.
        url: the address; empty where a Service of the environment is asked.
        service: the Service, which is reached through a port-forward.
        port: its port, as a number or by name.
    """

    name: str
    url: str = ""
    service: str = ""
    port: str = ""
    path: str = "/"
    expect: Expectation = Expectation()
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class CommandCheck:
    """Run a shell command in the project's directory; its exit code decides.

    Attributes:
        environment: the variables that it is given.
    """

    name: str
    command: str
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 60.0


@dataclass(frozen=True, slots=True)
class HelmTest:
    """Run the tests that the chart brings along (`helm test`)."""

    name: str
    timeout_s: float = 60.0


Check = HttpCheck | CommandCheck | HelmTest


def filled(check: Check, values: Mapping[str, str]) -> Check:
    """The check with `${NAME}` replaced for each of the names; a command finds them in its environment."""
    match check:
        case HttpCheck():
            expect = check.expect
            return replace(
                check,
                name=_filled(check.name, values),
                url=_filled(check.url, values),
                path=_filled(check.path, values),
                expect=replace(
                    expect,
                    contains=_filled(expect.contains, values),
                    json={key: _filled(text, values) for key, text in expect.json.items()},
                ),
            )
        case CommandCheck():
            return replace(check, environment={**check.environment, **values})
        case HelmTest():
            return check


def _filled(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    return text
