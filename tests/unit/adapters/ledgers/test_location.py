"""Where the ledger is looked for."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.adapters.ledgers import from_url, locate
from trunkline.errors import ExitCode, UsageError


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"HOME": "/home/ada"}, "/home/ada/.local/state/trunkline/ledger.db"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": "/state"}, "/state/trunkline/ledger.db"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": "state"}, "/home/ada/.local/state/trunkline/ledger.db"),
        ({"HOME": "/home/ada", "XDG_STATE_HOME": ""}, "/home/ada/.local/state/trunkline/ledger.db"),
        ({"HOME": "/home/ada", "TRUNKLINE_LEDGER": ""}, "/home/ada/.local/state/trunkline/ledger.db"),
        ({"HOME": "/home/ada", "TRUNKLINE_LEDGER": "sqlite:///srv/l.db"}, "/srv/l.db"),
    ],
)
def test_locate(environ: dict[str, str], expected: str) -> None:
    """TRUNKLINE_LEDGER wins, then an absolute XDG_STATE_HOME, then the home directory."""
    assert locate(environ) == Path(expected)


def test_no_home_in_the_environment() -> None:
    """Without HOME the user's entry on this machine tells where the home is."""
    assert locate({}) == Path.home() / ".local" / "state" / "trunkline" / "ledger.db"


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///var/lib/ledger.db", "/var/lib/ledger.db"),
        ("sqlite:////var/lib/ledger.db", "/var/lib/ledger.db"),
        ("sqlite:///with%20space/%23/l.db", "/with space/#/l.db"),
    ],
)
def test_from_url(url: str, path: str) -> None:
    """A URL of three or four slashes names an absolute path, percent-encoding undone."""
    assert from_url(url) == Path(path)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("postgresql://ada:hunter2@db/ledger", "'postgresql'"),
        ("ledger.db", "no scheme"),
        ("sqlite://ada:hunter2@host/ledger.db", "names a host"),
        ("sqlite:///", "does not end in the path of a file"),
        ("sqlite:", "does not end in the path of a file"),
        ("sqlite:///l.db?mode=ro", "does not end in the path of a file"),
        ("sqlite:///l%00.db", "does not end in the path of a file"),
        ("sqlite://[hunter2/l.db", "is not a URL"),
    ],
)
def test_refused_urls(url: str, part: str) -> None:
    """What is no `sqlite:///path` is refused with an example, and without repeating what may be a password."""
    with pytest.raises(UsageError, match=part) as error:
        from_url(url)
    assert "sqlite:///var/lib" in error.value.hint
    assert "hunter2" not in error.value.message + error.value.hint
    assert error.value.exit_code == ExitCode.USAGE


@given(st.text(min_size=1).filter(lambda name: name.strip("/") and "\0" not in name))
def test_any_path(name: str) -> None:
    """Whatever a file is called, its percent-encoded URL leads to it."""
    assert from_url("sqlite:///" + quote(name)) == Path("/" + name.strip("/"))
