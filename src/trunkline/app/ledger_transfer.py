"""A whole ledger out into a file, and a file into a ledger; and whether what is kept is whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trunkline.domain.ledger_lines import read_lines, write_lines
from trunkline.errors import UsageError
from trunkline.ports.ledger import Added, Ledger


def export(ledger: Ledger) -> Iterator[str]:
    """The lines of everything, as it stands at one moment.

    Raises:
        Unreachable: the ledger cannot be read.
    """
    return write_lines(ledger.entries())


def import_lines(ledger: Ledger, lines: Iterable[str], name: str) -> Added:
    """Write down what such lines hold, all of it or nothing; what is known already stays as it is.

    Args:
        ledger: takes the records.
        lines: as `export` made them.
        name: where they come from, for messages.

    Raises:
        UsageError: the lines are none, are cut off, or contradict what is in the ledger.
        Unreachable: the ledger cannot be written.
    """
    try:
        return ledger.add(read_lines(lines))
    except ValueError as error:
        why = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error
        raise UsageError(
            f"{name} cannot be taken into the ledger: {why}.",
            "Nothing was written; export the other ledger again.",
        ) from error
