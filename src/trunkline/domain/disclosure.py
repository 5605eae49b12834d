"""What of a Kubernetes object may be shown: a Secret's values never, nor what is named like a secret elsewhere.

A checksum of a Secret in an annotation is not shown either: of a short password it is as good as the password.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from trunkline.domain.redaction import MASK, is_secret_name
from trunkline.expressions import expression

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_PRIVATE_KEY = expression(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
# A colon assigns where a space or a quote follows it: an image's tag is no secret.
_ASSIGNMENT = expression(
    r"""(?<![\w/.])([A-Za-z_-][\w.-]{0,99})(["']?[ \t]*(?:=|:(?=[ \t"']))[ \t]*)(\S.*)"""
)
_HUMP = expression(r"(?<=[a-z0-9])(?=[A-Z])")
# As deep as objects go; a mask never recurses further.
_DEEPEST = 100


def conceals(kind: str, fields: Sequence[str]) -> bool:
    """Whether the value at the end of that path of an object of that kind is secret.

    `fields` are the names on the path, with the keys of list items (`env`, `DB_PASSWORD`, `value`).
    """
    if not fields:
        return False
    last = fields[-1]
    if kind == "Secret" and fields[0] in {"data", "stringData"}:
        return True
    if "annotations" in fields[:-1] and (last == _LAST_APPLIED or "checksum" in last.lower()):
        return True
    if kind == "ConfigMap" and fields[0] in {"data", "binaryData"} and len(fields) > 1:
        return named_secret(fields[1])
    return len(fields) > 2 and fields[-3] == "env" and last == "value" and named_secret(fields[-2])  # noqa: PLR2004 - env, name, value


def named_secret(name: str) -> bool:
    """Whether something of that name, in whatever spelling (`dbPassword`, `db-password`), is secret."""
    return is_secret_name(re.sub(r"[^A-Za-z0-9]+", "_", _HUMP.sub("_", name)))


def disclosed(kind: str, fields: Sequence[str], value: Any) -> Any:
    """The value with masks in the place of what is secret in it."""
    return _disclosed(kind, tuple(fields), value)


def disclosed_text(text: str) -> str:
    """A text, such as a file in a ConfigMap, without private keys and without what is assigned to secret names."""
    return _ASSIGNMENT.sub(_masked_assignment, _PRIVATE_KEY.sub(MASK, text))


def _disclosed(kind: str, fields: tuple[str, ...], value: Any) -> Any:
    if conceals(kind, fields) or len(fields) > _DEEPEST:
        return MASK
    if isinstance(value, str):
        return disclosed_text(value)
    if isinstance(value, Mapping):
        named = isinstance(value.get("name"), str) and named_secret(value["name"]) and "value" in value
        kept = {str(key): _disclosed(kind, (*fields, str(key)), item) for key, item in value.items()}
        return {**kept, "value": MASK} if named else kept
    if isinstance(value, (list, tuple)):
        return [_disclosed(kind, (*fields, str(number)), item) for number, item in enumerate(value)]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _masked_assignment(found: re.Match[str]) -> str:
    name, sign, _ = found.groups()
    return f"{name}{sign}{MASK}" if named_secret(name) else found[0]
