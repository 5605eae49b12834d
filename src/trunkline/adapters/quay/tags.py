"""Quay's tags: which there are, since when and until when, and letting them end.

Unlike the scan they are for OAuth tokens alone (`repo:read` to see, `repo:write` to change): a robot is a stranger here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from trunkline.adapters.quay.addresses import base_of, check_secret
from trunkline.adapters.quay.answers import Question, content_of, is_problem, no_sense, trouble
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference, is_digest
from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError
from trunkline.ports import Http, Request, Response

_TIMEOUT_S = 30.0
_PAGE = 100
# A server that never comes to an end is not read for ever: a million tags are more than anybody keeps.
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class QuayTag:
    """A tag that is alive: what it stands for, since when, until when (None for ever), and whether it may be changed."""

    name: str
    digest: str
    began_at: datetime
    ends_at: datetime | None = None
    immutable: bool = False
    is_index: bool = False


class QuayTags:
    """Asks about the tags of repositories, and changes them.

    Args:
        http: how it is asked.
        token: an OAuth token, known to the redactor; empty to see public repositories only.
        url: where Quay is; empty for the image's registry.
    """

    def __init__(self, http: Http, *, token: str = "", url: str = "") -> None:
        self._http = http
        self._token = token
        self._url = url
        self._redactor = Redactor((token,))

    def tags(self, image: ImageReference, name: str = "") -> Iterator[QuayTag]:
        """The tags of the image's repository, newest first, read page by page; only that of a name where one is given.

        Raises:
            Unreachable: no answer, or one that makes no sense. Refused: the token does not allow it.
        """
        for number in range(1, _MOST_PAGES + 1):
            query = {"onlyActiveTags": "true", "limit": _PAGE, "page": number}
            response = self._send(
                "GET", image, f"?{urlencode({**query, 'specificTag': name} if name else query)}"
            )
            asked = self._asked(image)
            if response.status != HTTPStatus.OK:
                raise trouble(response, asked)
            content = content_of(response, asked)
            tags = content.get("tags") if isinstance(content, dict) else None
            if not isinstance(tags, list):
                raise no_sense(asked, "it has no list of tags")
            yield from (_tag(tag, asked) for tag in tags)
            if content.get("has_additional") is not True or not tags:
                return

    def expire(self, image: ImageReference, when: datetime | None) -> bool:
        """Let the image's tag end at a moment, or never; False where there is no such tag.

        Raises:
            UsageError: the tag is immutable. Refused, Unreachable: as above.
        """
        end = None if when is None else int(when.timestamp())
        response = self._send("PUT", image, quote(image.tag or ""), {"expiration": end})
        if response.status == HTTPStatus.CREATED:
            return True
        if response.status == HTTPStatus.NOT_FOUND and is_problem(response):
            return False
        if response.status == HTTPStatus.CONFLICT:
            raise UsageError(
                f"{image} is immutable: Quay does not change when it ends.", "Leave it, or unlock it in Quay."
            )
        raise trouble(response, self._asked(image))

    def _send(
        self, method: str, image: ImageReference, rest: str, change: Mapping[str, Any] | None = None
    ) -> Response:
        base = base_of(image, self._url)
        headers = {"Accept": "application/json"}
        if self._token:
            check_secret(base, self._who())
            headers["Authorization"] = f"Bearer {self._token}"
        if change is not None:
            headers["Content-Type"] = "application/json"
        body = None if change is None else json.dumps(change).encode()
        url = f"{base}/api/v1/repository/{quote(image.path)}/tag/{rest}"
        return self._http.send(Request(method, url, headers, body, timeout_s=_TIMEOUT_S))

    def _asked(self, image: ImageReference) -> Question:
        host = urlsplit(base_of(image, self._url)).netloc.rpartition("@")[2]
        return Question(host, image, self._who(), self._redactor, "the tags")

    def _who(self) -> str:
        return "the token of `gate.token`" if self._token else ""


def _tag(content: object, asked: Question) -> QuayTag:
    if not isinstance(content, dict):
        raise no_sense(asked, "a tag is no object")
    name, digest = content.get("name"), content.get("manifest_digest")
    if not isinstance(name, str) or not name or not isinstance(digest, str) or not is_digest(digest):
        raise no_sense(asked, "a tag has no name or no digest")
    began, ends = _moment(content.get("start_ts"), asked), _moment(content.get("end_ts"), asked)
    if began is None:
        raise no_sense(asked, f"the tag {name!r} has no beginning")
    return QuayTag(
        name, digest, began, ends, content.get("immutable") is True, content.get("is_manifest_list") is True
    )


def _moment(value: object, asked: Question) -> datetime | None:
    """From seconds; Quay leaves out what is not set, or writes 0."""
    if value is None or value == 0:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise no_sense(asked, "a tag's time is no number")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise no_sense(asked, "a tag's time is beyond all calendars") from None
