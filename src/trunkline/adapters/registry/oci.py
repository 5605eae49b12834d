"""The port `Registry` over the OCI distribution API: manifests, digests and labels.

What is read is checked: a manifest or configuration whose bytes do not have the digest that names them is
refused, wherever it came from.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trunkline.adapters.registry.attaching import attach
from trunkline.adapters.registry.keyring import Keyring
from trunkline.adapters.registry.session import Session
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, is_digest
from trunkline.domain.logins import Login
from trunkline.domain.redaction import Redactor
from trunkline.domain.texts import one_line
from trunkline.errors import Refused, Unreachable
from trunkline.expressions import expression
from trunkline.ports import Document, Http, Manifest, Processes, Response

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
_ACCEPT = ", ".join((*_MANIFESTS, *_INDEXES))
# BuildKit files provenance and SBOMs as manifests beside the image's own.
_ATTESTATION = ("vnd.docker.reference.type", "attestation-manifest")
_LONGEST_PLATFORM = 80
_NEXT = expression(r"<([^<>]*)>\s*;[^,]*\brel=\"?next\b")
_PAGE = 1000
_MOST_PAGES = 200
_OK = 200
_MISSING = 404
_CONFLICT = 409
_DONE = frozenset({200, 201, 202, 204})
_NO_DELETE = frozenset({400, 405})
# What servers answer to a HEAD that they do not know.
_NO_HEAD = frozenset({400, 405, 415, 501})


class OciRegistry:
    """Implements the ports `Registry` and `Artifacts`."""

    def __init__(
        self,
        http: Http,
        environ: Mapping[str, str],
        home: Path,
        redactor: Redactor,
        processes: Processes,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._environ = environ
        self._home = home
        self._redactor = redactor
        self._processes = processes
        self._pause = pause

    def keyring(self, image: ImageReference, settings: ImageSettings) -> Login | None:
        """The login for an image's registry, for a program that asks it in our name; None to come as a stranger."""
        return Keyring(self._environ, self._home, self._redactor, self._processes).login(image, settings)

    def digest(self, image: ImageReference, settings: ImageSettings) -> str | None:
        """See the port."""
        path = f"manifests/{_reference(image)}"
        session = self._session(image, settings)
        head = session.ask("HEAD", path, _ACCEPT)
        told = head.headers.get("docker-content-digest", "")
        if head.status == _OK and is_digest(told):
            return told
        answer = head
        if head.status == _OK or head.status in _NO_HEAD:
            answer = session.ask("GET", path, _ACCEPT)
        if answer.status == _MISSING:
            return None
        if answer.status != _OK:
            raise _strange(answer, image)
        return _verified(answer, answer.headers.get("docker-content-digest", ""), image)

    def check(self, image: ImageReference, settings: ImageSettings) -> str:
        """See the port."""
        answer = self._session(image, settings).ask("GET", "tags/list?n=1")
        who = f" to {settings.username}" if settings.username else ""
        if answer.status == _OK:
            return f"{image.registry} shows {image.path}{who}."
        if answer.status == _MISSING:
            return f"{image.registry} answers{who}; it has no {image.path} yet: the first push makes it, where allowed."
        raise _strange(answer, image)

    def labels(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """The labels of `image` (with a digest or a tag); of an index, those of its first image.

        Raises:
            Unreachable: as `digest`; also when there is no such image, or its content is not what its digest says.
        """
        session = self._session(image, settings)
        manifest = _fetch(
            session, f"manifests/{image.digest or _reference(image)}", image.digest or "", image
        )
        if manifest.get("mediaType") in _INDEXES or "manifests" in manifest:
            child = _first_image(manifest, image)
            manifest = _fetch(session, f"manifests/{child}", child, image)
        configured = manifest.get("config")
        digest = configured.get("digest") if isinstance(configured, dict) else None
        if not isinstance(digest, str) or not is_digest(digest):
            raise _malformed(image, "its manifest names no configuration")
        content = _fetch(session, f"blobs/{digest}", digest, image).get("config")
        labels = content.get("Labels") if isinstance(content, dict) else None
        return {str(key): str(value) for key, value in labels.items()} if isinstance(labels, dict) else {}

    def tags(self, repository: ImageReference, settings: ImageSettings) -> tuple[str, ...]:
        """See the port."""
        session, found, path = self._session(repository, settings), [], f"tags/list?n={_PAGE}"
        for _ in range(_MOST_PAGES):
            answer = session.ask("GET", path)
            if answer.status == _MISSING:
                return ()
            if answer.status != _OK:
                raise _strange(answer, repository)
            tags = _object(answer, repository, "tags/list").get("tags")
            found += [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
            path = _next_page(answer.headers.get("link", ""))
            if not path:
                return tuple(found)
        raise _malformed(repository, "its list of tags has no end")

    def manifest(self, image: ImageReference, settings: ImageSettings) -> Manifest | None:
        """See the port."""
        answer = self._session(image, settings).ask(
            "GET", f"manifests/{image.digest or _reference(image)}", _ACCEPT
        )
        if answer.status == _MISSING:
            return None
        if answer.status != _OK:
            raise _strange(answer, image)
        told = answer.headers.get("docker-content-digest", "")
        digest = _verified(answer, image.digest or (told if is_digest(told) else ""), image)
        said = _object(answer, image, "manifest").get("mediaType")
        kind = said if isinstance(said, str) else answer.headers.get("content-type", "")
        return Manifest(digest, kind.partition(";")[0].strip(), answer.body)

    def blob(self, image: ImageReference, digest: str, largest: int, settings: ImageSettings) -> bytes:
        """See the port."""
        answer = self._session(image, settings).ask("GET", f"blobs/{digest}", largest=largest)
        if answer.status == _MISSING:
            raise _malformed(image, f"its manifest names the blob {digest}, which is not there")
        if answer.status != _OK:
            raise _strange(answer, image)
        if len(answer.body) > largest:
            raise _malformed(image, f"the blob {digest} has more than {largest} bytes")
        _verified(answer, digest, image)
        return answer.body

    def referrers(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """See the port: by the API of the distribution specification 1.1, else by its fallback tag."""
        session = self._session(image, settings)
        digest = image.digest or ""
        answer = session.ask("GET", f"referrers/{digest}", _INDEXES[0])
        if answer.status != _OK:
            answer = session.ask("GET", f"manifests/{digest.replace(':', '-')}", _ACCEPT)
        if answer.status != _OK:
            return {}
        listed = _object(answer, image, "the list of what is attached").get("manifests")
        entries = [entry for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []
        return {
            str(entry["digest"]): one_line(str(entry.get("artifactType") or "unknown"), _LONGEST_PLATFORM)
            for entry in entries
            if is_digest(str(entry.get("digest")))
        }

    def attach(self, image: ImageReference, document: Document, settings: ImageSettings) -> str:
        """See the port."""
        return attach(self._session(image, settings), image, document)

    def tag(self, image: ImageReference, manifest: Manifest, settings: ImageSettings) -> None:
        """See the port."""
        body = (manifest.media_type, manifest.content)
        answer = self._session(image, settings).ask("PUT", f"manifests/{image.tag}", body=body)
        if answer.status == _CONFLICT:
            raise Refused(
                f"{image.registry} does not move the tag {image.tag} of {image.path} (HTTP 409).",
                "It may be immutable there: choose another tag.",
            )
        if answer.status not in _DONE:
            raise _strange(answer, image)

    def delete(self, image: ImageReference, settings: ImageSettings) -> bool:
        """See the port."""
        answer = self._session(image, settings).ask("DELETE", f"manifests/{image.digest}")
        if answer.status == _MISSING:
            return False
        if answer.status in _NO_DELETE:
            raise Refused(
                f"{image.registry} removes nothing by its API (HTTP {answer.status}).",
                "Allow it there (docker-registry: storage.delete.enabled), or let tags expire (image.expires).",
            )
        if answer.status not in _DONE:
            raise _strange(answer, image)
        return True

    def platforms(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        """See the port."""
        session = self._session(image, settings)
        manifest = _fetch(
            session, f"manifests/{image.digest or _reference(image)}", image.digest or "", image
        )
        if manifest.get("mediaType") not in _INDEXES and "manifests" not in manifest:
            return {}
        found: dict[str, str] = {}
        for entry in _images(manifest):
            platform, digest = _platform(entry), str(entry["digest"])
            # Two images for one platform are two images: none may go unseen.
            found[platform if found.get(platform, digest) == digest else f"{platform} {digest}"] = digest
        return found

    def _session(self, image: ImageReference, settings: ImageSettings) -> Session:
        keyring = Keyring(self._environ, self._home, self._redactor, self._processes)
        return Session(self._http, keyring, self._redactor, self._pause, image, settings)


def _reference(image: ImageReference) -> str:
    reference = image.tag or image.digest
    if reference is None:
        # Never `latest` by omission: it names whatever somebody pushed last.
        raise ValueError(f"{image} has neither a tag nor a digest")
    return reference


def _fetch(session: Session, path: str, digest: str, image: ImageReference) -> Mapping[str, Any]:
    answer = session.ask("GET", path, _ACCEPT if path.startswith("manifests/") else "*/*")
    if answer.status == _MISSING:
        raise Unreachable(
            f"{image.registry} has no {path} of {image.repository}.", "Build and push the image again."
        )
    if answer.status != _OK:
        raise _strange(answer, image)
    _verified(answer, digest, image)
    return _object(answer, image, path)


def _object(answer: Response, image: ImageReference, what: str) -> Mapping[str, Any]:
    try:
        content = json.loads(answer.body)
    except (ValueError, RecursionError) as error:
        raise _malformed(image, f"{what} is no JSON") from error
    if not isinstance(content, dict):
        raise _malformed(image, f"{what} is no JSON object")
    return content


def _next_page(link: str) -> str:
    """Where the list of tags goes on, below the repository; empty at its end (RFC 5988, as the OCI spec has it)."""
    found = _NEXT.search(link)
    query = urlsplit(found[1]).query if found else ""
    return f"tags/list?{query}" if query else ""


def _first_image(index: Mapping[str, Any], image: ImageReference) -> str:
    for entry in _images(index):
        return str(entry["digest"])
    raise _malformed(image, "its index holds no image")


def _images(index: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The entries of an index that are images, without attestations."""
    manifests = index.get("manifests")
    key, value = _ATTESTATION
    for entry in manifests if isinstance(manifests, list) else ():
        if not isinstance(entry, dict):
            continue
        annotations = entry.get("annotations")
        attests = isinstance(annotations, dict) and annotations.get(key) == value
        if not attests and isinstance(digest := entry.get("digest"), str) and is_digest(digest):
            yield entry


def _platform(entry: Mapping[str, Any]) -> str:
    """Such as `linux/arm64/v8`; the digest where an entry does not say."""
    platform = entry.get("platform")
    platform = platform if isinstance(platform, dict) else {}
    parts = [str(platform[key]) for key in ("os", "architecture", "variant") if platform.get(key)]
    return one_line("/".join(parts), _LONGEST_PLATFORM) or str(entry["digest"])


def _verified(answer: Response, expected: str, image: ImageReference) -> str:
    """The digest of the body, which has to be the expected one unless that is empty."""
    found = f"sha256:{hashlib.sha256(answer.body).hexdigest()}"
    if expected and found != expected:
        raise _malformed(image, f"what came has the digest {found} and not {expected}")
    return found


def _strange(answer: Response, image: ImageReference) -> Unreachable:
    return Unreachable(
        f"{image.registry} answers with HTTP {answer.status} to a question about {image.repository}.",
        "Check that the address is a registry's, and what stands between it and this machine.",
    )


def _malformed(image: ImageReference, why: str) -> Unreachable:
    return Unreachable(
        f"{image.registry} gave a broken answer about {image}: {why}.",
        "Run the command again; if it stays, something between the registry and this machine changes its answers.",
    )
