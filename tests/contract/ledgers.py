"""The ledgers that pass the same cases: in memory, in a file, in a real PostgreSQL."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from dev.postgresql import Postgresql
from tests.fakes.ledger import FakeLedger
from trunkline.adapters.ledgers import SqliteLedger, open_ledger
from trunkline.domain.redaction import Redactor
from trunkline.ports.ledger import Ledger


def a_ledger(request: pytest.FixtureRequest, folder: Path, redactor: Redactor) -> Ledger:
    """An empty ledger of the kind that the fixture asks for."""
    if request.param == "fake":
        return FakeLedger()
    if request.param == "sqlite":
        return SqliteLedger(folder / "ledger.db", redactor)
    server: Postgresql = request.getfixturevalue("postgresql")
    return open_ledger({"TRUNKLINE_LEDGER": server.create(f"t{uuid.uuid4().hex}")}, redactor)
