"""Calling a command: those of the shell itself first (XCU 2.14), then programs, as far as they are known."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from trunkline.rehearsal.nodes.files import FileError, Unknowable
from trunkline.rehearsal.nodes.shell.applets import APPLETS
from trunkline.rehearsal.nodes.shell.parser import parse
from trunkline.rehearsal.nodes.shell.syntax import NotPlayed
from trunkline.rehearsal.nodes.shell.world import SIGNALS, Await, Exit, OutOfMemory, Pause, Steps

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.shell.machine import Shell

NOT_EXECUTABLE, NOT_FOUND, SIGNALLED = 126, 127, 128
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_NEVER_S = float("inf")
_FILLS_MEMORY_S = 0.5
_SHELLS = {"sh", "bash", "ash", "dash"}
_PROGRAM_FOLDERS = {"/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin"}
_FIRST_PROCESS = "1"


def call(shell: Shell, words: list[str]) -> Steps:
    """Run a command with its arguments; its exit code.

    Raises:
        NotPlayed: it is not known here.
    """
    own = _OWN.get(words[0])
    if own is not None:
        return (yield from own(shell, words))
    return (yield from _program(shell, words))


def run_text(shell: Shell, text: str) -> Steps:
    """Run a text as if it stood in the script."""
    shell.depth += 1
    try:
        return (yield from shell.sequence(parse(text)))
    finally:
        shell.depth -= 1


def start_job(shell: Shell, steps: Steps) -> int:
    """Let steps go on in the background; the job's number."""
    if shell.world.start is None:
        raise NotPlayed("&")
    return shell.world.start(steps)


def _program(shell: Shell, words: list[str]) -> Steps:
    name = plain_name(words[0])
    known = shell.world.program(words[0])
    if known == "" and words[0] not in APPLETS_OF_SHELLS:
        shell.complain(f"{words[0]}: not found")
        return NOT_FOUND
    if known == "not executable":
        shell.complain(f"{words[0]}: Permission denied")
        return NOT_EXECUTABLE
    if known == "segfault":
        shell.sinks[2].write("Segmentation fault\n")
        return SIGNALLED + SIGNALS["SEGV"]
    if name in _SHELLS:
        return (yield from _another_shell(shell, words))
    if name in _WAITING:
        return (yield from _WAITING[name](shell, words))
    applet = APPLETS.get(name)
    if applet is None or known == "no program":
        raise NotPlayed(words[0])
    try:
        return applet(shell, words[1:])
    except FileError as error:
        shell.sinks[2].write(f"{name}: {error}\n")
        return 1
    except Unknowable as error:
        raise NotPlayed(str(error)) from error


def plain_name(word: str) -> str:
    """A program's name without the folder that it is in everywhere; other paths stay as they are."""
    return posixpath.basename(word) if posixpath.dirname(word) in _PROGRAM_FOLDERS else word


def is_shell(word: str) -> bool:
    """Whether a program is a shell."""
    return plain_name(word) in _SHELLS


def run_program(shell: Shell, words: list[str]) -> Steps:
    """Run a program that is no shell, and of whose commands none is the shell's own.

    Raises:
        NotPlayed: it is not known here.
    """
    return (yield from _program(shell, words))


def _another_shell(shell: Shell, words: list[str]) -> Steps:
    inner = shell.copy()
    inner.variables = shell.environment()
    return (yield from inner.contained(run_text(inner, become(inner, words))))


def become(shell: Shell, words: list[str]) -> str:
    """Let a shell be what `sh` with these options is; the script that it is to run.

    Raises:
        NotPlayed: there is none, or an option is not known here.
    """
    shell.flags, shell.careful = set(), 0
    words = words[1:]
    script = False
    while words and words[0].startswith("-") and len(words[0]) > 1:
        letters = words[0][1:]
        words = words[1:]
        script = script or "c" in letters
        if set(letters) - set("cexul"):
            raise NotPlayed(letters)
        shell.flags |= set(letters) & set("exu")
    if not words:
        raise NotPlayed("sh")
    if script:
        shell.name, shell.positional = (words[1:2] or ["sh"])[0], words[2:]
        return words[0]
    shell.name, shell.positional = words[0], words[1:]
    return _script(shell, words[0])


def _script(shell: Shell, path: str) -> str:
    try:
        return shell.world.files.read(shell.absolute(path))
    except (FileError, Unknowable) as error:
        raise NotPlayed(path) from error


# Commands of the shell itself.


def _exit(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    raise Exit(_whole(words[1:], shell.status) % 256)


def _exec(shell: Shell, words: list[str]) -> Steps:
    if len(words) == 1:
        return 0
    shell.traps.clear()
    if words[1] in {"echo", "printf", "test", "["} or words[1] not in _OWN:
        raise Exit((yield from _program(shell, words[1:])))
    raise NotPlayed("exec")


def _eval(shell: Shell, words: list[str]) -> Steps:
    return (yield from run_text(shell, " ".join(words[1:])))


def _dot(shell: Shell, words: list[str]) -> Steps:
    if len(words) < 2:  # noqa: PLR2004 - the command and a file
        raise NotPlayed(".")
    return (yield from run_text(shell, _script(shell, words[1])))


def _cd(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    target = shell.absolute(words[1] if words[1:] else shell.variables.get("HOME", "/"))
    try:
        kind = shell.world.files.kind(target)
    except Unknowable:
        kind = "directory"
    if kind != "directory":
        shell.complain(f"cd: can't cd to {words[1]}: No such file or directory")
        return 2
    shell.directory = target
    return 0


def _export(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise NotPlayed(word)
        if equals:
            shell.assign(name, value)
        if words[0] == "export":
            shell.exported.add(name)
    return 0


def _unset(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    for word in words[1:]:
        shell.variables.pop(word, None)
        shell.exported.discard(word)
    return 0


def _set(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    words = words[1:]
    while words and words[0][:1] in {"-", "+"} and words[0] not in {"-", "--"}:
        word = words.pop(0)
        letters = set(word[1:])
        if "o" in letters:
            letters |= set({"errexit": "e", "nounset": "u", "xtrace": "x"}.get((words or [""]).pop(0), ""))
        shell.flags = shell.flags | letters if word[0] == "-" else shell.flags - letters
        shell.flags &= set("eux")
    if words:
        shell.positional = words[1:] if words[0] == "--" else words
    return 0


def _shift(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    count = _whole(words[1:], 1)
    if count > len(shell.positional):
        return 1
    del shell.positional[:count]
    return 0


def _trap(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    words = [word for word in words[1:] if word != "--"]
    if len(words) < 2:  # noqa: PLR2004 - a deed and a signal
        return 0
    for word in words[1:]:
        name = _signal(word)
        if words[0] == "-":
            shell.traps.pop(name, None)
        else:
            shell.traps[name] = words[0]
    return 0


def _read(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    names = [word for word in words[1:] if word != "-r"] or ["REPLY"]
    if any(name.startswith("-") for name in names):
        raise NotPlayed("read")
    line = shell.source.line()
    parts = (line or "").split(None, len(names) - 1)
    for number, name in enumerate(names):
        shell.assign(name, parts[number].rstrip() if number < len(parts) else "")
    return int(line is None)


def _wait(shell: Shell, words: list[str]) -> Steps:
    jobs = frozenset(int(word) for word in words[1:] if word.isdigit() and len(word) < 6) or None  # noqa: PLR2004
    yield Await(jobs)
    if shell.pending:
        return SIGNALLED + SIGNALS.get(shell.pending[0], 0)
    return shell.world.ended_jobs.get(max(jobs), NOT_FOUND) if jobs else 0


def _kill(shell: Shell, words: list[str]) -> Steps:
    yield from ()
    words, name = words[1:], "TERM"
    if words[:1] in (["-s"], ["-n"]):
        name, words = _signal((words[1:2] or [""])[0]), words[2:]
    elif words and words[0].startswith("-") and words[0] != "--":
        name, words = ("0" if words[0] == "-0" else _signal(words[0][1:])), words[1:]
    status = 0
    for word in words:
        if word == _FIRST_PROCESS:
            if name != "0":
                shell.world.kill(name)
        elif not word.isdigit() or shell.world.stop is None:
            raise NotPlayed("kill")
        elif not shell.world.stop(int(word[:6]), SIGNALS.get(name, 0)):
            shell.complain(f"can't kill pid {word}: No such process")
            status = 1
    return status


def _jump(shell: Shell, words: list[str]) -> Steps:  # noqa: ARG001 - a command of the same shape as the others
    from trunkline.rehearsal.nodes.shell.machine import Jump  # noqa: PLC0415 - the two call one another

    yield from ()
    raise Jump(words[0], max(1, _whole(words[1:], 1)))


def _command(shell: Shell, words: list[str]) -> Steps:
    words = words[1:]
    if words[:1] in (["-v"], ["-V"]):
        name = (words[1:2] or [""])[0]
        known = shell.world.program(name)
        if name not in _OWN and known is None and name not in APPLETS and name not in _WAITING:
            raise NotPlayed(name)
        if name not in _OWN and known == "":
            return NOT_FOUND
        shell.sinks[1].write(f"{name}\n")
        return 0
    if not words:
        return 0
    return (yield from call(shell, words))


def _nothing(shell: Shell, words: list[str]) -> Steps:  # noqa: ARG001 - as above
    yield from ()
    return 0


def _applet(shell: Shell, words: list[str]) -> Steps:
    """One that shells have built in, whatever the image holds."""
    yield from ()
    try:
        return APPLETS[words[0]](shell, words[1:])
    except FileError as error:
        shell.complain(f"{words[0]}: {error}")
        return 1
    except Unknowable as error:
        raise NotPlayed(str(error)) from error


# Programs that take time.


def _sleep(shell: Shell, words: list[str]) -> Steps:
    seconds = 0.0
    for word in words[1:]:
        found = re.fullmatch(r"(\d{1,12}(?:\.\d{0,9})?|\.\d{1,9}|inf(?:inity)?)([smhd]?)", word, re.ASCII)
        if found is None:
            shell.sinks[2].write(f"sleep: invalid number '{word}'\n")
            return 1
        seconds += (_NEVER_S if found[1].startswith("inf") else float(found[1])) * _UNITS[found[2]]
    if len(words) == 1:
        shell.sinks[2].write("sleep: missing operand\n")
        return 1
    yield Pause(seconds)
    return 0


def _tail(shell: Shell, words: list[str]) -> Steps:
    """`tail /dev/zero` takes all memory there is; with `-f` it never ends."""
    if "/dev/zero" in words:
        yield Pause(_FILLS_MEMORY_S if shell.world.is_memory_limited else _NEVER_S)
        raise OutOfMemory
    follows = {word for word in words[1:] if re.fullmatch(r"-[fF]|--follow(=\w+)?", word)}
    rest = [word for word in words[1:] if word not in follows]
    if follows:
        if any(word != "/dev/null" and not word.startswith("-") for word in rest):
            raise NotPlayed("tail -f")
        yield Pause(_NEVER_S)
    try:
        return APPLETS["tail"](shell, rest)
    except Unknowable as error:
        raise NotPlayed(str(error)) from error
    except FileError as error:
        shell.sinks[2].write(f"tail: {error}\n")
        return 1


def _whole(words: list[str], default: int) -> int:
    if not words:
        return default
    if not re.fullmatch(r"\d{1,9}", words[0], re.ASCII):
        raise NotPlayed(words[0])
    return int(words[0])


def _signal(word: str) -> str:
    """A signal's name without its `SIG`; `EXIT` is one to `trap`."""
    name = word.upper().removeprefix("SIG")
    if name in {"0", "EXIT"}:
        return "EXIT"
    found = next((known for known, number in SIGNALS.items() if name in {known, str(number)}), "")
    if not found:
        raise NotPlayed(word)
    return found


Own = Callable[["Shell", list[str]], Steps]
APPLETS_OF_SHELLS = ("echo", "printf", "test", "[", "true", "false", "pwd")
_OWN: Mapping[str, Own] = {
    ":": _nothing, ".": _dot, "break": _jump, "cd": _cd, "command": _command, "continue": _jump, "eval": _eval,
    "exec": _exec, "exit": _exit, "export": _export, "kill": _kill, "local": _export, "read": _read,
    "readonly": _export, "return": _exit, "set": _set, "shift": _shift, "source": _dot, "trap": _trap,
    "ulimit": _nothing, "umask": _nothing, "unset": _unset, "wait": _wait,
    **dict.fromkeys(APPLETS_OF_SHELLS, _applet),
}  # fmt: skip
_WAITING: Mapping[str, Own] = {"sleep": _sleep, "tail": _tail}
