"""The S3 server has the buckets that were asked for, knows its keys, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.ready import listens
from dev.s3 import S3

obstore = pytest.importorskip("obstore", reason="the S3 client is an extra: pip install trunkline[s3]")
store = pytest.importorskip("obstore.store")


@pytest.fixture(scope="module")
def server() -> Iterator[S3]:
    with S3(buckets=["charts", "values"]) as running:
        yield running
    assert not listens(running.port)
    assert not running.root.exists()


def bucket(server: S3, name: str, access_key: str, secret_key: str) -> object:
    return store.S3Store(
        name,
        endpoint=server.endpoint,
        access_key_id=access_key,
        secret_access_key=secret_key,
        region=server.region,
        client_options={"allow_http": True},
        retry_config={"max_retries": 0},
    )


def test_objects_go_in_and_come_out(server: S3) -> None:
    for name in ("charts", "values"):
        ours = bucket(server, name, server.access_key, server.secret_key)
        obstore.put(ours, "a/b.yaml", b"x: 1\n")
        assert bytes(obstore.get(ours, "a/b.yaml").bytes()) == b"x: 1\n"


def test_a_later_bucket_works_too(server: S3) -> None:
    server.create_bucket("later")
    ours = bucket(server, "later", server.access_key, server.secret_key)
    obstore.put(ours, "key", b"1", mode="create")
    with pytest.raises(obstore.exceptions.AlreadyExistsError):
        obstore.put(ours, "key", b"2", mode="create")


def test_a_wrong_key_is_refused(server: S3) -> None:
    with pytest.raises(obstore.exceptions.PermissionDeniedError):
        obstore.put(bucket(server, "charts", server.access_key, "wrong"), "key", b"1")


def test_the_reader_may_not_write(server: S3) -> None:
    obstore.put(bucket(server, "charts", server.access_key, server.secret_key), "key", b"1")
    reader = bucket(server, "charts", server.reader_access_key, server.reader_secret_key)
    assert bytes(obstore.get(reader, "key").bytes()) == b"1"
    with pytest.raises(obstore.exceptions.PermissionDeniedError):
        obstore.put(reader, "key", b"2")
