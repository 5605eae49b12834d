"""What a session is: named steps in one namespace, as data; every step that is not quiet is one compared case."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

IMAGE = "127.0.0.1:5000/catalogue/tools:latest"
How = Literal["all", "exit", "sorted"]


@dataclass(frozen=True, slots=True)
class Step:
    """One call of a client.

    Attributes:
        name: of the case, unique in its session.
        tool: which client; "http" sends a request of its own.
        words: its arguments; NS stands for the namespace, CHART for the chart's folder.
        stdin: what it reads.
        compared: all that it says, only its exit code, its lines in any order; None compares nothing.
        until: repeat the call until its output has this text.
    """

    name: str
    tool: Literal["kubectl", "helm4", "helm3", "http"]
    words: tuple[str, ...]
    stdin: str = ""
    compared: How | None = "all"
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """Steps in a namespace of their own, with the files of a chart."""

    name: str
    steps: tuple[Step, ...]
    chart: Mapping[str, str] = field(default_factory=dict)


def kubectl(name: str, line: str, given: Any = None, compared: How | None = "all") -> Step:
    """A call of kubectl; what is given is its stdin, as JSON."""
    return Step(name, "kubectl", tuple(shlex.split(line)), _text(given), compared)


def await_output(line: str, text: str) -> Step:
    """Call kubectl until it says so; compares nothing."""
    return Step(f"await {text}", "kubectl", tuple(shlex.split(line)), "", None, text)


def helm(name: str, line: str, major: int = 4, compared: How | None = "all") -> Step:
    """A call of Helm."""
    return Step(name, "helm4" if major == 4 else "helm3", tuple(shlex.split(line)), "", compared)


def http(name: str, method: str, path: str, given: Any = None, media: str = "application/json") -> Step:
    """A request, past all clients."""
    return Step(name, "http", (method, path, media), _text(given))


def events(name: str, of: str) -> Step:
    """Which events an object has, as a set."""
    columns = "custom-columns=K:.involvedObject.kind,T:.type,R:.reason,M:.message"
    selector = f"involvedObject.name={of}" if "=" not in of else of
    return kubectl(name, f"get events --field-selector {selector} -o {columns} --no-headers", None, "sorted")


def _text(given: Any) -> str:
    return given if isinstance(given, str) else "" if given is None else json.dumps(given)
