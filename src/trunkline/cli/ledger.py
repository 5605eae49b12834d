"""`trunkline ledger`: export, import, verify."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

import click

from trunkline.cli.output import output_option, show
from trunkline.errors import UsageError


@click.group(short_help="Copy and check what was written down.")
def command() -> None:
    """Copy the ledger into a file and back, and check that it is whole."""


@command.command("export", short_help="Write everything as lines of JSON.")
@click.argument("file", type=click.File("w", encoding="utf-8", atomic=True), default="-")
def export_ledger(file: IO[str]) -> None:
    """Write the whole ledger to FILE (standard output when it is left out): a line of JSON for each record.

    The last line counts the records, so that a file that was cut off is known as such.
    """
    from trunkline.app.ledger_transfer import export
    from trunkline.bootstrap.ledgers import the_ledger

    with the_ledger(os.environ) as ledger:
        for line in export(ledger):
            file.write(f"{line}\n")


@command.command("import", short_help="Take in what was exported elsewhere.")
@click.argument("file", type=click.Path(path_type=Path))
@output_option
def import_ledger(file: Path) -> None:
    """Take the records of FILE (`-` for standard input) into the ledger: all of them, or none.

    What is known already is left as it is, so that the same file can be taken in again.
    """
    from trunkline.app.ledger_transfer import import_lines
    from trunkline.bootstrap.ledgers import the_ledger

    try:
        with click.open_file(str(file), encoding="utf-8") as lines, the_ledger(os.environ) as ledger:
            added = import_lines(ledger, lines, str(file))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}.", "Name a file that `trunkline ledger export` wrote."
        ) from None
    show(added, lambda: f"{added.new} records are new, {added.known} were known.")


@command.command("verify", short_help="Check that everything is whole.")
@output_option
def verify_ledger() -> None:
    """Read every record, and have the storage check itself; exit code 2 where something is wrong."""
    from trunkline.bootstrap.ledgers import the_ledger

    with the_ledger(os.environ) as ledger:
        faults = ledger.faults()
        count = 0 if faults else sum(1 for _ in ledger.entries())
    show({"records": count, "faults": faults}, lambda: "\n".join(faults) or f"All {count} records are whole.")
    if faults:
        raise click.exceptions.Exit(2)
