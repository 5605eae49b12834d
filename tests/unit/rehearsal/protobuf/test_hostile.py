"""No bytes, however odd, are more than a bad request."""

from __future__ import annotations

import json
from base64 import b64decode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.rehearsal.protobuf.test_decode import BODIES
from tests.unit.rehearsal.protobuf.wire import body, field
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.protobuf import decode

REAL = [b64decode(item["body"]) for item in BODIES.values()]
KINDS = [("v1", "Pod"), ("v1", "Secret"), ("apps/v1", "Deployment"), ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
         ("autoscaling/v2", "HorizontalPodAutoscaler"), ("v1", "Event"), ("authorization.k8s.io/v1", "SubjectAccessReview")]  # fmt: skip
MESSAGES = st.recursive(
    st.binary(max_size=6),
    lambda inner: st.lists(
        st.builds(field, st.integers(1, 45), inner | st.integers(0, 2**64 - 1)), max_size=4
    ).map(b"".join),
    max_leaves=20,
)


def expect_json_or_bad_request(content: bytes) -> None:
    try:
        found = decode(content)
    except ApiError as error:
        assert error.code == 400  # noqa: PT017 - it may be raised or not
    else:
        json.dumps(found)


@given(content=st.binary(max_size=200))
def test_random_bytes(content: bytes) -> None:
    """Random bytes, with or without the magic word, are an object or a bad request."""
    expect_json_or_bad_request(content)
    expect_json_or_bad_request(b"k8s\x00" + content)


@pytest.mark.parametrize(("api_version", "kind"), KINDS)
@given(raw=MESSAGES)
@settings(max_examples=60)
def test_random_messages(api_version: str, kind: str, raw: bytes) -> None:
    """Messages with any fields of any types are an object or a bad request."""
    expect_json_or_bad_request(body(api_version, kind, raw))


@given(
    content=st.sampled_from(REAL),
    places=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=4),
    end=st.integers(0, 3000),
)
@settings(max_examples=300)
def test_mutated_bodies(content: bytes, places: list[tuple[int, int]], end: int) -> None:
    """A real body with some bytes changed, or cut off, is an object or a bad request."""
    changed = bytearray(content)
    for place, value in places:
        changed[place % len(changed)] = value
    expect_json_or_bad_request(bytes(changed))
    expect_json_or_bad_request(bytes(changed[:end]))
