"""Every failure that Trunkline expects: one sentence, what to do next, and its own exit code.

An error names the thing, the cause and the next step. Whatever is not a `TrunklineError` is a fault of
Trunkline itself: `cli` writes its traceback to a log file and exits 3.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the shell sees; the table stands in docs/reference/exit-codes.md."""

    DONE = 0
    DEPLOYMENT_FAILED = 1
    USAGE = 2
    FAULT = 3
    REFUSED_BY_GATE = 4
    NOT_APPROVED = 5
    LOCKED = 6
    UNREACHABLE = 7
    INTERRUPTED = 130


class TrunklineError(Exception):
    """An expected failure.

    Args:
        message: one sentence that names the thing and the cause.
        hint: the next step for the person who reads it, or empty.

    Attributes:
        facts: what a program wants to know besides, as JSON knows it.
    """

    exit_code = ExitCode.FAULT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts: dict[str, object] = {}

    def __str__(self) -> str:
        return self.message


class DeploymentFailed(TrunklineError):
    """A build, a test or a rollout did not succeed; the message says whether it was undone."""

    exit_code = ExitCode.DEPLOYMENT_FAILED


class Stranded(DeploymentFailed):
    """A deployment failed and its undo failed as well: a person has to act."""


class UsageError(TrunklineError):
    """The command, its arguments or the state of the work tree do not allow what was asked."""

    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    """The configuration has mistakes; `mistakes` holds all of them, a sentence each with its place."""

    def __init__(self, message: str, mistakes: tuple[str, ...] = (), hint: str = "") -> None:
        super().__init__(message, hint)
        self.mistakes = mistakes


class ValuesRefused(UsageError):
    """Helm found that the values do not fit the chart's schema, and did nothing."""


class RefusedByGate(TrunklineError):
    """The vulnerability gate refused the image."""

    exit_code = ExitCode.REFUSED_BY_GATE


class NotApproved(TrunklineError):
    """The deployment waits for an approval, or was rejected."""

    exit_code = ExitCode.NOT_APPROVED


class WaitingForApproval(NotApproved):
    """Nobody has decided yet; the run can be resumed once somebody has."""


class Locked(TrunklineError):
    """Another deployment of the same release is at work, or a newer commit is already there."""

    exit_code = ExitCode.LOCKED


class Overtaken(Locked):
    """The environment runs a newer commit: deploying the older one would take it back unasked."""


class Unreachable(TrunklineError):
    """A system that is needed (registry, storage, cluster) does not answer, or does not let us in."""

    exit_code = ExitCode.UNREACHABLE


class Refused(Unreachable):
    """A system answers and does not let us in; waiting or trying again changes nothing."""


class Interrupted(TrunklineError):
    """A person or the CI stopped the command; the hint says how to go on."""

    exit_code = ExitCode.INTERRUPTED


class Terminated(KeyboardInterrupt):
    """SIGTERM. Like Ctrl-C it is no `Exception`: nobody who tolerates errors may swallow it."""
