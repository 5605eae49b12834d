"""Owns container images as plain files: layers from folders, a manifest over them, and their push to a registry.

No builder and no root: an image is two JSON documents and compressed archives.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.errors import DevError
from dev.process import run

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
_CHUNK = 1 << 20
_NOT_FOUND = 404


@dataclass(frozen=True)
class Layer:
    """A layer in a folder of its own: the compressed archive, and what a manifest says of it."""

    folder: Path

    @property
    def archive(self) -> Path:
        """The compressed archive."""
        return self.folder / "layer.tar.gz"

    @property
    def facts(self) -> dict[str, Any]:
        """Its digest, its size and the digest of what it unpacks to."""
        known: dict[str, Any] = json.loads((self.folder / "layer.json").read_text(encoding="utf-8"))
        return known


def write_layer(tree: Path, folder: Path) -> None:
    """Pack a folder as a layer in which root owns every file."""
    archive = folder / "layer.tar"
    owner = ["--numeric-owner", "--owner=0", "--group=0", "--sort=name"]
    run(["tar", "--create", "--file", archive, *owner, "--directory", tree, "."])
    unpacked = hashlib.sha256()
    layer = Layer(folder)
    with archive.open("rb") as source, gzip.GzipFile(layer.archive, "wb", compresslevel=1, mtime=0) as packed:
        while chunk := source.read(_CHUNK):
            unpacked.update(chunk)
            packed.write(chunk)
    archive.unlink()
    with layer.archive.open("rb") as done:
        digest = hashlib.file_digest(done, "sha256").hexdigest()
    facts = {
        "digest": f"sha256:{digest}",
        "size": layer.archive.stat().st_size,
        "diff_id": f"sha256:{unpacked.hexdigest()}",
    }
    (folder / "layer.json").write_text(json.dumps(facts), encoding="utf-8")


def push(registry: str, repository: str, tag: str, layers: Sequence[Layer], config: Mapping[str, Any]) -> str:
    """Push an image to a registry of plain http, its layers only if they are missing; return its reference."""
    base = f"http://{registry}/v2/{repository}"
    document = {
        "architecture": "amd64",
        "os": "linux",
        "config": dict(config),
        "rootfs": {"type": "layers", "diff_ids": [layer.facts["diff_id"] for layer in layers]},
        "history": [{"created_by": "dev.oci"} for _ in layers],
    }
    config_blob = json.dumps(document, sort_keys=True).encode()
    config_digest = f"sha256:{hashlib.sha256(config_blob).hexdigest()}"
    for layer in layers:
        _push_blob(base, layer.facts["digest"], layer.archive)
    _push_blob(base, config_digest, config_blob)
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": {"mediaType": _CONFIG, "size": len(config_blob), "digest": config_digest},
        "layers": [
            {"mediaType": _LAYER, "size": layer.facts["size"], "digest": layer.facts["digest"]}
            for layer in layers
        ],
    }
    _call("PUT", f"{base}/manifests/{tag}", json.dumps(manifest).encode(), _MANIFEST)
    return f"{registry}/{repository}:{tag}"


def _push_blob(base: str, digest: str, content: bytes | Path) -> None:
    if _call("HEAD", f"{base}/blobs/{digest}") is not None:
        return
    begun = _call("POST", f"{base}/blobs/uploads/", b"")
    if begun is None:
        raise DevError(f"{base} takes no uploads: check that it is a registry one may push to.")
    data = content.read_bytes() if isinstance(content, Path) else content
    joint = "&" if "?" in begun["Location"] else "?"
    _call("PUT", f"{begun['Location']}{joint}digest={digest}", data, "application/octet-stream")


def _call(method: str, url: str, body: bytes | None = None, kind: str = "") -> http.client.HTTPMessage | None:
    """The answer's headers, None for what is not there."""
    request = urllib.request.Request(url, method=method, data=body)
    if kind:
        request.add_header("Content-Type", kind)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            headers: http.client.HTTPMessage = answer.headers
            return headers
    except urllib.error.HTTPError as error:
        with error:
            if error.code == _NOT_FOUND:
                return None
            said = error.read(500).decode(errors="replace")
        raise DevError(
            f"{method} {url} was answered with {error.code}: {said} - see the registry's log."
        ) from error
    except OSError as error:
        raise DevError(f"{url} does not answer ({error}): check that the registry runs.") from error
