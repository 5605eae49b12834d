"""Pushes an image of no layers by the distribution API alone, so that tests need no builder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import urllib3

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"


class Pusher:
    """Pushes to one repository of a registry."""

    def __init__(self, url: str, path: str, login: tuple[str, str] | None = None) -> None:
        self._repository = f"{url}/v2/{path}"
        self._headers = urllib3.make_headers(basic_auth=":".join(login)) if login else {}

    def image(self, tag: str, labels: Mapping[str, str]) -> str:
        """Push an image; its digest."""
        config = json.dumps(
            {"architecture": "amd64", "os": "linux", "config": {"Labels": dict(labels)}}
        ).encode()
        descriptor = {"mediaType": _CONFIG, "size": len(config), "digest": self.blob(config)}
        content = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor, "layers": []}
        return self.manifest(tag, MANIFEST, content)

    def index(self, tag: str, *entries: Mapping[str, object]) -> str:
        """Push an index; its digest."""
        return self.manifest(tag, INDEX, {"schemaVersion": 2, "mediaType": INDEX, "manifests": list(entries)})

    def blob(self, content: bytes) -> str:
        digest = digest_of(content)
        begun = self._send("POST", f"{self._repository}/blobs/uploads/", b"")
        self._send("PUT", f"{begun.headers['Location']}&digest={digest}", content)
        return digest

    def manifest(self, tag: str, kind: str, content: Mapping[str, object]) -> str:
        body = json.dumps(content).encode()
        self._send("PUT", f"{self._repository}/manifests/{tag}", body, {"Content-Type": kind})
        return digest_of(body)

    def _send(
        self, method: str, url: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        answer = urllib3.request(method, url, body=body, headers={**self._headers, **(headers or {})})
        assert answer.status < 300, answer.data
        return answer


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
