"""Composes the ledger that `TRUNKLINE_LEDGER` names: a file, a PostgreSQL database, or a prefix in an S3 bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from trunkline.adapters.ledgers import SqliteLedger, open_ledger
from trunkline.adapters.ledgers.location import VARIABLE
from trunkline.domain.redaction import Redactor
from trunkline.ports.ledger import Ledger

_S3 = "s3://"


def ledger_of(environ: Mapping[str, str], redactor: Redactor) -> Ledger:
    """That ledger; nothing is opened before the first use.

    Raises:
        UsageError: the variable names no ledger, or an extra is not installed.
    """
    url = environ.get(VARIABLE, "").strip()
    return _in_a_bucket(url, environ, redactor) if url.startswith(_S3) else open_ledger(environ, redactor)


def _in_a_bucket(url: str, environ: Mapping[str, str], redactor: Redactor) -> Ledger:
    from trunkline.adapters.clock import SystemClock  # noqa: PLC0415 - only where it is configured
    from trunkline.adapters.identifiers import new_id  # noqa: PLC0415 - as above
    from trunkline.adapters.ledgers.shared import SharedLedger  # noqa: PLC0415 - as above
    from trunkline.adapters.storage import FileStorage  # noqa: PLC0415 - as above
    from trunkline.bootstrap.aws import ways_to_keys  # noqa: PLC0415 - as above

    clock = SystemClock()
    store = FileStorage(environ, redactor, outside=ways_to_keys(environ, redactor)).journal(url)
    mirror = SqliteLedger(_mirror(url, environ), redactor)
    return SharedLedger(store, mirror, clock, lambda: new_id(clock), redactor)


def _mirror(url: str, environ: Mapping[str, str]) -> Path:
    """Where this machine keeps its mirror; it can be removed at any time."""
    cache = Path(environ.get("XDG_CACHE_HOME", ""))
    if not cache.is_absolute():
        cache = Path(environ.get("HOME") or Path.home()) / ".cache"
    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL") or ""
    name = hashlib.sha256(f"{url.rstrip('/')} {endpoint}".encode("utf-8", "replace")).hexdigest()[:16]
    return cache / "trunkline" / "ledgers" / f"{name}.db"
