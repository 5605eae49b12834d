"""How objects are changed by patches: pure functions over JSON, told by a table what the built-in kinds look like.

Nothing here reads or writes a store, and no argument is changed but the one that `Tracker.track` is given to note in.
"""

from trunkline.rehearsal.patches.applying import apply
from trunkline.rehearsal.patches.merging import merge_patch
from trunkline.rehearsal.patches.operations import json_patch
from trunkline.rehearsal.patches.problems import Problems, duplicates, invalid_patch, problems
from trunkline.rehearsal.patches.stored import as_stored
from trunkline.rehearsal.patches.strategic import strategic_merge
from trunkline.rehearsal.patches.tracking import Tracker

__all__ = [
    "Problems",
    "Tracker",
    "apply",
    "as_stored",
    "duplicates",
    "invalid_patch",
    "json_patch",
    "merge_patch",
    "problems",
    "strategic_merge",
]
