"""Composes the ledger alone: what is kept of all projects, for commands that are about no project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trunkline.adapters.sqlite_ledger import SqliteLedger, locate
from trunkline.domain.redaction import Redactor
from trunkline.ports import Ledger


@contextmanager
def the_ledger(environ: Mapping[str, str]) -> Iterator[Ledger]:
    """The ledger that `TRUNKLINE_LEDGER` names, or the user's own.

    Raises:
        UsageError: the variable names none.
    """
    ledger = SqliteLedger(locate(environ), Redactor.from_environment(environ))
    try:
        yield ledger
    finally:
        ledger.close()
