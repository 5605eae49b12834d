"""Attaches a document to an image, so that who finds the image finds the document.

As the distribution specification 1.1 has it: an artifact's manifest names the image as its `subject`. Where the registry
keeps no list of such referrers itself, the tag that is made of the image's digest is an index of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from trunkline.adapters.registry.session import Session
from trunkline.domain.images import ImageReference
from trunkline.errors import Unreachable
from trunkline.ports import Document, Response

_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_EMPTY = "application/vnd.oci.empty.v1+json"
_DOCKER = "application/vnd.docker.distribution.manifest"
_ANY = f"{_MANIFEST}, {_INDEX}, {_DOCKER}.v2+json, {_DOCKER}.list.v2+json"
_OK, _CREATED, _MISSING = 200, 201, 404


def attach(session: Session, image: ImageReference, document: Document) -> str:
    """Attach a document to the image's digest; the digest of the artifact's manifest.

    Raises:
        Refused: we may not write there. Unreachable: no answer, or the registry does not take it.
    """
    subject = session.ask("GET", f"manifests/{image.digest}", _ANY)
    if subject.status != _OK:
        raise _not_taken(image, subject)
    manifest = _manifest(session, image, document, subject)
    digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
    stored = session.ask("PUT", f"manifests/{digest}", body=(_MANIFEST, manifest))
    if stored.status != _CREATED:
        raise _not_taken(image, stored)
    # With this header the registry says that it lists the artifact by itself.
    if "oci-subject" not in stored.headers:
        _list(session, image, {**_descriptor(_MANIFEST, manifest), "artifactType": document.media_type})
    return digest


def _manifest(session: Session, image: ImageReference, document: Document, subject: Response) -> bytes:
    session.upload(b"{}")
    session.upload(document.content)
    kind = subject.headers.get("content-type", _MANIFEST).partition(";")[0].strip()
    content = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "artifactType": document.media_type,
        "config": _descriptor(_EMPTY, b"{}"),
        "layers": [_descriptor(document.media_type, document.content)],
        "subject": {"mediaType": kind, "digest": image.digest, "size": len(subject.body)},
    }
    return _json(content)


def _list(session: Session, image: ImageReference, entry: Mapping[str, Any]) -> None:
    """Put an artifact into the index under the fallback tag, beside what is there."""
    tag = (image.digest or "").replace(":", "-")
    found = session.ask("GET", f"manifests/{tag}", _ANY)
    entries = _entries(found) if found.status == _OK else []
    if found.status not in {_OK, _MISSING}:
        raise _not_taken(image, found)
    if any(item.get("digest") == entry["digest"] for item in entries):
        return
    index = _json({"schemaVersion": 2, "mediaType": _INDEX, "manifests": [*entries, entry]})
    stored = session.ask("PUT", f"manifests/{tag}", body=(_INDEX, index))
    if stored.status != _CREATED:
        raise _not_taken(image, stored)


def _entries(response: Response) -> list[Mapping[str, Any]]:
    try:
        content = json.loads(response.body)
    except (ValueError, RecursionError):
        return []
    listed = content.get("manifests") if isinstance(content, dict) else None
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    return {
        "mediaType": media_type,
        "digest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "size": len(content),
    }


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def _not_taken(image: ImageReference, response: Response) -> Unreachable:
    return Unreachable(
        f"{image.registry} does not let anything be attached to {image} (HTTP {response.status}).",
        "Check that it is an OCI registry and what this login may write; the image itself is there.",
    )
