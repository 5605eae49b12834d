"""Profiles and sign-on sessions from AWS's two files, read as botocore reads them.

`~/.aws/config` calls a profile `[profile name]`, `~/.aws/credentials` calls it `[name]` and wins.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from trunkline.dataclass import dataclass
from trunkline.errors import UsageError

_FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials"}
_NAMED = 2

Section = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Profiles:
    """What both files say.

    Attributes:
        merged: each profile, `credentials` winning over `config`.
        credentials: each profile of `credentials` alone.
        sessions: the `[sso-session name]` sections.
        name: the profile to take.
        named: whether somebody chose it.
        places: the two files' paths.
    """

    merged: Mapping[str, Section]
    credentials: Mapping[str, Section]
    sessions: Mapping[str, Section]
    name: str
    named: bool
    places: tuple[Path, Path]

    @property
    def chosen(self) -> Section:
        """The profile to take; empty where there is none."""
        return self.merged.get(self.name, {})


def read_profiles(environ: Mapping[str, str], home: Path) -> Profiles:
    """Both files as they are now.

    Raises:
        UsageError: one of them cannot be read, or the profile that was chosen is in neither.
    """
    config, credentials = (
        _expanded(environ.get(variable, ""), home) or home / ".aws" / name
        for variable, name in _FILES.items()
    )
    # botocore's order.
    name = environ.get("AWS_DEFAULT_PROFILE") or environ.get("AWS_PROFILE") or ""
    merged: dict[str, dict[str, str]] = {}
    sessions: dict[str, Section] = {}
    for section, values in _sections(config).items():
        kind, own = _kind(section)
        if kind == "profile":
            merged.setdefault(own, {}).update(values)
        elif kind == "sso-session":
            sessions[own] = values
    kept = _sections(credentials)
    for section, values in kept.items():
        merged.setdefault(section, {}).update(values)
    if name and name not in merged:
        variable = "AWS_DEFAULT_PROFILE" if environ.get("AWS_DEFAULT_PROFILE") else "AWS_PROFILE"
        raise UsageError(
            f"There is no AWS profile {name!r}, which {variable} names.",
            f"Known profiles: {', '.join(sorted(merged)) or 'none'}.",
        )
    return Profiles(merged, kept, sessions, name or "default", bool(name), (config, credentials))


def _expanded(path: str, home: Path) -> Path | None:
    if path == "~" or path.startswith("~/"):
        return home / path[2:]
    return Path(path) if path else None


def _kind(section: str) -> tuple[str, str]:
    """What a section of `config` is, and its name; names may be quoted."""
    if section == "default":
        return "profile", section
    try:
        words = shlex.split(section)
    except ValueError:
        return "", ""
    return (words[0], words[1]) if len(words) == _NAMED else ("", "")


def _sections(path: Path) -> dict[str, dict[str, str]]:
    if not path.is_file():
        return {}
    import configparser  # noqa: PLC0415 - in a CI job there are no such files

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        # A parser's own message repeats the line, which may be a secret.
        reason = error.strerror if isinstance(error, OSError) else "it is not written as AWS files are"
        raise UsageError(f"{path} cannot be read: {reason}.", "Mend it.") from None
    return {section: dict(parser.items(section)) for section in parser.sections()}
