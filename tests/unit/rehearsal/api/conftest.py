"""A cluster for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.rehearsal.api.asking import Asking


@pytest.fixture
def api() -> Iterator[Asking]:
    """A cluster that is asked without a socket."""
    found = Asking()
    yield found
    found.close()
