"""Logging in to a registry and pushing to it, with a command line of the builder's, and what its refusals mean.

Passwords go by standard input; where the login ends up is for each builder to say, and always a private
place that is gone afterwards.
"""

from __future__ import annotations

from trunkline.adapters.builders.work import (
    LOGIN_S,
    PUSH_S,
    Pause,
    address,
    is_refusal,
    is_transient,
    last_line,
    output,
    persist,
)
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.errors import Refused, TrunklineError, Unreachable
from trunkline.ports import Command, Completed, OnLine, Processes


def log_in(
    processes: Processes, command: Command, image: ImageReference, settings: ImageSettings, pause: Pause
) -> None:
    """Run a `login` command.

    Raises:
        Refused: the registry does not know the user name and password.
        Unreachable: it does not answer.
    """

    def run() -> Completed:
        return _bounded(processes, command, image, lambda _: None)

    done = persist(run, pause, lambda _: None)
    if not done.code:
        return
    if is_refusal(output(done)):
        raise Refused(
            f"{image.registry} refuses the login of {settings.username}: {last_line(done)}.",
            "Check QUAY_USERNAME and QUAY_PASSWORD: a wrong or expired token, or another registry's.",
        )
    raise Unreachable(
        f"Logging in to {image.registry} with {command.argv[0]} failed: {last_line(done)}.",
        "Check the registry's address and the network, then run the command again.",
    )


def push(
    processes: Processes,
    command: Command,
    image: ImageReference,
    settings: ImageSettings,
    pause: Pause,
    on_line: OnLine,
) -> Completed:
    """Run a `push` command, again when the registry or the network stumbles.

    Raises:
        Refused: the registry does not accept the image from us.
        Unreachable: the push failed, after retries.
    """
    done = persist(lambda: _bounded(processes, command, image, on_line), pause, on_line)
    if not done.code:
        return done
    raise _failed_push(command, done, image, settings)


def _bounded(processes: Processes, command: Command, image: ImageReference, on_line: OnLine) -> Completed:
    try:
        return processes.run(command, on_line)
    except TimeoutError as error:
        raise Unreachable(
            f"{image.registry} did not finish `{' '.join(command.argv[:2])}` within {command.timeout_s:g} s.",
            "Check the registry and the network, then run the command again.",
        ) from error


def _failed_push(
    command: Command, done: Completed, image: ImageReference, settings: ImageSettings
) -> TrunklineError:
    said = last_line(done)
    if not is_refusal(output(done)):
        passing = is_transient(output(done))
        return Unreachable(
            f"{command.argv[0]} could not push {address(image)}: {said}.",
            "Check the registry and the network, then run the command again: the build is kept."
            if passing
            else "The registry answers and does not take the image: mend what it names, or ask who runs it.",
        )
    if settings.username:
        hint = (
            f"Give {settings.username} write permission for {image.repository} (Quay refuses a missing repository "
            "in the same words: create it first), or check QUAY_USERNAME and QUAY_PASSWORD."
        )
    else:
        hint = (
            f"Set QUAY_USERNAME and QUAY_PASSWORD, or run `{command.argv[0]} login {image.registry}` first."
        )
    return Refused(f"{image.registry} refuses the push of {address(image)}: {said}.", hint)


__all__ = ["LOGIN_S", "PUSH_S", "log_in", "push"]
