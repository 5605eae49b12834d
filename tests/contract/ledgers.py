"""The ledgers that pass the same cases: in memory, in a file, in a real PostgreSQL, in a real S3 server."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from dev.postgresql import Postgresql
from dev.s3 import S3
from tests.fakes.ledger import FakeLedger
from trunkline.adapters.ledgers import SqliteLedger, open_ledger
from trunkline.bootstrap.ledger_choice import ledger_of
from trunkline.domain.redaction import Redactor
from trunkline.ports.ledger import Ledger


def a_ledger(request: pytest.FixtureRequest, folder: Path, redactor: Redactor) -> Ledger:
    """An empty ledger of the kind that the fixture asks for."""
    if request.param == "fake":
        return FakeLedger()
    if request.param == "sqlite":
        return SqliteLedger(folder / "ledger.db", redactor)
    if request.param == "s3":
        s3: S3 = request.getfixturevalue("s3_server")
        url = f"s3://ledgers/{uuid.uuid4().hex}"
        return ledger_of({**s3.env(), "TRUNKLINE_LEDGER": url, "XDG_CACHE_HOME": str(folder)}, redactor)
    server: Postgresql = request.getfixturevalue("postgresql")
    return open_ledger({"TRUNKLINE_LEDGER": server.create(f"t{uuid.uuid4().hex}")}, redactor)
