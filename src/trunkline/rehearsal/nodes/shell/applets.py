"""The small programs that scripts of charts call, as busybox has them: each reads, writes and gives its exit code."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from trunkline.rehearsal.nodes.files import FileError
from trunkline.rehearsal.nodes.shell.conditions import holds
from trunkline.rehearsal.nodes.shell.syntax import NotPlayed
from trunkline.rehearsal.nodes.shell.world import LONGEST_TEXT

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.shell.machine import Shell

_ESCAPES = {
    "n": "\n",
    "t": "\t",
    "\\": "\\",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "e": "\033",
    "0": "\0",
    '"': '"',
}
_LAST_LINES = 10
_MOST_NUMBERS = 10_000
_WIDEST = 1_000


def _echo(shell: Shell, words: list[str]) -> int:
    newline, escapes = True, False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        letters, words = words[0], words[1:]
        newline = newline and "n" not in letters
        escapes = escapes or "e" in letters
    text = " ".join(words)
    shell.sinks[1].write((_unescaped(text) if escapes else text) + ("\n" if newline else ""))
    return 0


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), text, flags=re.DOTALL)


def _printf(shell: Shell, words: list[str]) -> int:
    if not words:
        return 2
    form, rest = _unescaped(words[0]), words[1:]
    said = ""
    while True:
        before = len(rest)

        def fill(found: re.Match[str]) -> str:
            return _filled(found, rest)

        said += re.sub(r"%([-0 ]*)(\d*)([sdbicux%])", fill, form)
        if not rest or len(rest) == before or len(said) > LONGEST_TEXT:
            break
    shell.sinks[1].write(said)
    return 0


def _filled(found: re.Match[str], rest: list[str]) -> str:
    flags, width, kind = found[1], int(found[2][:4] or 0), found[3]
    if kind == "%":
        return "%"
    value = rest.pop(0) if rest else ""
    if kind in "diux":
        number = int(value) if re.fullmatch(r"[-+]?\d{1,18}", value, re.ASCII) else 0
        value = f"{number:x}" if kind == "x" else str(number)
    elif kind == "b":
        value = _unescaped(value)
    width = min(width, _WIDEST)
    return value.ljust(width) if "-" in flags else value.rjust(width, "0" if "0" in flags else " ")


def _test(shell: Shell, words: list[str]) -> int:
    return int(not holds(words, lambda path: shell.world.files.kind(shell.absolute(path)), _size_of(shell)))


def _bracket(shell: Shell, words: list[str]) -> int:
    if words[-1:] != ["]"]:
        shell.complain("[: missing ]")
        return 2
    return _test(shell, words[:-1])


def _size_of(shell: Shell) -> Callable[[str], int]:
    return lambda path: len(shell.world.files.read(shell.absolute(path)))


def _touch(shell: Shell, words: list[str]) -> int:
    for word in _paths(words, "cam"):
        shell.world.files.write(shell.absolute(word), "", append=True)
    return 0


def _rm(shell: Shell, words: list[str]) -> int:
    letters = _letters(words, "rRf")
    for word in _paths(words, "rRf"):
        try:
            shell.world.files.remove(shell.absolute(word), recursive=bool(letters & set("rR")))
        except FileError as error:
            if "f" not in letters:
                raise FileError(f"can't remove '{word}': {error}") from error
    return 0


def _mkdir(shell: Shell, words: list[str]) -> int:
    letters = _letters(words, "p")
    for word in _paths(words, "p"):
        try:
            shell.world.files.make_directory(shell.absolute(word), parents="p" in letters)
        except FileError as error:
            raise FileError(f"can't create directory '{word}': {error}") from error
    return 0


def _cat(shell: Shell, words: list[str]) -> int:
    status = 0
    for word in _paths(words, "") or ["-"]:
        try:
            shell.sinks[1].write(_content(shell, word))
        except FileError as error:
            shell.sinks[2].write(f"cat: can't open '{word}': {error}\n")
            status = 1
    return status


def _cp(shell: Shell, words: list[str]) -> int:
    _letters(words, "afp")
    paths = _paths(words, "afp")
    if len(paths) < 2:  # noqa: PLR2004 - from and to
        raise FileError("missing file operand")
    files, target = shell.world.files, shell.absolute(paths[-1])
    into = files.kind(target) == "directory"
    for word in paths[:-1]:
        place = posixpath.join(target, posixpath.basename(word)) if into else target
        files.write(place, files.read(shell.absolute(word)))
    return 0


def _mv(shell: Shell, words: list[str]) -> int:
    status = _cp(shell, words)
    for word in _paths(words, "afp")[:-1]:
        shell.world.files.remove(shell.absolute(word))
    return status


def _ls(shell: Shell, words: list[str]) -> int:
    letters = _letters(words, "1aA")
    for word in _paths(words, "1aA") or ["."]:
        path = shell.absolute(word)
        kind = shell.world.files.kind(path)
        if not kind:
            raise FileError(f"{word}: No such file or directory")
        names = shell.world.files.names(path) if kind == "directory" else [word]
        shown = [name for name in names if letters & set("aA") or not name.startswith(".")]
        shell.sinks[1].write("".join(f"{name}\n" for name in shown))
    return 0


def _date(shell: Shell, words: list[str]) -> int:
    words = [word for word in words if word not in {"-u", "-Iseconds"}]
    form = words[0] if words else "+%a %b %e %H:%M:%S UTC %Y"
    if len(words) > 1 or not form.startswith("+"):
        raise NotPlayed("date")
    now = datetime.fromtimestamp(shell.world.now_s(), UTC)
    seconds = str(int(shell.world.now_s()))
    known = {
        "s": seconds, "F": "%Y-%m-%d", "T": "%H:%M:%S", "e": f"{now.day:2}", "N": "000000000", "R": "%H:%M",
        **{letter: f"%{letter}" for letter in "YmdHMSabjZz%"},
    }  # fmt: skip
    if any(letter not in known for letter in re.findall(r"%(.)", form)):
        raise NotPlayed("date")
    shell.sinks[1].write(now.strftime(re.sub(r"%(.)", lambda found: known[found[1]], form[1:])) + "\n")
    return 0


def _grep(shell: Shell, words: list[str]) -> int:
    letters = _letters(words, "qivFEsx")
    paths = _paths(words, "qivFEsx")
    if not paths:
        return 2
    wanted, texts = paths[0], paths[1:] or ["-"]
    if "F" not in letters and re.search(r"[\\\[\](){}*+?|^$.]", wanted.strip("^$")):
        raise NotPlayed("grep")
    start, end = (wanted.startswith("^"), wanted.endswith("$")) if "F" not in letters else (False, False)
    wanted = wanted[int(start) : len(wanted) - int(end)] if "F" not in letters else wanted
    found = False
    for path in texts:
        for line in _content(shell, path).splitlines():
            ours, theirs = (wanted.lower(), line.lower()) if "i" in letters else (wanted, line)
            hit = theirs.startswith(ours) if start else ours in theirs
            hit = hit and (not end or theirs.endswith(ours)) and ("x" not in letters or ours == theirs)
            if hit != ("v" in letters):
                found = True
                if "q" not in letters:
                    shell.sinks[1].write(line + "\n")
    return int(not found)


def _wc(shell: Shell, words: list[str]) -> int:
    letters = _letters(words, "lwc") or set("lwc")
    paths = _paths(words, "lwc")
    text = _content(shell, paths[0] if paths else "-")
    counts = {"l": text.count("\n"), "w": len(text.split()), "c": len(text.encode())}
    shown = [str(counts[letter]) for letter in "lwc" if letter in letters]
    shell.sinks[1].write(" ".join([*shown, *paths]) + "\n")
    return 0


def _ends_of(shell: Shell, words: list[str], *, last: bool) -> int:
    count, paths = _LAST_LINES, list(words)
    while paths and paths[0].startswith("-") and len(paths[0]) > 1:
        found = re.fullmatch(r"-(?:n ?)?(\d{0,6})", paths.pop(0))
        if found is None:
            raise NotPlayed("head or tail")
        number = found[1] or (paths.pop(0) if paths else "")
        if not re.fullmatch(r"\d{1,6}", number, re.ASCII):
            raise NotPlayed("head or tail")
        count = int(number)
    lines = _content(shell, paths[0] if paths else "-").splitlines(keepends=True)
    chosen = lines[len(lines) - min(count, len(lines)) :] if last else lines[:count]
    shell.sinks[1].write("".join(chosen))
    return 0


def _seq(shell: Shell, words: list[str]) -> int:
    if not words or not all(re.fullmatch(r"-?\d{1,9}", word, re.ASCII) for word in words):
        raise NotPlayed("seq")
    numbers = [int(word) for word in words]
    first, step, last = (
        (1, 1, numbers[0])
        if len(numbers) == 1
        else (numbers[0], 1 if len(numbers) == 2 else numbers[1], numbers[-1])  # noqa: PLR2004 - from and to
    )
    if step == 0 or abs(last - first) // abs(step) > _MOST_NUMBERS:
        raise NotPlayed("seq")
    shell.sinks[1].write("".join(f"{n}\n" for n in range(first, last + (1 if step > 0 else -1), step)))
    return 0


def _env(shell: Shell, words: list[str]) -> int:
    if words:
        raise NotPlayed("env")
    shell.sinks[1].write("".join(f"{name}={value}\n" for name, value in shell.environment().items()))
    return 0


def _printenv(shell: Shell, words: list[str]) -> int:
    if len(words) != 1:
        return _env(shell, words)
    value = shell.environment().get(words[0])
    shell.sinks[1].write("" if value is None else value + "\n")
    return int(value is None)


def _tee(shell: Shell, words: list[str]) -> int:
    letters, text = _letters(words, "a"), shell.source.rest()
    for word in _paths(words, "a"):
        path = shell.absolute(word)
        if path not in {"/dev/stderr", "/dev/stdout", "/dev/null"}:
            shell.world.files.write(path, text, append="a" in letters)
    shell.sinks[1].write(text)
    return 0


def _change_mode(shell: Shell, words: list[str]) -> int:
    """Nobody is refused here, so that modes and owners mean nothing; the file has to be there."""
    for word in [item for item in words if not item.startswith("-")][1:]:
        if not shell.world.files.kind(shell.absolute(word)):
            raise FileError(f"{word}: No such file or directory")
    return 0


def _say(text: Callable[[Shell, list[str]], str]) -> Applet:
    def applet(shell: Shell, words: list[str]) -> int:
        shell.sinks[1].write(text(shell, words) + "\n")
        return 0

    return applet


def _content(shell: Shell, path: str) -> str:
    if path == "-":
        return shell.source.rest()
    if path == "/dev/null":
        return ""
    return shell.world.files.read(shell.absolute(path))


def _letters(words: list[str], known: str) -> set[str]:
    """The options that are there.

    Raises:
        NotPlayed: one of them is not known.
    """
    found: set[str] = set()
    for word in words:
        if word == "--":
            break
        if word.startswith("-") and len(word) > 1:
            found |= set(word[1:])
    if found - set(known):
        raise NotPlayed("".join(sorted(found)))
    return found


def _paths(words: list[str], known: str) -> list[str]:
    """What is no option."""
    _letters(words, known)
    cut = words.index("--") if "--" in words else len(words)
    return [word for word in words[:cut] if not word.startswith("-") or word == "-"] + words[cut + 1 :]


Applet = Callable[["Shell", list[str]], int]
APPLETS: Mapping[str, Applet] = {
    "[": _bracket, "cat": _cat, "chmod": _change_mode, "chown": _change_mode, "cp": _cp, "date": _date, "echo": _echo,
    "env": _env, "false": lambda shell, words: 1, "grep": _grep, "ls": _ls, "mkdir": _mkdir, "mv": _mv,  # noqa: ARG005
    "head": lambda shell, words: _ends_of(shell, words, last=False), "printenv": _printenv, "printf": _printf, "rm": _rm,
    "tail": lambda shell, words: _ends_of(shell, words, last=True), "seq": _seq, "sync": lambda shell, words: 0,  # noqa: ARG005
    "tee": _tee, "test": _test, "touch": _touch, "true": lambda shell, words: 0, "wc": _wc,  # noqa: ARG005 - as the others
    "basename": _say(lambda shell, words: posixpath.basename((words[:1] or ["."])[0].rstrip("/"))),  # noqa: ARG005
    "dirname": _say(lambda shell, words: posixpath.dirname((words[:1] or ["."])[0]) or "."),  # noqa: ARG005
    "hostname": _say(lambda shell, words: shell.variables.get("HOSTNAME", "")),  # noqa: ARG005
    "id": _say(lambda shell, words: "0" if words == ["-u"] else "uid=0(root) gid=0(root)"),  # noqa: ARG005
    "pwd": _say(lambda shell, words: shell.directory),  # noqa: ARG005
    "whoami": _say(lambda shell, words: "root"),  # noqa: ARG005
}  # fmt: skip
"""By their names; each may raise FileError, Unknowable and NotPlayed."""
