"""Servers that contract tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.postgresql import Postgresql
from dev.s3 import S3


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    with Postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3]:
    with S3(buckets=["ledgers"]) as server:
        yield server
