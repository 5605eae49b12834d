"""From a `trunkline.yaml` to a `Project`, or to all of its mistakes at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trunkline.config.document import read_document
from trunkline.config.interpolation import Unset
from trunkline.config.mistakes import START, Mistake, Spot
from trunkline.config.project import Project
from trunkline.config.sink_variables import MEASURE_VARIABLES
from trunkline.config.variables import read_variables
from trunkline.config.yaml_positions import LARGEST, parse
from trunkline.errors import ConfigurationError, UsageError

FILE_NAME = "trunkline.yaml"


def find_project_file(start: Path) -> Path | None:
    """The `trunkline.yaml` in `start` or in a directory above it, but not above the git work tree."""
    for directory in (start, *start.parents):
        candidate = directory / FILE_NAME
        if candidate.is_file():
            return candidate
        if (directory / ".git").exists():
            return None
    return None


def load_project(path: Path, environ: Mapping[str, str], *, without_secrets: bool = False) -> Project:
    """Read a project's file.

    Args:
        path: the file; messages name it as it is given.
        environ: fills in the file's variables, and overrides where measurements go.
        without_secrets: whether variables may be unset, for what neither registry nor cluster is asked for: a CI's
            tests of a branch have no secrets.

    Raises:
        UsageError: the file is not there or cannot be read.
        ConfigurationError: it has mistakes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError as error:
        raise UsageError(
            f"There is no file {path}.",
            "Write it (docs/how-to/first-project.md), or name another one with --config.",
        ) from error
    except (OSError, ValueError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{path} cannot be read: {cause}.", "Name a file that this user may read with --config."
        ) from error
    return read_project(content, str(path), path.parent.absolute(), environ, without_secrets=without_secrets)


def read_project(
    content: bytes, name: str, root: Path, environ: Mapping[str, str], *, without_secrets: bool = False
) -> Project:
    """The same from the file's content.

    Args:
        content: a file's bytes; anything may come.
        name: what messages call the file.
        root: where relative paths start from.
        environ: see `load_project`.
        without_secrets: likewise.

    Raises:
        ConfigurationError: it has mistakes.
    """
    measured = read_variables(MEASURE_VARIABLES, environ)
    filling = Unset(environ) if without_secrets else environ
    project, mistakes = _read(content, name, root, filling, measured.values)
    spelled = [mistake.spelled(name) for mistake in sorted(mistakes, key=lambda mistake: mistake.spot)]
    spelled += measured.mistakes
    if project is None or spelled:
        count = "a mistake" if len(spelled) == 1 else f"{len(spelled)} mistakes"
        raise ConfigurationError(
            f"{name} has {count}.", tuple(spelled), "Correct the file, then try it with `trunkline check`."
        )
    return project


def _read(
    content: bytes, name: str, root: Path, environ: Mapping[str, str], measured: Mapping[str, str]
) -> tuple[Project | None, list[Mistake]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return None, [Mistake(_spot(content, error.start), "this is no UTF-8 text")]
    parsed = parse(text)
    mistakes = list(parsed.mistakes)
    if parsed.root is None:
        return None, mistakes or [Mistake(START, "the file is empty")]
    # Commands that need no file must not wait for what reads one.
    from trunkline.config.assemble import assemble, validate  # noqa: PLC0415

    document = read_document(parsed.root, environ)
    section, found = validate(document)
    mistakes += found
    if section is None or mistakes:
        return None, mistakes
    return assemble(section, name, root, environ, measured), []


def _spot(content: bytes, offset: int) -> Spot:
    before = content[:offset]
    line = before.rpartition(b"\n")[2].decode("utf-8", "replace")
    return Spot(before.count(b"\n") + 1, len(line) + 1)
