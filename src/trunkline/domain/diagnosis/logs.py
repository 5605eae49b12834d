"""What a crashed container's own last words add: some causes only its log tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from trunkline.domain.rollouts.causes import GUIDE, Cause
from trunkline.domain.rollouts.words import Failure
from trunkline.expressions import expression

_CRASHES = {Cause.CRASH_LOOP, Cause.INIT_CRASH}
# Newer runtimes and shells start the program themselves and leave their complaint in its log.
_WORDS = (
    (expression(r"exec format error|cannot execute binary file", re.IGNORECASE), Cause.EXEC_FORMAT),
    (expression(r"^exec:? \S+: no such file or directory", re.IGNORECASE), Cause.COMMAND_NOT_FOUND),
)


def with_log(failure: Failure, lines: Sequence[str]) -> Failure:
    """The failure with its container's last lines as evidence, and the cause that they give away."""
    told = replace(failure, evidence=(*failure.evidence, *lines))
    if failure.cause not in _CRASHES:
        return told
    for pattern, cause in _WORDS:
        if found := next((line.strip() for line in lines if pattern.search(line)), ""):
            sentence = f"{failure.sentence}: {found}"
            return replace(told, cause=cause, sentence=sentence, advice=GUIDE[cause].advice)
    return told
