"""JSON merge patches, RFC 7396."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.errors import bad_request
from trunkline.rehearsal.objects import copy_of
from trunkline.rehearsal.patches.values import refuse_deep


def merge_patch(value: Any, patch: Any) -> Any:
    """What a merge patch makes of a value, which stays as it was.

    Raises:
        ApiError: 400, the patch is no map, or is nested too deeply.
    """
    if not isinstance(patch, dict):
        raise bad_request("Invalid JSON Patch")
    refuse_deep(value, patch)
    return _merged(value, patch)


def _merged(value: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return copy_of(patch)
    found = copy_of(value) if isinstance(value, dict) else {}
    for key, item in patch.items():
        if item is None:
            found.pop(key, None)
        else:
            found[key] = _merged(found.get(key), item)
    return found
