"""The registry serves pushes and deletes, asks for logins when told to, and leaves nothing behind."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from dev.errors import DevError
from dev.ready import listens, wait
from dev.registry import Registry


def call(method: str, url: str, body: bytes | None = None, **headers: str) -> tuple[int, dict[str, str]]:
    request = urllib.request.Request(url, method=method, data=body)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers)


MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def push_blob(registry: Registry, repository: str, content: bytes) -> str:
    status, headers = call("POST", f"{registry.url}/v2/{repository}/blobs/uploads/", b"")
    assert status == 202
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    status, _ = call(
        "PUT", f"{headers['Location']}&digest={digest}", content, Content_Type="application/octet-stream"
    )
    assert status == 201
    return digest


def push_manifest(registry: Registry, repository: str, tag: str) -> str:
    config = b"{}"
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": push_blob(registry, repository, config),
        },
        "layers": [],
    }
    url = f"{registry.url}/v2/{repository}/manifests/{tag}"
    status, headers = call("PUT", url, json.dumps(manifest).encode(), Content_Type=MANIFEST)
    assert status == 201
    return headers["Docker-Content-Digest"]


def test_an_image_can_be_pushed_and_deleted() -> None:
    with Registry() as registry:
        digest = push_manifest(registry, "acme/api", "one")
        assert call("HEAD", f"{registry.url}/v2/acme/api/manifests/one", Accept=MANIFEST)[0] == 200
        assert call("DELETE", f"{registry.url}/v2/acme/api/manifests/{digest}")[0] == 202
        assert call("HEAD", f"{registry.url}/v2/acme/api/manifests/one", Accept=MANIFEST)[0] == 404


def test_a_login_is_asked_for() -> None:
    with Registry(username="acme+ci", password="secret") as registry:
        good = base64.b64encode(b"acme+ci:secret").decode()
        bad = base64.b64encode(b"acme+ci:wrong").decode()
        assert call("GET", f"{registry.url}/v2/")[0] == 401
        assert call("GET", f"{registry.url}/v2/", Authorization=f"Basic {bad}")[0] == 401
        assert call("GET", f"{registry.url}/v2/", Authorization=f"Basic {good}")[0] == 200


def test_nothing_is_left_behind() -> None:
    with Registry() as registry:
        assert listens(registry.port)
    assert not listens(registry.port)
    assert not registry.root.exists()


def test_data_in_a_folder_of_its_own_outlive_the_server(tmp_path: Path) -> None:
    with Registry(root=tmp_path) as registry:
        push_manifest(registry, "acme/api", "one")
    with Registry(root=tmp_path) as registry:
        assert call("HEAD", f"{registry.url}/v2/acme/api/manifests/one", Accept=MANIFEST)[0] == 200


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with (
        Registry() as first,
        pytest.raises(DevError, match=f"port {first.port}, something listens there"),
        Registry(port=first.port, root=tmp_path),
    ):
        pass


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\nfrom dev.registry import Registry\n"
        "with Registry(root=pathlib.Path(sys.argv[1])) as it:\n    print(it.port, flush=True)\n    input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert listens(port)
        parent.kill()
    wait(lambda: not listens(port), seconds=5, failure=lambda: "the registry outlived its parent")
