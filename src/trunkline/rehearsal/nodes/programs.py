"""What runs in containers: scripts and small programs that are played, and described programs for all that is not known.

A described program serves for ever, or, where something is to end (a Job, an init container), ends well after a second.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Sequence
from dataclasses import replace

from trunkline.rehearsal.nodes.behaviour import Behaviour, Line
from trunkline.rehearsal.nodes.commands import behaviour_of
from trunkline.rehearsal.nodes.files import FileError, Unknowable
from trunkline.rehearsal.nodes.mounts import Mounts
from trunkline.rehearsal.nodes.registries import ImageContents, Registries
from trunkline.rehearsal.nodes.runs import Run
from trunkline.rehearsal.nodes.shell.process import Answer, Container, Process, execute
from trunkline.rehearsal.nodes.variables import environment_of, words_of
from trunkline.rehearsal.objects import Object, at

_TERMINATION_LOG = "/dev/termination-log"
_LONGEST_MESSAGE = 4_096
_SEGFAULT, _NO_PROGRAM = 139, 255
_SHORTLY_S = 0.1


class Programs:
    """Begins what containers run.

    Args:
        now_s: the cluster's time, in seconds since 1970.
    """

    def __init__(self, mounts: Mounts, registries: Registries, now_s: Callable[[], float]) -> None:
        self._mounts, self._registries, self._now_s = mounts, registries, now_s

    def behaviour(self, pod: Object, run: Run, *, ends: bool) -> Behaviour:
        """What is known of a container's next life before it begins; `ends` is for described programs."""
        rule = self._registries.rule_for(run.image)
        found = behaviour_of(run.spec, ends=ends)
        words = self._words(pod, run, rule.contents)
        if rule.contents is not None and words:
            found = _started(rule.contents, words[0], found)
        run.plays = not found.start_reason and not found.exit_code
        return replace(found, pull=rule.pull, failing_pulls=rule.failing_pulls)

    def begin(self, pod: Object, run: Run) -> Process | None:
        """Let a container's first process do what it does at once; None if it is a described program."""
        contents = self._registries.rule_for(run.image).contents
        words = self._words(pod, run, contents)
        if not words or not run.plays:
            return None
        process = Process(self._container(pod, run, contents), words)
        process.go_on(0.0)
        if process.is_unknown:
            process.container.files.open_up()
            return process if process.log else None
        return process

    def answer(self, pod: Object, run: Run, words: Sequence[str]) -> Answer | None:
        """What comes of a command in a running container; None if it is not known."""
        if run.process is not None:
            return execute(run.process, run.process.container, words)
        container = self._container(pod, run, self._registries.rule_for(run.image).contents)
        container.files.open_up()
        return execute(None, container, words)

    def forget(self, uid: str) -> None:
        """A pod is gone."""
        self._mounts.forget(uid)

    def _container(self, pod: Object, run: Run, contents: ImageContents | None) -> Container:
        files = self._mounts.files_of(pod, run.spec, contents)
        files.layer.add(str(run.spec.get("terminationMessagePath") or _TERMINATION_LOG), "")
        return Container(
            files,
            environment_of(pod, run.spec, self._mounts.data),
            (lambda name: None) if contents is None else contents.program,  # noqa: ARG005 - nothing is told of it
            self._now_s(),
            is_memory_limited=bool(at(run.spec, "resources", "limits", "memory")),
        )

    def _words(self, pod: Object, run: Run, contents: ImageContents | None) -> list[str]:
        command, arguments = words_of(run.spec, environment_of(pod, run.spec, self._mounts.data))
        if command or contents is None:
            return [*command, *arguments]
        return [*contents.entrypoint, *(arguments or contents.command)]


def termination_message(run: Run, exit_code: int, lines: Sequence[str]) -> str:
    """What a container leaves behind: its file, or else its last lines where that is asked for."""
    path = str(run.spec.get("terminationMessagePath") or _TERMINATION_LOG)
    message = ""
    if run.process is not None:
        try:
            message = run.process.container.files.read(posixpath.normpath(path))
        except (FileError, Unknowable):
            message = ""
    if not message and exit_code and run.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError":
        message = "\n".join(lines[-80:])[-2048:]
    return message[:_LONGEST_MESSAGE]


def _started(contents: ImageContents, name: str, otherwise: Behaviour) -> Behaviour:
    """What becomes of a program that an image holds, or lacks, before it does anything."""
    error = contents.start_error(name)
    if error:
        return Behaviour(start_reason="RunContainerError", start_message=error)
    match contents.program(name):
        case "no program":
            said = Line(f"exec {contents.place(name)}: exec format error")
            return Behaviour(ends_after_s=_SHORTLY_S, exit_code=_NO_PROGRAM, lines=(said,))
        case "segfault":
            return Behaviour(ends_after_s=_SHORTLY_S, exit_code=_SEGFAULT)
        case _:
            return otherwise
