"""What a path names, and the shape that it asks an object to have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from trunkline.dataclass import dataclass
from trunkline.expressions import expression
from trunkline.rehearsal.api.discovery import nowhere
from trunkline.rehearsal.api.gate import Gate
from trunkline.rehearsal.api.messages import Request
from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.errors import ApiError, bad_request, not_found
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.objects import Object
from trunkline.rehearsal.registry import Registry
from trunkline.rehearsal.store import Store

_UNSPOKEN = expression(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names.

    Attributes:
        namespace: empty for all of them, and for what has none.
        name: empty for all of a kind.
    """

    kind: Kind
    version: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the API's requests are answered with."""

    store: Store
    registry: Registry
    kinds: Kinds
    clock: Clock
    gate: Gate

    def now(self) -> datetime:
        """This moment."""
        return self.clock.now()


def target_of(kinds: Kinds, request: Request) -> Target:
    """What a path under `/api/v1` or `/apis/<group>/<version>` names.

    Raises:
        ApiError: nothing is served there.
    """
    parts = list(request.parts)
    group, version, rest = ("", parts[1], parts[2:]) if parts[0] == "api" else (parts[1], parts[2], parts[3:])
    if is_old_watch(request):
        if request.method != "GET":
            raise not_allowed()
        rest = rest[1:]
    namespace = ""
    if rest[2:] and rest[0] == "namespaces" and kinds.resource(group, rest[2]) is not None:
        namespace, rest = rest[1], rest[2:]
    kind = kinds.resource(group, rest[0]) if rest else None
    if kind is None or version not in kind.versions:
        raise nowhere()
    if namespace and not kind.namespaced:
        raise nowhere()
    name = rest[1] if len(rest) > 1 else ""
    if kind.namespaced and not namespace and (name or request.method != "GET"):
        raise nowhere()
    return Target(kind, version, namespace, name, "/".join(rest[2:]))


def prepare(target: Target, value: Object, request: Request, *, checked: bool = True) -> dict[str, str]:
    """Bring an object into the shape that its path asks for, in place; what the client is to be warned of, as headers.

    Raises:
        ApiError: it is an object of another kind or namespace, or has fields that there are not.
    """
    kind, spelled = value.get("kind") or target.kind.kind, target.kind.spelled(target.version)
    version = value.get("apiVersion") or spelled
    if kind != target.kind.kind or str(version).rpartition("/")[0] != target.kind.group:
        raise bad_request(
            f"{kind} in version {str(version).rpartition('/')[2]!r} cannot be handled as a {target.kind.kind}: "
            f"converting ({version}) to ({spelled}): unknown conversion"
        )
    value["kind"], value["apiVersion"] = target.kind.kind, spelled
    if value.get("metadata") is None:
        value["metadata"] = {}
    meta = value["metadata"]
    if not isinstance(meta, dict):
        raise bad_request("json: cannot unmarshal into Go struct field .metadata of type v1.ObjectMeta")
    for key in ("name", "namespace", "generateName", "uid", "resourceVersion"):
        if not isinstance(meta.get(key, ""), str):
            if meta[key] is not None:
                raise bad_request(
                    f"json: cannot unmarshal into Go struct field ObjectMeta.metadata.{key} of type string"
                )
            del meta[key]
    if target.kind.namespaced:
        if meta.get("namespace") not in {None, "", target.namespace}:
            said = f"the namespace of the provided object does not match the namespace sent on the request: {meta['namespace']}"
            raise bad_request(said)
        meta["namespace"] = target.namespace
    else:
        meta.pop("namespace", None)
    return _field_problems(target, value, request) if checked else {}


def _field_problems(target: Target, value: Object, request: Request) -> dict[str, str]:
    from trunkline.rehearsal import patches  # noqa: PLC0415 - as above

    wish = request.query.get("fieldValidation", "Warn")
    mistyped, unknown = patches.problems(target.kind, value)
    if mistyped:
        kind, version = target.kind.kind, target.version
        raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {mistyped[0]}')
    if not unknown or wish == "Ignore":
        return {}
    if wish == "Strict":
        kind, version = target.kind.kind, target.version
        raise bad_request(
            f'{kind} in version "{version}" cannot be handled as a {kind}: strict decoding error: {", ".join(unknown)}'
        )
    return with_told({}, unknown)


def with_told(headers: dict[str, str], told: Sequence[str] | None) -> dict[str, str]:
    """Headers that warn a client of something more (RFC 7234, 5.5); of twenty things at most."""
    said = [headers["Warning"]] if "Warning" in headers else []
    plain = [_UNSPOKEN.sub(" ", text).encode("ascii", "replace").decode() for text in (told or ())[:20]]
    quoted = [text.replace("\\", "\\\\").replace('"', '\\"') for text in plain]
    said += [f'299 - "{text}"' for text in quoted]
    return {**headers, "Warning": ", ".join(said)} if said else headers


def stored(target: Target, value: Object) -> Object:
    """What the API's own types keep of an object."""
    from trunkline.rehearsal import patches  # noqa: PLC0415 - as above

    return patches.as_stored(target.kind, value)


def existing(desk: Desk, target: Target) -> Object:
    """The object that a path names.

    Raises:
        ApiError: there is none.
    """
    found = desk.store.get(target.kind, target.namespace, target.name)
    if found is None:
        raise not_found(target.kind.plural, target.kind.group, target.name)
    return found


def definition_of(desk: Desk, kind: Kind) -> Object | None:
    """The CustomResourceDefinition of a kind, None for what is built in."""
    if "." not in kind.group:
        return None
    return desk.store.get(
        desk.kinds.named("apiextensions.k8s.io", "CustomResourceDefinition"),
        "",
        f"{kind.plural}.{kind.group}",
    )


def is_old_watch(request: Request) -> bool:
    """Whether it is one of the paths of old, such as `/api/v1/watch/namespaces`."""
    parts = request.parts
    return parts[2:3] == ("watch",) if parts[:1] == ("api",) else parts[3:4] == ("watch",)


def not_allowed() -> ApiError:
    """A method that means nothing here."""
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
    )
