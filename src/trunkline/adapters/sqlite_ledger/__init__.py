"""The ledger in one SQLite file: the default that needs nothing, and the only place that knows SQLite.

`ledger` answers the port, `file` opens the file and frames every access as a transaction, `schema` holds the
tables and their migrations, `rows` translates records, `journal` chooses how SQLite keeps its promise of
durability, `troubles` puts SQLite's errors into sentences, `location` finds the file.
"""

from trunkline.adapters.sqlite_ledger.ledger import SqliteLedger
from trunkline.adapters.sqlite_ledger.location import from_url, locate

__all__ = ["SqliteLedger", "from_url", "locate"]
