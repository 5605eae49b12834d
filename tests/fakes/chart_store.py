"""A chart repository in memory; passes the same contract tests as a directory and S3."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from trunkline.errors import Unreachable
from trunkline.ports.sources import Changed, File, Listed

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class FakeChartStore:
    """Implements the port `ChartStore`.

    A test sets `meanwhile`, which is called once before the next write, to do what somebody else does just then; and
    `trouble` to make every call fail with that sentence.
    """

    def __init__(self, location: str = "s3://acme-charts/stable") -> None:
        self.location = location
        self.files: dict[str, File] = {}
        self.meanwhile: list[Callable[[], object]] = []
        self.deeds: list[str] = []
        self.trouble = ""

    def address(self, name: str = "") -> str:
        return f"{self.location}/{name}" if name else self.location

    def read(self, name: str) -> File | None:
        self._answer(f"read {name}")
        return self.files.get(name)

    def look(self, name: str) -> Listed | None:
        self._answer(f"look {name}")
        file = self.files.get(name)
        return None if file is None else Listed(name, NOW, file.mark, file.metadata)

    def listed(self) -> list[Listed]:
        self._answer("list")
        return [Listed(name, NOW) for name in sorted(self.files)]

    def write(
        self, name: str, content: bytes, metadata: Mapping[str, str], expected: str | None = None
    ) -> str:
        self._answer(f"write {name}")
        if self.meanwhile:
            self.meanwhile.pop(0)()
        standing = self.files[name].mark if name in self.files else ""
        if expected is not None and standing != expected:
            raise Changed(name)
        mark = hashlib.sha256(content).hexdigest()
        self.files[name] = File(content, dict(metadata), mark)
        return mark

    def remove(self, name: str) -> None:
        self._answer(f"remove {name}")
        self.files.pop(name, None)

    def _answer(self, deed: str) -> None:
        if self.trouble:
            raise Unreachable(self.trouble)
        self.deeds.append(deed)
