"""Where the ledger is: what `TRUNKLINE_LEDGER` says, else a file in the person's state directory.

The default follows the XDG Base Directory Specification 0.8: `$XDG_STATE_HOME`, which counts only when it is
absolute, else `~/.local/state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from trunkline.errors import UsageError

VARIABLE = "TRUNKLINE_LEDGER"
_EXAMPLE = f"Write it as {VARIABLE}=sqlite:///var/lib/trunkline/ledger.db; the path is absolute."


def locate(environ: Mapping[str, str]) -> Path:
    """The ledger's file, which need not exist yet.

    Raises:
        UsageError: `TRUNKLINE_LEDGER` is no URL that we understand, or there is no home directory to fall back on.
    """
    if environ.get(VARIABLE):
        return from_url(environ[VARIABLE])
    state = Path(environ.get("XDG_STATE_HOME", ""))
    if not state.is_absolute():
        state = _home(environ) / ".local" / "state"
    return state / "trunkline" / "ledger.db"


def from_url(url: str) -> Path:
    """The absolute path in `sqlite:///path`, with percent-encoding undone; `sqlite:////path` means the same.

    A relative path is not taken: a ledger that depends on where a command was typed is a different one each
    time, and one in the work tree would make every commit a dirty one.

    Raises:
        UsageError: it is not such a URL. The message repeats its scheme only, since it may hold a password.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        raise UsageError(f"{VARIABLE} is not a URL.", _EXAMPLE) from None
    if parts.scheme != "sqlite":
        spelled = f"the scheme {parts.scheme!r}" if parts.scheme else "no scheme"
        raise UsageError(
            f"{VARIABLE} has {spelled}; a ledger is at sqlite:///path, postgresql://host/name or s3://bucket/prefix.",
            _EXAMPLE,
        )
    if parts.netloc:
        raise UsageError(
            f"{VARIABLE} names a host between its second and third slash; a SQLite file has none.", _EXAMPLE
        )
    path = "/" + unquote(parts.path).strip("/")
    if path == "/" or "\0" in path or parts.query or parts.fragment:
        raise UsageError(f"{VARIABLE} does not end in the path of a file.", _EXAMPLE)
    return Path(path)


def _home(environ: Mapping[str, str]) -> Path:
    if environ.get("HOME"):
        return Path(environ["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        raise UsageError(
            "There is no home directory to keep the ledger in: HOME is not set and the user has no entry.",
            f"Set {VARIABLE}=sqlite:///path/to/ledger.db.",
        ) from None
