"""What a body in Kubernetes' protobuf reads as."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from tests.unit.rehearsal.protobuf.wire import body, field
from trunkline.rehearsal.errors import ApiError
from trunkline.rehearsal.kinds import BUILT_IN
from trunkline.rehearsal.protobuf import decode
from trunkline.rehearsal.protobuf.fields import _table, fields_of, message_of
from trunkline.rehearsal.protobuf.scalars import SCALARS

# Sent by kubectl 1.37 and Helm, or given out by Kubernetes 1.20, whose JSON of the same objects is next to them.
BODIES: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("bodies.json").read_text())
# What clients only ever send as JSON, because they have no protobuf types of it.
JSON_ONLY = {"apiregistration.k8s.io", "gateway.networking.k8s.io"}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_of_a_real_client_reads_as_its_json(name: str) -> None:
    """What a real client sends is decoded field by field to the JSON of the same object."""
    assert decode(b64decode(BODIES[name]["body"])) == BODIES[name]["object"]


def test_every_built_in_kind_has_a_message() -> None:
    """Each version of each kind that clients have protobuf types of can be decoded."""
    for kind in BUILT_IN:
        if kind.group not in JSON_ONLY:
            assert all(message_of(kind.spelled(version), kind.kind) for version in kind.versions), kind


def test_every_type_of_the_table_is_known() -> None:
    """No field is of a type that nobody can read, and messages alone may be inline."""
    plain = {
        "string",
        "bool",
        "int32",
        "int64",
        "schema-or-array",
        "schema-or-bool",
        "schema-or-strings",
        *SCALARS,
    }
    for message in _table()["messages"]:
        for told in fields_of(message).values():
            type_ = told.type.strip("[]{}")
            assert type_ in plain or fields_of(type_) is not None
            assert not told.inline or type_ not in plain


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (field(1, 0), {"replicas": 0}),
        (field(1, -1), {"replicas": -1}),
        (field(5, 0), {}),
        (field(7, 1), {"paused": True}),
        (field(7, 0), {}),
        (field(99, "new") + field(6, 3), {"revisionHistoryLimit": 3}),
        (field(4, field(1, "") + field(2, field(1, field(1, 1) + field(2, 0) + field(3, "25%")))),
         {"strategy": {"rollingUpdate": {"maxUnavailable": "25%"}}}),
        (field(4, field(2, field(2, field(1, 0) + field(2, 2) + field(3, "")))),
         {"strategy": {"rollingUpdate": {"maxSurge": 2}}}),
    ],
)  # fmt: skip
def test_zero_is_kept_only_where_somebody_has_set_it(raw: bytes, expected: dict[str, Any]) -> None:
    """A field that is sent though nobody set it is left out, and one behind a pointer is kept, even if it is zero."""
    assert decode(body("apps/v1", "Deployment", field(2, raw)))["spec"] == expected


def test_maps_lists_and_bytes() -> None:
    """Entries of a map are gathered, bytes are base64, an entry without a value is empty."""
    raw = field(2, field(1, "a") + field(2, b"\xff\x00")) + field(2, field(1, "b")) + field(3, "Opaque")
    raw += field(1, field(14, "x/y") + field(14, "z/y") + field(11, field(1, "k")))
    assert decode(body("v1", "Secret", raw)) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"finalizers": ["x/y", "z/y"], "labels": {"k": ""}},
        "data": {"a": "/wA=", "b": ""},
        "type": "Opaque",
    }


def test_times_and_managed_fields() -> None:
    """Times are RFC 3339, those with microseconds too, and raw JSON is what it says."""
    entry = field(1, "me") + field(4, field(1, 1_700_000_000)) + field(7, field(1, b'{"f:data":{}}'))
    lease = field(1, field(8, b"") + field(17, entry)) + field(2, field(3, field(1, 1) + field(2, 5000)))
    assert decode(body("coordination.k8s.io/v1", "Lease", lease)) == {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {
            "managedFields": [
                {"manager": "me", "time": "2023-11-14T22:13:20Z", "fieldsV1": {"f:data": {}}},
            ]
        },
        "spec": {"acquireTime": "1970-01-01T00:00:01.000005Z"},
    }


def test_delete_options_of_any_group() -> None:
    """DeleteOptions are understood in whatever version a client names them."""
    raw = field(1, 0) + field(2, field(1, "u")) + field(4, "Foreground") + field(5, "All")
    for version in ("v1", "meta.k8s.io/v1", "apps/v1"):
        assert decode(body(version, "DeleteOptions", raw)) == {
            "apiVersion": version,
            "kind": "DeleteOptions",
            "gracePeriodSeconds": 0,
            "preconditions": {"uid": "u"},
            "propagationPolicy": "Foreground",
            "dryRun": ["All"],
        }


def test_numbers_packed_into_one_record() -> None:
    """A list of numbers reads the same, packed or not."""
    separate = field(4, 1) + field(4, 300)
    for groups in (separate, field(4, b"\x01\xac\x02")):
        raw = field(2, field(14, groups))
        assert decode(body("v1", "Pod", raw))["spec"]["securityContext"] == {"supplementalGroups": [1, 300]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "prefix k8s"),
        (b'{"kind":"Secret"}', "prefix k8s"),
        (b"k8s\x00", 'no kind ""'),
        (body("example.com/v1", "Widget", b""), 'no kind "Widget" is registered for version "example.com/v1"'),
        (body("v1", "Secret", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "unexpected EOF"),
        (body("v1", "Secret", b"\x0a" + b"\xff" * 11), "integer overflow"),
        (body("v1", "Secret", b"\x0a"), "unexpected EOF"),
        (body("v1", "Secret", b"\x0b"), "illegal wireType 3"),
        (body("v1", "Secret", b"\x00\x00"), "illegal tag"),
        (body("v1", "Secret", field(1, 7)), "wrong wireType"),
        (body("v1", "Secret", field(3, 7)), "wrong wireType"),
        (body("v1", "Secret", field(3, b"\xff")), "UTF-8"),
        (body("v1", "Secret", field(5, "true")), "wrong wireType"),
        (body("v1", "Secret", field(1, field(17, field(7, field(1, "{"))))), "no JSON"),
        (body("v1", "Secret", field(1, field(8, field(1, 1 << 60)))), "out of range"),
        (b"k8s\x00" + field(1, 1), "wrong wireType"),
        (b"k8s\x00" + field(3, "gzip"), "encoded"),
    ],
)  # fmt: skip
def test_a_malformed_body_is_refused(content: bytes, said: str) -> None:
    """What cannot be read is the client's mistake, and it is told what is wrong."""
    with pytest.raises(ApiError, match=said) as caught:
        decode(content)
    assert caught.value.code == 400


def test_what_is_nested_too_deeply_is_refused() -> None:
    """A message in a message in a message, without an end, is refused and nothing overflows."""
    schema = b""
    for _ in range(3000):
        schema = field(28, schema)
    version = field(1, "v1") + field(4, field(1, schema))
    content = body("apiextensions.k8s.io/v1", "CustomResourceDefinition", field(2, field(7, version)))
    with pytest.raises(ApiError, match="nested too deeply"):
        decode(content)
