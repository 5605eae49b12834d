"""Composes the ledger alone: what is kept of all projects, for commands that are about no project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from trunkline.adapters.clock import SystemClock
from trunkline.adapters.identifiers import new_id
from trunkline.adapters.surroundings import look_around
from trunkline.app.incidents import Speaker
from trunkline.bootstrap.ledger_choice import ledger_of
from trunkline.domain.redaction import Redactor
from trunkline.ports import Ledger


@contextmanager
def the_ledger(environ: Mapping[str, str]) -> Iterator[Ledger]:
    """The ledger that `TRUNKLINE_LEDGER` names, or the user's own.

    Raises:
        UsageError: the variable names none.
    """
    ledger = ledger_of(environ, Redactor.from_environment(environ))
    try:
        yield ledger
    finally:
        ledger.close()


def the_speaker(environ: Mapping[str, str]) -> Speaker:
    """Who runs this command, for what people say of deployments."""
    clock = SystemClock()
    return Speaker(look_around(environ).actor, clock.now(), lambda: new_id(clock))
