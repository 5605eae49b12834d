"""A process of its own that writes to a ledger, for the tests that need several of them or kill one.

`python -m tests.unit.adapters.ledgers.writer PATH NAME COUNT [SIZE_LIMIT]`: waits for a line on standard input,
then writes COUNT runs of an attempt with its ending and prints the id of each once its ending was acknowledged.
"""

from __future__ import annotations

import resource
import sys
from pathlib import Path

from tests.fakes.records import a_deployment, a_run, an_attempt, an_ending, at
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.domain.redaction import Redactor
from trunkline.errors import TrunklineError


def main(path: str, name: str, count: str, size_limit: str = "") -> None:
    say("ready")
    sys.stdin.readline()
    if size_limit:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size_limit), int(size_limit)))
    ledger = SqliteLedger(Path(path), Redactor(), busy_timeout_s=60)
    for number in range(int(count)):
        attempt_id = f"{name}-{number}"
        ledger.open_run(a_run(attempt_id))
        ledger.begin(an_attempt(attempt_id, number, run_id=attempt_id))
        ledger.intend(attempt_id, "helm upgrade", at(number))
        ledger.end(an_ending(attempt_id), a_deployment(attempt_id, attempt_id=attempt_id, run_id=attempt_id))
        say(attempt_id)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except TrunklineError as error:
        say(f"Error: {error.message}")
        sys.exit(error.exit_code)
