"""What is told of images: what comes of pulling one, and what it holds. Nothing is told of most: they are there, and hold all.

A cluster is given rules; the first one whose pattern an image's name fits is the one that counts.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from trunkline.dataclass import dataclass
from trunkline.rehearsal.nodes.behaviour import Pull

Program = Literal["well", "not executable", "no program", "segfault"]
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_RUNTIME = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: error during container init: "
)


@dataclass(frozen=True, slots=True)
class ImageContents:
    """What an image holds, all of it.

    Attributes:
        programs: by their absolute paths; `no program` is one that the node's processor cannot run.
        files: texts of other files by their absolute paths.
        entrypoint: what runs where a container names no command.
        command: the arguments, where it names none either.
        path: where programs are looked for, as PATH has it.
        working_directory: where they begin.
    """

    programs: Mapping[str, Program]
    files: Mapping[str, str] = field(default_factory=dict)
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    path: str = _PATH
    working_directory: str = "/"

    def program(self, name: str) -> str:
        """What there is of a program; empty if there is none."""
        return self.programs.get(self.place(name), "")

    def place(self, name: str) -> str:
        """Where a program is, as PATH finds it; empty if it does not."""
        if "/" in name:
            return posixpath.normpath(posixpath.join(self.working_directory, name))
        found = (posixpath.join(folder, name) for folder in self.path.split(":"))
        runs = (path for path in found if self.programs.get(path, "not executable") != "not executable")
        return next(runs, "")

    def start_error(self, name: str) -> str:
        """Why a container cannot be started with a program, in the runtime's words (runc's, and Go's os/exec); empty if it can."""
        match self.program(name):
            case "" if "/" in name:
                return f'{_RUNTIME}exec: "{name}": stat {name}: no such file or directory: unknown'
            case "":
                return f'{_RUNTIME}exec: "{name}": executable file not found in $PATH: unknown'
            case "not executable":
                return f'{_RUNTIME}exec: "{name}": permission denied: unknown'
            case _:
                return ""


@dataclass(frozen=True, slots=True)
class ImageRule:
    """What is told of the images whose names fit a pattern (of `fnmatch`).

    Attributes:
        pull: what becomes of pulling them.
        failing_pulls: how many pulls for a container fail, with `broken`, before that.
        contents: what they hold; None if nothing is told of it, and they hold whatever is asked for.
    """

    pattern: str
    pull: Pull = "ok"
    failing_pulls: int = 0
    contents: ImageContents | None = None


_ANY = ImageRule("*")


class Registries:
    """All that is told of images."""

    def __init__(self, rules: Sequence[ImageRule] = ()) -> None:
        self._rules = tuple(rules)

    def rule_for(self, image: str) -> ImageRule:
        """What is told of an image."""
        return next((rule for rule in self._rules if fnmatch.fnmatchcase(image, rule.pattern)), _ANY)
