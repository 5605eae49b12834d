"""The world that plans are carried out in."""

from __future__ import annotations

import pytest

from tests.fakes.world import FakeWorld, fake_world
from tests.unit.run.deeds import DEV, SICK


@pytest.fixture
def fake() -> FakeWorld:
    made = fake_world()
    made.cluster.namespaces.add(DEV.namespace)
    made.cluster.sick.add(SICK)
    return made
