"""What `kubectl get` shows: objects as the rows of a `meta.k8s.io/v1` Table, as the API server prints them.

Objects may be odd: a cell that cannot be told is empty or unknown, and no object is ever an error.
"""

from trunkline.rehearsal.tables.rendering import table

__all__ = ["table"]
