"""What a container's own command says that it does, where it says so plainly.

A light reading of the few words that charts and tests use for containers without a program of their own: `sleep`, `echo`,
`exit`, `true`, `false`. Whatever else a command says counts as a service that runs for ever.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence

from trunkline.rehearsal.nodes.behaviour import Behaviour, Line
from trunkline.rehearsal.objects import Object

_SHELLS = {"sh", "/bin/sh", "bash", "/bin/bash", "ash"}
_NO_SUCH = 127
_LONG_S = 3600.0
_RAISED = re.compile(r"SystemExit\((\d+)\)|sys\.exit\((\d+)\)")


def behaviour_of(container: Object, *, ends: bool) -> Behaviour:
    """What a container does by its command; `ends` says that one that is not understood ends well after a second."""
    words = [str(item) for item in (*(container.get("command") or ()), *(container.get("args") or ()))]
    found = _read(words) if words else None
    if found is not None:
        return found
    return Behaviour(ends_after_s=1.0) if ends else Behaviour()


def _read(words: Sequence[str]) -> Behaviour | None:
    if words[0] in _SHELLS and len(words) > 2 and words[1] in {"-c", "-ec", "-ce"}:  # noqa: PLR2004 - sh -c script
        return _script(words[2])
    if words[0].rpartition("/")[2].startswith("python") and "-c" in words[:-1]:
        raised = _RAISED.search(words[words.index("-c") + 1])
        return Behaviour(ends_after_s=0.2, exit_code=int(raised[1] or raised[2])) if raised else None
    return _script(shlex.join(words)) if words[0] in _WORDS else None


def _script(text: str) -> Behaviour | None:  # noqa: C901 - a case for each word
    passed_s = 0.0
    lines: list[Line] = []
    for part in re.split(r";|&&|\n", text):
        try:
            words = shlex.split(part)
        except ValueError:
            return None
        if words and words[0] == "exec":
            words = words[1:]
        if not words:
            continue
        match words[0]:
            case "sleep" if words[1:] and re.fullmatch(r"\d+(\.\d+)?|inf(inity)?", words[1]):
                passed_s += float("inf") if words[1].startswith("inf") else float(words[1])
                if passed_s >= _LONG_S:
                    return Behaviour(lines=tuple(lines))
            case "echo" | "printf":
                lines.append(Line(" ".join(words[1:]), passed_s))
            case "exit":
                code = int(words[1]) if words[1:] and words[1].isdigit() else 0
                return Behaviour(ends_after_s=passed_s, exit_code=code, lines=tuple(lines))
            case "true" | ":":
                continue
            case "false":
                return Behaviour(ends_after_s=passed_s, exit_code=1, lines=tuple(lines))
            case _:
                return None
    return Behaviour(ends_after_s=passed_s, lines=tuple(lines))


_WORDS = {"sleep", "echo", "true", "false", "printf"}
