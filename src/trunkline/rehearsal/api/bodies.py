"""What a client sends: JSON, YAML for server-side apply, or Kubernetes' protobuf; and how deep it may be."""

from __future__ import annotations

import json
from typing import Any

from trunkline.rehearsal.api.messages import Request
from trunkline.rehearsal.errors import ApiError, bad_request
from trunkline.rehearsal.objects import Object

_PROTOBUF = "application/vnd.kubernetes.protobuf"
_JSON_TYPES = {"", "application/json", "application/x-www-form-urlencoded"}
# Far more than any object has, and far less than what a recursive walk can bear.
_DEEPEST = 150


def read_object(request: Request) -> Object:
    """The object of a body; an empty body is an empty object.

    Raises:
        ApiError: it cannot be read, or is of a type that nobody understands.
    """
    if request.content_type == _PROTOBUF:
        from trunkline.rehearsal.protobuf import decode  # noqa: PLC0415 - only what Go's clients send

        return checked(decode(request.body)) if request.body else {}
    if request.content_type not in _JSON_TYPES and not request.content_type.endswith("+json"):
        said = f"the body of the request was in an unknown format - accepted media types include: application/json, {_PROTOBUF}"
        raise ApiError(415, "UnsupportedMediaType", said)
    found = read_json(request.body) if request.body.strip() else {}
    if not isinstance(found, dict):
        raise bad_request("couldn't get version/kind; json parse error: the body is no object")
    return found


def read_json(body: bytes) -> Any:
    """A JSON value.

    Raises:
        ApiError: it is none, or deeper than anything in earnest.
    """
    try:
        return checked(json.loads(body))
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:
        raise bad_request(f"error decoding the body: {error}") from error


def read_yaml(body: bytes) -> Object:
    """The object of an apply configuration, JSON or YAML.

    Raises:
        ApiError: it is none.
    """
    if body.lstrip()[:1] == b"{":
        found = read_json(body)
    else:
        import yaml  # noqa: PLC0415 - only for what is written by hand

        if body.count(b"[") + body.count(b"{") > len(body) // 2 or _deeply_indented(body):
            raise _too_deep()
        try:
            found = checked(yaml.load(body, Loader=yaml.SafeLoader))
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise bad_request(f"error decoding YAML: {error}") from error
    if not isinstance(found, dict):
        raise bad_request("error decoding YAML: the body is no object")
    return found


def checked(value: Any) -> Any:
    """The same value, if it is not too deep and has only what JSON knows.

    Raises:
        ApiError: it is.
    """
    level = [value]
    for _ in range(_DEEPEST):
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                if not all(isinstance(key, str) for key in item):
                    raise bad_request("a key of the body is no text")
                below += item.values()
            elif isinstance(item, list):
                below += item
            elif not isinstance(item, str | int | float | bool | None):
                raise bad_request(f"{type(item).__name__} is not a type of JSON")
            elif isinstance(item, float) and item - item != 0:
                raise bad_request("a number of the body is not finite")
        if not below:
            return value
        level = below
    raise _too_deep()


def _deeply_indented(body: bytes) -> bool:
    deepest = 0
    for line in body.split(b"\n"):
        deepest = max(deepest, line.count(b"- ") + line.count(b"[") + line.count(b"{") + line.count(b"? "))
    return deepest > _DEEPEST


def _too_deep() -> ApiError:
    return bad_request("the body is nested too deeply")
