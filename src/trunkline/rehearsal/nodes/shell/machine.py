"""A shell at work: walks through the parts of a script, a step at a time."""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Mapping

from trunkline.rehearsal.nodes.files import FileError, Unknowable
from trunkline.rehearsal.nodes.shell import calls
from trunkline.rehearsal.nodes.shell.expansion import fields_of, pattern_of, text_of
from trunkline.rehearsal.nodes.shell.syntax import (
    Case,
    Chain,
    Command,
    For,
    Group,
    If,
    Loop,
    NotPlayed,
    Pipeline,
    Redirection,
    Sequence,
    Simple,
)
from trunkline.rehearsal.nodes.shell.world import (
    Exit,
    Kept,
    Logged,
    Nowhere,
    Sink,
    Source,
    Steps,
    ToFile,
    World,
    bounded,
)

_DEEPEST = 40
_MOST_VARIABLES = 1_000
_NOT_REDIRECTED = 1
_STREAMS = {"/dev/stdout": 1, "/proc/self/fd/1": 1, "/dev/fd/1": 1, "/dev/stderr": 2, "/proc/self/fd/2": 2}
_LOG_OF_ALL = {"/proc/1/fd/1", "/proc/1/fd/2"}


class Jump(Exception):
    """`break` or `continue`, for so many loops."""

    def __init__(self, word: str, loops: int) -> None:
        super().__init__(word)
        self.word, self.loops = word, loops


class Shell:
    """One shell, or a part of a script that runs in a shell of its own.

    Args:
        world: the container.
        sinks: where output goes, by its descriptor.
        variables: with which it begins; they are exported.
    """

    def __init__(self, world: World, sinks: Mapping[int, Sink], variables: Mapping[str, str]) -> None:
        self.world, self.sinks = world, dict(sinks)
        self.variables: dict[str, str] = dict(variables)
        self.exported = set(variables)
        self.source = Source()
        self.name, self.positional = "sh", list[str]()
        self.flags: set[str] = set()
        self.traps: dict[str, str] = {}
        self.pending: list[str] = []
        self.status = self.depth = self.last_job = self.careful = 0
        self.directory: str = "/"
        self.number = 1
        self.substituted = False

    def copy(self, sinks: Mapping[int, Sink] | None = None) -> Shell:
        """A shell of its own that knows what this one knows."""
        made = Shell(self.world, self.sinks if sinks is None else sinks, self.variables)
        made.exported, made.positional, made.flags = (
            set(self.exported),
            list(self.positional),
            set(self.flags),
        )
        made.name, made.source, made.directory = self.name, self.source, self.directory
        made.status, made.depth, made.last_job = self.status, self.depth + 1, self.last_job
        made.number = self.number
        made.careful = self.careful
        return made

    def contained(self, steps: Steps) -> Steps:
        """Steps of a shell of its own: what ends it ends nothing else."""
        try:
            return (yield from steps)
        except Exit as end:
            return end.code
        except Jump:
            return 0

    def absolute(self, path: str) -> str:
        """The path from the root."""
        joined = posixpath.normpath(posixpath.join(self.directory, path))
        return "/" + joined.lstrip("/")

    def assign(self, name: str, value: str) -> None:
        """Set a variable."""
        if len(self.variables) >= _MOST_VARIABLES and name not in self.variables:
            raise NotPlayed("too many variables")
        self.variables[name] = bounded(value)

    def environment(self) -> dict[str, str]:
        """What programs are told."""
        return {name: value for name, value in self.variables.items() if name in self.exported}

    def complain(self, message: str) -> None:
        """Say what is wrong, as a shell does."""
        self.sinks[2].write(f"{self.name}: {message}\n")

    # Lists.

    def sequence(self, sequence: Sequence) -> Steps:
        """Commands one after the other."""
        for chain, background in sequence.items:
            if background:
                inner = self.copy()
                self.last_job = calls.start_job(self, inner.contained(inner._chain(chain)))  # noqa: SLF001 - a shell
                self.status = 0
            else:
                self.status = yield from self._chain(chain)
            yield from self._trapped()
        return self.status

    def _chain(self, chain: Chain) -> Steps:
        status = yield from self._pipeline(chain.first, careful=bool(chain.rest))
        for number, (operator, pipeline) in enumerate(chain.rest):
            if (operator == "&&") == (status == 0):
                status = yield from self._pipeline(pipeline, careful=number + 1 < len(chain.rest))
        return status

    def _pipeline(self, pipeline: Pipeline, *, careful: bool) -> Steps:
        # What decides about something else does not end a shell under `set -e` (XCU 2.14, set).
        careful = careful or pipeline.negated
        self.careful += int(careful)
        try:
            if len(pipeline.commands) == 1:
                status = yield from self._command(pipeline.commands[0])
            else:
                status = yield from self._piped(pipeline.commands)
        finally:
            self.careful -= int(careful)
        self.status = status = int(not status) if pipeline.negated else status
        if status and "e" in self.flags and not (careful or self.careful):
            raise Exit(status)
        return status

    def _piped(self, commands: tuple[Command, ...]) -> Steps:
        source, status = self.source, 0
        for number, command in enumerate(commands):
            is_last = number + 1 == len(commands)
            kept = Kept()
            inner = self.copy(self.sinks if is_last else {**self.sinks, 1: kept})
            inner.source = source
            status = yield from inner.contained(inner._command(command))  # noqa: SLF001 - a shell, too
            source = Source(kept.text)
        return status

    def _command(self, command: Command) -> Steps:
        yield from self.world.step()
        self.depth += 1
        if self.depth > _DEEPEST:
            raise NotPlayed("too deep")
        try:
            match command:
                case Simple():
                    return (yield from self._simple(command))
                case If():
                    return (yield from self._if(command))
                case Loop():
                    return (yield from self._loop(command))
                case For():
                    return (yield from self._for(command))
                case Case():
                    return (yield from self._case(command))
                case Group():
                    return (yield from self._group(command))
        except (FileError, Unknowable) as error:
            # Whatever asks for a path has caught what it expects of it.
            raise NotPlayed(str(error)) from error
        finally:
            self.depth -= 1

    # Compound commands.

    def _if(self, command: If) -> Steps:
        for condition, body in command.branches:
            if (yield from self._condition(condition)) == 0:
                return (yield from self.sequence(body))
        self.status = 0
        return (yield from self.sequence(command.otherwise))

    def _condition(self, condition: Sequence) -> Steps:
        self.careful += 1
        try:
            return (yield from self.sequence(condition))
        finally:
            self.careful -= 1

    def _loop(self, command: Loop) -> Steps:
        status = 0
        while True:
            yield from self.world.step()
            try:
                if ((yield from self._condition(command.condition)) == 0) == command.until:
                    return status
                status = yield from self.sequence(command.body)
            except Jump as jump:
                if self._ends_loop(jump):
                    return 0

    def _for(self, command: For) -> Steps:
        words = self.positional if command.words is None else (yield from fields_of(self, command.words))
        self.status = 0
        for word in list(words):
            yield from self.world.step()
            self.assign(command.name, word)
            try:
                yield from self.sequence(command.body)
            except Jump as jump:
                if self._ends_loop(jump):
                    break
        return self.status

    @staticmethod
    def _ends_loop(jump: Jump) -> bool:
        if jump.loops > 1:
            raise Jump(jump.word, jump.loops - 1)
        return jump.word == "break"

    def _case(self, command: Case) -> Steps:
        word = yield from text_of(self, command.word)
        self.status = 0
        for patterns, body in command.branches:
            for pattern in patterns:
                if fnmatch.fnmatchcase(word, (yield from pattern_of(self, pattern))):
                    return (yield from self.sequence(body))
        return 0

    def _group(self, command: Group) -> Steps:
        before = (dict(self.sinks), self.source)
        try:
            if not (yield from self.redirect(command.redirections)):
                return _NOT_REDIRECTED
            if command.subshell and isinstance(command.body, Sequence):
                inner = self.copy()
                return (yield from inner.contained(inner.sequence(command.body)))
            if isinstance(command.body, Sequence):
                return (yield from self.sequence(command.body))
            return (yield from self._command(command.body))
        finally:
            self.sinks, self.source = before

    # Simple commands.

    def _simple(self, command: Simple) -> Steps:
        self.substituted = False
        words = yield from fields_of(self, command.words)
        values = []
        for name, word in command.assignments:
            values.append((name, (yield from text_of(self, word))))
        before = (dict(self.sinks), self.source)
        kept = {name: self.variables.get(name) for name, _ in values} if words else {}
        lasts = words[:1] == ["exec"] and len(words) == 1
        try:
            if not (yield from self.redirect(command.redirections)):
                return _NOT_REDIRECTED
            for name, value in values:
                self.assign(name, value)
            if not words:
                return self.status if self.substituted else 0
            if "x" in self.flags:
                self.sinks[2].write(f"+ {' '.join(words)}\n")
            exported = set(self.exported)
            self.exported |= set(kept)
            try:
                return (yield from calls.call(self, words))
            finally:
                if kept:
                    self.exported = exported
        finally:
            if not lasts:
                self.sinks, self.source = before
            for name, old in kept.items():
                if old is None:
                    self.variables.pop(name, None)
                else:
                    self.variables[name] = old

    def redirect(self, redirections: tuple[Redirection, ...]) -> Steps:
        """Lead the streams elsewhere; 1 where that went well, 0 where it did not and was said."""
        for redirection in redirections:
            target = yield from text_of(self, redirection.target)
            try:
                self._redirect(redirection, target)
            except FileError as error:
                word = "open" if redirection.operator == "<" else "create"
                self.complain(f"can't {word} {target}: {_said(error)}")
                return 0
        return 1

    def _redirect(self, redirection: Redirection, target: str) -> None:
        descriptor, operator = redirection.descriptor, redirection.operator
        if operator == "<<":
            self.source = Source(target)
            return
        if operator == ">&":
            if target == "-":
                self.sinks[descriptor] = Nowhere()
            elif target.isdigit() and int(target) in self.sinks:
                self.sinks[descriptor] = self.sinks[int(target)]
            else:
                raise NotPlayed(f">&{target}")
            return
        path = self.absolute(target)
        if operator == "<":
            self.source = Source("" if path == "/dev/null" else self.world.files.read(path))
            return
        self.sinks[descriptor] = self._sink(path, append=operator == ">>")

    def _sink(self, path: str, *, append: bool) -> Sink:
        if path == "/dev/null":
            return Nowhere()
        if path in _STREAMS:
            return self.sinks[_STREAMS[path]]
        if path in _LOG_OF_ALL:
            return Logged(self.world.say)
        self.world.files.write(path, "", append=append)
        return ToFile(self.world.files, path)

    # Signals.

    def _trapped(self) -> Steps:
        """What is to be done for signals that came meanwhile."""
        while self.pending:
            deed = self.traps.get(self.pending.pop(0))
            if deed:
                status = self.status
                yield from calls.run_text(self, deed)
                self.status = status
        return self.status


def _said(error: FileError) -> str:
    text = str(error)
    return text[:1].lower() + text[1:] if text.startswith("No such") else text
