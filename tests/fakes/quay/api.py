"""`/api/v1`: the security endpoint, which takes a robot's login, and the tags, which do not.

Credentials that are wrong are nobody's: a stranger sees what is public, and is sent away from the rest with 401.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from tests.fakes.quay.accounts import Accounts, Robot, Token
from tests.fakes.quay.answers import Answer, data, page, problem
from tests.fakes.quay.content import Immutable, Repository, Tag
from tests.fakes.quay.requests import Asked
from tests.fakes.quay.scenarios_read import Played, Step
from tests.fakes.quay.security import security

_SECURITY = re.compile(r"/api/v1/repository/([^/]+/[^/]+)/manifest/(sha256:[0-9a-f]{64})/security")
_TAGS = re.compile(r"/api/v1/repository/([^/]+/[^/]+)/tag/")
_TAG = re.compile(r"/api/v1/repository/([^/]+/[^/]+)/tag/([\w][\w.-]{0,127})")
_TRUE = frozenset({"true", "yes", "1", "on", "t"})
_MOST = 100
_CHANGES = frozenset({"expiration", "immutable", "manifest_digest"})


class Api:
    """Answers what begins with `/api/`."""

    def __init__(
        self, accounts: Accounts, repositories: dict[str, Repository], now: Callable[[], float]
    ) -> None:
        self.scans: dict[str, Played] = {}
        self._accounts = accounts
        self._repositories = repositories
        self._now = now

    def answer(self, asked: Asked) -> Answer:
        if asked.method == "GET" and (found := _SECURITY.fullmatch(asked.path)):
            return self._security(asked, found[1], found[2])
        if asked.method == "GET" and (found := _TAGS.fullmatch(asked.path)):
            return self._list(asked, found[1])
        if found := _TAG.fullmatch(asked.path):
            if asked.method == "PUT":
                return self._change(asked, found[1], found[2])
            if asked.method == "DELETE":
                return self._delete(asked, found[1], found[2])
            return page(405, "405 Method Not Allowed")
        # A tag in the place of a digest is an address that Quay has not.
        return page(404, "Quay: 404")

    def _security(self, asked: Asked, path: str, digest: str) -> Answer:
        who = self._accounts.robot(asked.authorization) or self._accounts.token(asked.authorization)
        if refusal := self._refusal(asked, path, who, "read"):
            return refusal
        manifest = self._repositories[path].manifests.get(digest)
        if manifest is None:
            return problem(asked.base, 404, "not_found", "Not Found")
        played = self.scans.get(digest) or Played([Step("queued")])
        step = played.look(self._now())
        return replace(security(step, asked.base, digest, asked.query), delay_s=step.delay_s)

    def _list(self, asked: Asked, path: str) -> Answer:
        if refusal := self._refusal(asked, path, self._accounts.token(asked.authorization), "read"):
            return refusal
        try:
            number, limit = (
                max(1, int(asked.query.get(key, default))) for key, default in (("page", 1), ("limit", 50))
            )
        except ValueError:
            return problem(asked.base, 400, "invalid_request", "page and limit are numbers")
        limit = min(limit, _MOST)
        now, wanted = self._now(), asked.query.get("specificTag")
        tags = [
            tag
            for tag in reversed(self._repositories[path].history)
            if (not wanted or tag.name == wanted)
            and (tag.is_alive(now) or asked.query.get("onlyActiveTags", "").lower() not in _TRUE)
        ]
        begin = (number - 1) * limit
        shown = [self._tag(path, tag) for tag in tags[begin : begin + limit]]
        return data({"tags": shown, "page": number, "has_additional": len(tags) > begin + limit})

    def _change(self, asked: Asked, path: str, name: str) -> Answer:
        if refusal := self._refusal(asked, path, self._accounts.token(asked.authorization), "write"):
            return refusal
        change, repository, now = asked.json(), self._repositories[path], self._now()
        if change is None or not change or set(change) - _CHANGES:
            return problem(asked.base, 400, "invalid_request", "Invalid or missing tag change")
        tag = repository.tag(name, now)
        if "manifest_digest" in change:
            return self._point(asked, repository, name, change["manifest_digest"])
        if tag is None:
            return problem(asked.base, 404, "not_found", "Not Found")
        if "immutable" in change:
            tag.immutable = bool(change["immutable"])
        if "expiration" in change:
            end = change["expiration"]
            if tag.immutable:
                return _immutable(asked, name)
            if end is not None and (isinstance(end, bool) or not isinstance(end, int | float) or end <= now):
                return page(400, "400 Bad Request")
            tag.end = None if end is None else int(end)
        return Answer(201, b'"Updated"\n')

    def _point(self, asked: Asked, repository: Repository, name: str, digest: object) -> Answer:
        manifest = repository.manifests.get(digest) if isinstance(digest, str) else None
        if manifest is None:
            return problem(asked.base, 404, "not_found", "Not Found")
        try:
            repository.point(name, manifest, self._now(), reversion=True)
        except Immutable:
            return _immutable(asked, name)
        return Answer(201, b'"Updated"\n')

    def _delete(self, asked: Asked, path: str, name: str) -> Answer:
        if refusal := self._refusal(asked, path, self._accounts.token(asked.authorization), "write"):
            return refusal
        tag = self._repositories[path].tag(name, self._now())
        if tag is None:
            return problem(asked.base, 404, "not_found", "Not Found")
        if tag.immutable:
            return _immutable(asked, name)
        tag.end = int(self._now())
        return Answer(204)

    def _refusal(self, asked: Asked, path: str, who: Robot | Token | None, role: str) -> Answer | None:
        repository = self._repositories.get(path)
        if repository is not None and (
            (repository.public and role == "read") or (who and who.may(role, path))
        ):
            return None
        if who is None:
            return problem(asked.base, 401, "invalid_token", "Requires authentication")
        return problem(asked.base, 403, "insufficient_scope", "Unauthorized")

    def _tag(self, path: str, tag: Tag) -> dict[str, Any]:
        manifest = self._repositories[path].manifests[tag.digest]
        shown: dict[str, Any] = {
            "name": tag.name,
            "reversion": tag.reversion,
            "start_ts": tag.start,
            "manifest_digest": tag.digest,
            "is_manifest_list": "manifests" in manifest.content,
            "size": None,
            "last_modified": _date(tag.start),
            "immutable": tag.immutable,
        }
        return shown if tag.end is None else {**shown, "end_ts": tag.end, "expiration": _date(tag.end)}


def _immutable(asked: Asked, name: str) -> Answer:
    return problem(asked.base, 409, "tag_immutable", f"Tag {name} is immutable")


def _date(moment: int) -> str:
    return format_datetime(datetime.fromtimestamp(moment, UTC)).replace("+0000", "-0000")
