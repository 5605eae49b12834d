"""The envelope of a body in Kubernetes' protobuf: a magic word, then a `runtime.Unknown` with the object inside."""

from __future__ import annotations

from trunkline.rehearsal.errors import bad_request
from trunkline.rehearsal.objects import Object
from trunkline.rehearsal.protobuf.fields import message_of
from trunkline.rehearsal.protobuf.messages import read_message
from trunkline.rehearsal.protobuf.wire import as_text, records

_MAGIC = b"k8s\x00"
_TYPE_META, _RAW, _CONTENT_ENCODING = 1, 2, 3
_API_VERSION, _KIND = 1, 2


def decode(content: bytes) -> Object:
    """The object of an `application/vnd.kubernetes.protobuf` body, as its JSON would be.

    The format is that of `k8s.io/apimachinery/pkg/runtime/serializer/protobuf`.

    Raises:
        ApiError: 400, the body is malformed or of a kind that has no protobuf here.
    """
    if not content.startswith(_MAGIC):
        raise bad_request("provided data does not appear to be a protobuf message, expected prefix k8s\\x00")
    parts = dict(records(content[len(_MAGIC) :]))
    about = {number: as_text(value) for number, value in records(_bytes(parts.get(_TYPE_META, b"")))}
    api_version, kind = about.get(_API_VERSION, ""), about.get(_KIND, "")
    if parts.get(_CONTENT_ENCODING, b"") != b"":
        raise bad_request("the object of the protobuf body is encoded, which nobody understands")
    name = message_of(api_version, kind)
    if name is None:
        raise bad_request(f'no kind "{kind}" is registered for version "{api_version}" in protobuf')
    return {
        "apiVersion": api_version,
        "kind": kind,
        **read_message(name, _bytes(parts.get(_RAW, b""))),
    }


def _bytes(value: bytes | int) -> bytes:
    if isinstance(value, int):
        raise bad_request("proto: wrong wireType = 0 in the envelope of the object")
    return value
