"""What all builders share: what is built from where, how build arguments travel, and what a try told.

Build arguments go through the child's environment (`--build-arg NAME`), because their values are often
tokens and every user of a machine can read every argv on it.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import uniform

from trunkline.config.project import ImageSettings
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference
from trunkline.errors import DeploymentFailed, UsageError
from trunkline.expressions import expression
from trunkline.ports import Command, Completed, OnLine, Processes

Pause = Callable[[float], None]

LAST_LINES = 20
LOGIN_S = 60.0
PUSH_S = 1800.0
_PAUSES_S = (1.0, 3.0)

# Variables that would change the builder itself: its program, its engine, its storage.
_RESERVED = expression(
    r"PATH|HOME|TMPDIR|REGISTRY_AUTH_FILE|(?:LD|DOCKER|BUILD(?:AH|KIT|X)|CONTAINERS?|XDG|STORAGE)_.*"
)
_LOOPBACK_IMAGE = expression(
    r"(?:^|[\s=\"'])(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)/", re.MULTILINE
)
_TRANSIENT = expression(
    r"\b(?:429|50[0234])\b|toomanyrequests|too many requests|internal server error|bad gateway|service unavailable|"
    r"connection (?:reset|refused)|broken pipe|unexpected EOF|: EOF|i/o timeout|timed out|handshake timeout|"
    r"no such host|temporary failure|no route to host|network is unreachable",
    re.IGNORECASE,
)
_REFUSAL = expression(
    r"unauthori[sz]ed|denied|authentication required|no basic auth|forbidden|incorrect username|invalid username|"
    r"\b40[13]\b|insufficient_scope",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Source:
    """What is built: absolute paths of the build file and of the context directory."""

    dockerfile: Path
    context: Path

    def pulls_from_loopback(self, settings: ImageSettings) -> bool:
        """Whether a base image or a cache is in a registry on this machine, which speaks plain HTTP."""
        text = self.dockerfile.read_text(encoding="utf-8", errors="replace")
        texts = (text, *settings.build_args.values(), *settings.cache_from, *settings.cache_to)
        return any(_LOOPBACK_IMAGE.search(item) is not None for item in texts)


def locate(settings: ImageSettings, root: Path) -> Source:
    """The build file and the context of an image.

    The build file is looked for below `root`, then below the context, as people mean both.

    Raises:
        UsageError: one of them is not there, or is outside of `root`.
    """
    context = (root / settings.context).resolve()
    if not context.is_relative_to(root.resolve()):
        raise UsageError(
            f"The build context {settings.context} is outside of {root}.",
            "Set image.context to a folder of the project.",
        )
    if not context.is_dir():
        raise UsageError(f"The build context {context} is no folder.", "Correct image.context.")
    for folder in (root, context):
        dockerfile = (folder / settings.dockerfile).resolve()
        if dockerfile.is_file():
            return Source(dockerfile, context)
    raise UsageError(
        f"There is no {settings.dockerfile} in {root} to build the image from.",
        "Write one, or set image.dockerfile to where it is.",
    )


def arguments(settings: ImageSettings, source: Source, labels: Mapping[str, str]) -> list[str]:
    """The arguments of `build` that Docker, Podman and Buildah have in common, without name and context.

    Raises:
        UsageError: a build argument would change the builder itself.
    """
    argv = ["--file", str(source.dockerfile)]
    for key, value in labels.items():
        argv += ["--label", f"{key}={value}"]
    for name in settings.build_args:
        if _RESERVED.fullmatch(name):
            raise UsageError(
                f"The build argument {name} would change the builder itself, not only the build.",
                "Give it another name in image.build_args and in the Dockerfile.",
            )
        argv += ["--build-arg", name]
    if settings.target:
        argv += ["--target", settings.target]
    if settings.platforms:
        argv += ["--platform", ",".join(settings.platforms)]
    for option, caches in (("--cache-from", settings.cache_from), ("--cache-to", settings.cache_to)):
        for cache in caches:
            argv += [option, cache]
    return argv


@contextlib.contextmanager
def secrets(settings: ImageSettings, root: Path) -> Iterator[list[str]]:
    """The arguments that hand the secrets to a build: each as a file for us alone, gone after the block.

    Raises:
        UsageError: a secret has no value, or its file is not there.
    """
    if not settings.secrets and not settings.secret_files:
        yield []
        return
    argv: list[str] = []
    for name, given in settings.secret_files.items():
        path = (root / given).resolve()
        if not path.is_file():
            raise UsageError(
                f"There is no file {path} for the secret {name}.",
                "Correct image.secret_files, or write the file.",
            )
        argv += ["--secret", f"id={name},src={path}"]
    with tempfile.TemporaryDirectory(prefix="trunkline-secrets-") as directory:
        for number, (name, value) in enumerate(settings.secrets.items()):
            if not value:
                raise UsageError(
                    f"The secret {name} of the build is empty.",
                    "Set the variable that image.secrets names for it.",
                )
            path = Path(directory) / str(number)
            path.touch(mode=0o600)
            path.write_text(value, encoding="utf-8")
            argv += ["--secret", f"id={name},src={path}"]
        yield argv


def address(image: ImageReference) -> str:
    """The image as builders take it: with its tag, never `latest` by omission, and without a digest."""
    if not image.tag:
        raise ValueError(f"{image} has no tag to build")
    return f"{image.repository}:{image.tag}"


class Tail:
    """Passes lines on and keeps the last ones."""

    def __init__(self, on_line: OnLine) -> None:
        self._on_line = on_line
        self._lines: deque[str] = deque(maxlen=LAST_LINES)

    def __call__(self, line: str) -> None:
        """Take a line."""
        self._lines.append(line)
        self._on_line(line)

    def said(self) -> str:
        """The last lines, indented below a sentence."""
        return "\n".join(f"  {line}" for line in self._lines)


def build(processes: Processes, command: Command, image: ImageReference, on_line: OnLine) -> None:
    """Run a build.

    Raises:
        DeploymentFailed: it failed; the message holds its last lines.
    """
    tail = Tail(on_line)
    done = processes.run(command, tail)
    if done.code:
        raise DeploymentFailed(
            f"{command.argv[0]} could not build {address(image)} (exit code {done.code}); its last lines:\n{tail.said()}",
            "Mend the Dockerfile or what it copies; the same build runs with "
            f"`{command.argv[0]} build` at your machine.",
        )


def persist(run: Callable[[], Completed], pause: Pause, on_line: OnLine) -> Completed:
    """Run something that talks to a registry, up to three times while its failure looks like a passing one."""
    done = run()
    for seconds in _PAUSES_S:
        said = output(done)
        # Podman and Buildah have tried again themselves when they say so.
        if not done.code or not is_transient(said) or "retrying in" in said.lower():
            break
        # Jobs that were refused at the same moment must not come back at the same moment.
        seconds *= uniform(0.7, 1.3)  # noqa: PLW2901, S311 - nobody has to be kept from guessing it
        on_line(f"{last_line(done)} - trying again in {seconds:.1f} s")
        pause(seconds)
        done = run()
    return done


def output(done: Completed) -> str:
    """All that a program wrote."""
    return f"{done.stdout}\n{done.stderr}"


def last_line(done: Completed) -> str:
    """The last line that a program wrote, its complaint by custom."""
    lines = [line.strip() for line in output(done).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit code {done.code}"


def is_transient(said: str) -> bool:
    """Whether a failure may be gone in a second: an overloaded server, a broken connection."""
    return not is_refusal(said) and _TRANSIENT.search(said) is not None


def is_refusal(said: str) -> bool:
    """Whether a registry answered and did not let us in."""
    return _REFUSAL.search(said) is not None
