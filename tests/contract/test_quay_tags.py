"""The adapter for Quay's tags against a strict Quay, and against answers that are none of Quay's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.fakes.http import ScriptedHttp, json_response
from tests.fakes.quay import Quay
from trunkline.adapters.http import HttpClient
from trunkline.adapters.quay import QuayTag, QuayTags
from trunkline.domain.images import ImageReference, parse_image
from trunkline.errors import Refused, TrunklineError, Unreachable, UsageError
from trunkline.ports import Response

PATH = "acme/api"
REMOTE = parse_image("quay.example.com/acme/api:one")
DIGEST = "sha256:" + "a" * 64


@dataclass
class Stage:
    """A Quay whose private repository has a tag `one`, with tokens to read and to write."""

    quay: Quay
    clock: FakeClock
    digest: str

    @property
    def image(self) -> ImageReference:
        return parse_image(f"{self.quay.host}/{PATH}:one")

    def tags(self, token: str = "writer-token") -> QuayTags:
        return QuayTags(HttpClient(), token=token)

    def names(self) -> list[str]:
        return [tag.name for tag in self.tags().tags(self.image)]


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = FakeClock(datetime.fromtimestamp(1000.0, UTC))
    with Quay(now=clock.monotonic) as quay:
        quay.token("reader-token", "repo:read")
        quay.token("writer-token", "repo:write")
        yield Stage(quay, clock, quay.image(PATH, "one"))


def test_a_tag(stage: Stage) -> None:
    """A tag is told with its digest, its beginning, its end, and whether it is an index."""
    assert list(stage.tags().tags(stage.image)) == [QuayTag("one", stage.digest, stage.clock.now())]
    index = stage.quay.index(PATH, "all", "linux/amd64")
    (tag,) = stage.tags().tags(stage.image, "all")
    assert (tag.digest, tag.is_index) == (index, True)


def test_many_tags(stage: Stage) -> None:
    """Tags are read page by page, newest first, and no page more than is needed."""
    for number in range(250):
        stage.quay.image(PATH, f"t{number}")
    assert stage.names() == [*(f"t{number}" for number in reversed(range(250))), "one"]
    assert len(stage.quay.seen) == 3
    assert next(stage.tags().tags(stage.image)).name == "t249"
    assert len(stage.quay.seen) == 4


def test_an_end(stage: Stage) -> None:
    """A tag ends when it is told to, unless it is told otherwise before."""
    when = stage.clock.now() + timedelta(days=14)
    assert stage.tags().expire(stage.image, when)
    assert next(stage.tags().tags(stage.image)).ends_at == when
    assert stage.tags().expire(stage.image, None)
    assert next(stage.tags().tags(stage.image)).ends_at is None
    stage.tags().expire(stage.image, when)
    stage.clock.advance(15 * 86400)
    assert stage.names() == []
    assert not stage.tags().expire(stage.image, None)


def test_an_immutable_tag(stage: Stage) -> None:
    """A tag that may not be changed is left, and named."""
    stage.quay.image(PATH, "kept", {"quay.immutable": "true"})
    assert next(stage.tags().tags(stage.image, "kept")).immutable
    with pytest.raises(UsageError, match="kept is immutable"):
        stage.tags().expire(stage.image.with_tag("kept"), stage.clock.now() + timedelta(days=1))


@pytest.mark.parametrize(
    ("token", "says"), [("", "without a login"), ("wrong-token", "HTTP 401"), ("reader-token", "HTTP 403")]
)
def test_who_may_not_change(stage: Stage, token: str, says: str) -> None:
    """Strangers, wrong tokens and those without the scope are refused, and the token is not shown."""
    with pytest.raises(Refused, match=says) as caught:
        stage.tags(token).expire(stage.image, None)
    assert "the tags of" in caught.value.message or says == "HTTP 401"
    assert not token or token not in f"{caught.value.message} {caught.value.hint}"


def test_no_secret_without_tls() -> None:
    """A token is not sent over a network in clear."""
    http = ScriptedHttp(Response(200, {}, b"{}"))
    with pytest.raises(Refused, match="without TLS"):
        list(QuayTags(http, token="secret-token", url="http://quay.example.com").tags(REMOTE))
    assert http.requests == []


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {}, b"<html>"),
        Response(200, {}, b'{"tags": ['),
        Response(503, {}, b""),
        Response(404, {}, b"404 page not found"),
        json_response([]),
        json_response({"tags": [3]}),
        json_response({"tags": [{"name": "one"}]}),
        json_response({"tags": [{"name": "one", "manifest_digest": DIGEST}]}),
        json_response({"tags": [{"name": "one", "manifest_digest": DIGEST, "start_ts": 1e300}]}),
        json_response({"tags": [{"name": "one", "manifest_digest": DIGEST, "start_ts": "now"}]}),
    ],
)
def test_no_answer_of_quays(answer: Response) -> None:
    """What Quay would not say is never read as a list of tags."""
    with pytest.raises(Unreachable, match=r"quay\.example\.com"):
        list(QuayTags(ScriptedHttp(answer)).tags(REMOTE))


def test_pages_without_tags_end() -> None:
    """A server that always has another empty page is not asked for ever."""
    http = ScriptedHttp(json_response({"tags": [], "has_additional": True}))
    assert list(QuayTags(http).tags(REMOTE)) == []


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just(DIGEST),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["tags", "name", "manifest_digest", "start_ts", "end_ts", "has_additional"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(_JSON | st.fixed_dictionaries({"tags": st.lists(_JSON, max_size=3)}))
def test_hostile_answers(body: Any) -> None:
    """Whatever comes is tags that are whole, or one of our sentences."""
    http = ScriptedHttp(Response(200, {}, json.dumps(body).encode()))
    try:
        tags = list(islice(QuayTags(http).tags(REMOTE), 10))
    except TrunklineError:
        return
    assert all(tag.name and tag.digest == DIGEST for tag in tags)
