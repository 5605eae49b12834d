"""Keys that a program hands out: a profile's `credential_process`.

Reference: AWS SDKs and Tools Reference Guide, "Process credential provider".
"""

from __future__ import annotations

import shlex

from trunkline.adapters.storage.aws.keys import Keys, Surroundings, json_object, keys_in
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Command

_TIMEOUT_S = 60.0
_LAST_LINES = 3
_VERSION = 1


def ask_program(line: str, surroundings: Surroundings) -> Keys:
    """Run the program of a command line and read its answer.

    Raises:
        UsageError: the line is none, or the program is not installed.
        Refused: it failed.
        Unreachable: it did not end, or answered something else.
    """
    try:
        argv = tuple(shlex.split(line))
    except ValueError:
        argv = ()
    if not argv:
        raise UsageError("the command line cannot be read", "Check its quotes.")
    try:
        done = surroundings.reach().processes().run(Command(argv, timeout_s=_TIMEOUT_S, private=True))
    except TimeoutError:
        raise Unreachable(
            f"{argv[0]} did not end within {_TIMEOUT_S:g} s", "Run it in a terminal to see what it waits for."
        ) from None
    answer = json_object(done.stdout)
    keys = keys_in(answer, "SessionToken")
    if keys:
        surroundings.redactor.learn(keys.secret, keys.token)
    if done.code != 0:
        said = surroundings.redactor.text(" / ".join(done.stderr.strip().splitlines()[-_LAST_LINES:]))
        raise Refused(
            f"{argv[0]} failed with exit code {done.code}, {said or 'no message'}",
            "Run it in a terminal to see why, or log in again.",
        )
    if answer.get("Version") != _VERSION or keys is None:
        raise Unreachable(
            f"{argv[0]} answers something that holds no keys",
            "It has to print JSON with Version 1, AccessKeyId and SecretAccessKey.",
        )
    if keys.ends and keys.ends <= surroundings.reach().clock.now():
        raise Refused(f"{argv[0]} hands out keys that have ended", "Log in again with the program.")
    return keys
