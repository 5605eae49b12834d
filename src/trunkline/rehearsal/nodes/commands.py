"""What a command says of a program that is not played: how it ends, where it says so plainly."""

from __future__ import annotations

from trunkline.expressions import expression
from trunkline.rehearsal.nodes.behaviour import Behaviour
from trunkline.rehearsal.objects import Object

_RAISED = expression(r"SystemExit\((\d{1,3})\)|sys\.exit\((\d{1,3})\)")
_ENDS_S = 1.0
_RAISES_S = 0.2


def behaviour_of(container: Object, *, ends: bool) -> Behaviour:
    """What a described program does; `ends` says that one of which nothing is known ends well after a second."""
    words = [str(item) for item in (*(container.get("command") or ()), *(container.get("args") or ()))]
    if words and words[0].rpartition("/")[2].startswith("python") and "-c" in words[:-1]:
        raised = _RAISED.search(words[words.index("-c") + 1])
        if raised:
            return Behaviour(ends_after_s=_RAISES_S, exit_code=int(raised[1] or raised[2]))
    return Behaviour(ends_after_s=_ENDS_S) if ends else Behaviour()
