"""`/v2`: as much of the distribution API as a client needs to push and pull, with Quay's token service at `/v2/auth`."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.fakes.quay.accounts import Accounts
from tests.fakes.quay.answers import Answer, data, registry_error
from tests.fakes.quay.content import IMAGES, INDEXES, Immutable, Manifest, Repository, digest_of
from tests.fakes.quay.requests import Asked

_PATH = r"/v2/([a-z0-9._-]+/[a-z0-9._-]+)"
_MANIFEST = re.compile(_PATH + r"/manifests/([\w][\w.:-]{0,135})")
_BLOB = re.compile(_PATH + r"/blobs/(sha256:[0-9a-f]{64})")
_UPLOADS = re.compile(_PATH + r"/blobs/uploads/")
_UPLOAD = re.compile(_PATH + r"/blobs/uploads/([0-9a-f]{32})")
_LIST = re.compile(_PATH + r"/tags/list")
_SCOPE = re.compile(r"repository:([a-z0-9._-]+/[a-z0-9._-]+):((?:pull|push|\*)(?:,(?:pull|push|\*))*)")
_ROLES = {"pull": "read", "push": "write", "*": "admin"}


@dataclass(frozen=True, slots=True)
class _Grant:
    """What a bearer token opens."""

    repository: str = ""
    actions: frozenset[str] = frozenset()


class Distribution:
    """Answers what begins with `/v2/`."""

    def __init__(
        self, accounts: Accounts, repositories: dict[str, Repository], now: Callable[[], float]
    ) -> None:
        self._accounts = accounts
        self._repositories = repositories
        self._now = now
        self._grants: dict[str, _Grant] = {}
        self._uploads: dict[str, bytes] = {}

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/v2/auth":
            return self._token(asked)
        if asked.path == "/v2/":
            return data({}) if self._grant(asked) is not None else self._challenge(asked, "")
        for pattern, handle in (
            (_MANIFEST, self._manifest),
            (_BLOB, self._blob),
            (_UPLOADS, self._begin),
            (_UPLOAD, self._upload),
            (_LIST, self._list),
        ):
            if found := pattern.fullmatch(asked.path):
                path = found[1]
                action = "pull" if asked.method in {"GET", "HEAD"} else "push"
                grant = self._grant(asked)
                if grant is None or grant.repository != path or action not in grant.actions:
                    actions = "pull" if action == "pull" else "pull,push"
                    return self._challenge(asked, f"repository:{path}:{actions}")
                return handle(
                    asked, self._repositories.setdefault(path, Repository()), found[found.re.groups]
                )
        return registry_error(404, "NAME_UNKNOWN", "Unknown address")

    def _token(self, asked: Asked) -> Answer:
        if asked.method != "GET" or not asked.query.get("service"):
            return registry_error(400, "INVALID_REQUEST", "A service is wanted")
        robot = self._accounts.robot(asked.authorization)
        if asked.authorization and robot is None:
            return registry_error(401, "UNAUTHORIZED", "Could not find robot with specified username")
        scope = asked.query.get("scope", "")
        if not scope and robot is None:
            return registry_error(401, "UNAUTHORIZED", "access to the requested resource is not authorized")
        found = _SCOPE.fullmatch(scope)
        if scope and found is None:
            return registry_error(400, "INVALID_REQUEST", "Unable to decode repository and actions")
        grant = _Grant()
        if found is not None:
            repository = self._repositories.get(found[1])
            actions = {
                action
                for action in found[2].split(",")
                if (robot is not None and robot.may(_ROLES[action], found[1]))
                or (action == "pull" and repository is not None and repository.public)
            }
            grant = _Grant(found[1], frozenset(actions))
        token = secrets.token_urlsafe(24)
        self._grants[token] = grant
        return data({"token": token})

    def _grant(self, asked: Asked) -> _Grant | None:
        scheme, _, token = asked.authorization.partition(" ")
        return self._grants.get(token) if scheme.lower() == "bearer" else None

    def _challenge(self, asked: Asked, scope: str) -> Answer:
        about = f',scope="{scope}"' if scope else ""
        challenge = f'Bearer realm="{asked.base}/v2/auth",service="{urlsplit(asked.base).netloc}"{about}'
        return registry_error(
            401,
            "UNAUTHORIZED",
            "access to the requested resource is not authorized",
            {"WWW-Authenticate": challenge, "Docker-Distribution-API-Version": "registry/2.0"},
        )

    def _manifest(self, asked: Asked, repository: Repository, reference: str) -> Answer:
        if asked.method == "PUT":
            return self._push(asked, repository, reference)
        if asked.method not in {"GET", "HEAD"}:
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        manifest = repository.find(reference, self._now())
        if manifest is None:
            return registry_error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return Answer(200, manifest.body, manifest.kind, headers={"Docker-Content-Digest": manifest.digest})

    def _push(self, asked: Asked, repository: Repository, reference: str) -> Answer:
        manifest = Manifest(asked.body, asked.headers.get("content-type", ""))
        if mistake := _mistake(manifest, repository, reference):
            return registry_error(400, "MANIFEST_INVALID", mistake)
        if not reference.startswith("sha256:"):
            try:
                # Also the very same digest: the tag is not pushed twice.
                repository.point(reference, manifest, self._now())
            except Immutable:
                return registry_error(409, "TAG_IMMUTABLE", f"tag {reference} is immutable")
        repository.manifests[manifest.digest] = manifest
        return Answer(201, headers={"Docker-Content-Digest": manifest.digest, "Location": asked.path})

    def _blob(self, asked: Asked, repository: Repository, digest: str) -> Answer:
        if digest not in repository.blobs:
            return registry_error(404, "BLOB_UNKNOWN", "blob unknown to registry")
        return Answer(
            200,
            repository.blobs[digest],
            "application/octet-stream",
            headers={"Docker-Content-Digest": digest},
        )

    def _begin(self, asked: Asked, repository: Repository, _: str) -> Answer:
        if asked.method != "POST":
            return registry_error(405, "UNSUPPORTED", "The operation is unsupported.")
        upload = secrets.token_hex(16)
        self._uploads[upload] = b""
        return self._accepted(f"{asked.path}{upload}", 0)

    def _upload(self, asked: Asked, repository: Repository, upload: str) -> Answer:
        if upload not in self._uploads:
            return registry_error(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry")
        self._uploads[upload] += asked.body
        if asked.method == "PATCH":
            return self._accepted(asked.path, len(self._uploads[upload]))
        digest, body = asked.query.get("digest", ""), self._uploads.pop(upload)
        if asked.method != "PUT" or digest_of(body) != digest:
            return registry_error(400, "DIGEST_INVALID", "provided digest did not match uploaded content")
        repository.blobs[digest] = body
        return Answer(201, headers={"Docker-Content-Digest": digest, "Location": asked.path})

    def _accepted(self, place: str, size: int) -> Answer:
        upload = place.rpartition("/")[2]
        return Answer(
            202,
            headers={
                # Clients append the digest to whatever comes here.
                "Location": f"{place}?state=begun",
                "Range": f"0-{max(size - 1, 0)}",
                "Docker-Upload-UUID": upload,
            },
        )

    def _list(self, asked: Asked, repository: Repository, _: str) -> Answer:
        names = sorted(tag.name for tag in repository.alive(self._now()))
        return data({"name": asked.path.removeprefix("/v2/").removesuffix("/tags/list"), "tags": names})


def _mistake(manifest: Manifest, repository: Repository, reference: str) -> str:
    """Why a manifest is not taken; empty when it is."""
    if manifest.kind not in IMAGES | INDEXES:
        return "manifest schema version not supported"
    try:
        content = json.loads(manifest.body)
        missing = repository.missing(manifest)
    except (ValueError, KeyError, TypeError, AttributeError):
        return "manifest invalid"
    if content.get("mediaType", manifest.kind) != manifest.kind:
        return "media type does not match"
    if reference.startswith("sha256:") and reference != manifest.digest:
        return "manifest digest mismatch"
    return f"unknown content: {missing[0]}" if missing else ""
