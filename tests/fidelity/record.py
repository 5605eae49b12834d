"""``python -m tests.fidelity.record``: plays the sessions on the real cluster and writes what was seen to records/."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from tests.fidelity.player import Player, Record
from tests.fidelity.sessions import SESSIONS

RECORDS = Path(__file__).parent / "records"


def write(records: dict[str, Record]) -> None:
    """One file for each session."""
    for name, record in records.items():
        text = json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False)
        (RECORDS / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def read(name: str) -> Record:
    """What the real cluster showed in a session."""
    record: Record = json.loads((RECORDS / f"{name}.json").read_text(encoding="utf-8"))
    return record


def main(names: list[str]) -> int:
    """Record the named sessions, or all."""
    chosen = [session for session in SESSIONS if not names or session.name in names]
    write(Player(Path(os.environ["TRUNKLINE_TEST_KUBECONFIG"])).play_all(chosen, at_once=3))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
