"""The ledger: one SQLite file, the default that needs nothing; PostgreSQL or a bucket, which a team shares.

`ledger` answers the port over a `database`, in statements that both understand; `rows`, `transfer` and `outbox` are its
parts. Of SQLite, `file` opens the file and frames every access as a transaction, `schema` holds the tables and their
migrations, `journal` chooses how it keeps its promise of durability, `troubles` puts its errors into sentences,
`location` finds the file; of PostgreSQL, `postgresql` and `postgresql_schema` do. `opening` chooses between the two.

In a bucket, `shared` answers the port: `entries` are the objects, `mirror` is the SQLite ledger that they are read into,
`claims` keep machines out of each other's way, `journal_store` is what all of them need of a storage.
"""

from trunkline.adapters.ledgers.ledger import SqliteLedger
from trunkline.adapters.ledgers.location import from_url, locate
from trunkline.adapters.ledgers.opening import open_ledger

__all__ = ["SqliteLedger", "from_url", "locate", "open_ledger"]
