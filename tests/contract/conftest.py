"""Servers that contract tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.postgresql import Postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as server:
        yield server
