"""Regular expressions that are compiled when they are first used.

A command imports some hundred of them and uses a few; `re.compile` for all takes longer than what it does with them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    expression = re.compile
else:

    class Expression:
        """Stands for a `re.Pattern`, and has all that it has."""

        def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
            self._arguments = pattern, flags

        def __getattr__(self, name: str) -> Any:
            """What the compiled pattern has by that name; kept, so that the next look finds it at once."""
            found = getattr(re.compile(*self._arguments), name)
            setattr(self, name, found)
            return found

    expression = Expression

__all__ = ["expression"]
