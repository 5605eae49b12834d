"""The ledger that `TRUNKLINE_LEDGER` names: `sqlite:///path` or `postgresql://...`; a file of the person's by default."""

from __future__ import annotations

from collections.abc import Mapping

from trunkline.adapters.ledgers.ledger import SqliteLedger, SqlLedger
from trunkline.adapters.ledgers.location import VARIABLE, locate
from trunkline.domain.redaction import Redactor

_SCHEMES = ("postgresql://", "postgres://")


def open_ledger(environ: Mapping[str, str], redactor: Redactor) -> SqlLedger:
    """That ledger; nothing is opened before the first use. A password in the URL is a secret from now on.

    Raises:
        UsageError: the variable names no ledger, or an extra is not installed.
    """
    url = environ.get(VARIABLE, "").strip()
    if not url.startswith(_SCHEMES):
        return SqliteLedger(locate(environ), redactor)
    from trunkline.adapters.ledgers.postgresql import from_postgresql_url, password_in  # noqa: PLC0415 - an extra

    redactor.learn(password_in(url))
    return SqlLedger(from_postgresql_url(url), redactor)
