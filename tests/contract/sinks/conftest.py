"""The real servers, one of each for all tests of a process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.measuring import Graphite, Pushgateway, Statsd, TestAgent, VictoriaMetrics


@pytest.fixture(scope="session")
def victoria() -> Iterator[VictoriaMetrics]:
    with VictoriaMetrics() as server:
        yield server


@pytest.fixture(scope="session")
def pushgateway() -> Iterator[Pushgateway]:
    with Pushgateway() as server:
        yield server


@pytest.fixture(scope="session")
def graphite() -> Iterator[Graphite]:
    with Graphite() as server:
        yield server


@pytest.fixture(scope="session")
def statsd() -> Iterator[Statsd]:
    with Statsd() as server:
        yield server


@pytest.fixture(scope="session")
def agent() -> Iterator[TestAgent]:
    with TestAgent() as server:
        yield server
