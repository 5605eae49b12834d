"""Values that are wrong, as the API spells them, and the shapes that names must have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trunkline.expressions import expression
from trunkline.rehearsal.errors import FieldError

_LABEL = expression(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_1035 = expression(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = expression(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_QUALIFIED = expression(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DATA_KEY = expression(r"[-._a-zA-Z0-9]+")
_ENV_NAME = expression(r"[-._a-zA-Z][-._a-zA-Z0-9]*")
_PORT_NAME = expression(r"[-a-z0-9]+")
_LABEL_LENGTH, _SUBDOMAIN_LENGTH, _PORT_NAME_LENGTH = 63, 253, 15
_HIGHEST_PORT = 65535
_USED = "regex used for validation is"
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    f"alphanumeric character (e.g. 'my-name',  or '123-abc', {_USED} '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
_LABEL_1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
    f"end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', {_USED} '[a-z]([-a-z0-9]*[a-z0-9])?')"
)
_QUALIFIED_WORDS = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', {_USED} '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
_KEY_WORDS = (
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    f"character (e.g. 'MyName',  or 'my.name',  or '123-abc', {_USED} '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an "
    "optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
)
_PREFIX_WORDS = (
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    f"start and end with an alphanumeric character (e.g. 'example.com', {_USED} "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_DATA_KEY_WORDS = (
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or "
    f"'key-name', {_USED} '[-._a-zA-Z0-9]+')"
)
_ENV_NAME_WORDS = (
    "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', or '.', and must not start "
    f"with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or 'MyEnvName1', {_USED} '[-._a-zA-Z][-._a-zA-Z0-9]*')"
)


def invalid(path: str, value: Any, message: str) -> FieldError:
    """A value that is wrong."""
    shown = f'"{value}"' if isinstance(value, str) else _plain(value)
    return FieldError(path, "FieldValueInvalid", f"Invalid value: {shown}: {message}")


def required(path: str, message: str = "") -> FieldError:
    """A value that is not there."""
    return FieldError(path, "FieldValueRequired", f"Required value{f': {message}' if message else ''}")


def duplicate(path: str, value: Any) -> FieldError:
    """A value that may be there once."""
    shown = f'"{value}"' if isinstance(value, str) else _plain(value)
    return FieldError(path, "FieldValueDuplicate", f"Duplicate value: {shown}")


def unsupported(path: str, value: Any, *supported: str) -> FieldError:
    """A word that is none of those that there are."""
    known = ", ".join(f'"{word}"' for word in sorted(supported))
    return FieldError(
        path, "FieldValueNotSupported", f'Unsupported value: "{value}": supported values: {known}'
    )


def forbidden(path: str, message: str) -> FieldError:
    """A value that may not be there, or not be changed."""
    return FieldError(path, "FieldValueForbidden", f"Forbidden: {message}")


def not_found(path: str, value: Any) -> FieldError:
    """A name of nothing."""
    return FieldError(path, "FieldValueNotFound", f'Not found: "{value}"')


def label_problems(path: str, text: str) -> Iterator[FieldError]:
    """An RFC 1123 label, such as a container's name."""
    if len(text) > _LABEL_LENGTH:
        yield invalid(path, text, f"must be no more than {_LABEL_LENGTH} characters")
    if not _LABEL.fullmatch(text):
        yield invalid(path, text, _LABEL_WORDS)


def service_name_problems(path: str, text: str) -> Iterator[FieldError]:
    """An RFC 1035 label."""
    if len(text) > _LABEL_LENGTH:
        yield invalid(path, text, f"must be no more than {_LABEL_LENGTH} characters")
    if not _LABEL_1035.fullmatch(text):
        yield invalid(path, text, _LABEL_1035_WORDS)


def key_problems(path: str, key: str) -> Iterator[FieldError]:
    """A label's or an annotation's key."""
    prefix, slash, name = key.rpartition("/")
    if "/" in prefix:
        yield invalid(path, key, _KEY_WORDS)
        return
    if slash and not prefix:
        yield invalid(path, key, "prefix part must be non-empty")
    elif slash and not _SUBDOMAIN.fullmatch(prefix):
        yield invalid(path, key, _PREFIX_WORDS)
    if not name:
        yield invalid(path, key, "name part must be non-empty")
    elif len(name) > _LABEL_LENGTH:
        yield invalid(path, key, f"name part must be no more than {_LABEL_LENGTH} characters")
    if not _QUALIFIED.fullmatch(name):
        yield invalid(path, key, _QUALIFIED_WORDS)


def data_key_problems(path: str, key: str) -> Iterator[FieldError]:
    """A key of a ConfigMap or a Secret."""
    if len(key) > _SUBDOMAIN_LENGTH:
        yield invalid(path, key, f"must be no more than {_SUBDOMAIN_LENGTH} characters")
    if not _DATA_KEY.fullmatch(key):
        yield invalid(path, key, _DATA_KEY_WORDS)
    elif key in {".", ".."}:
        yield invalid(path, key, f"must not be '{key}'")


def env_name_problems(path: str, name: str) -> Iterator[FieldError]:
    """A name of an environment variable."""
    if not name:
        yield required(path)
    elif not _ENV_NAME.fullmatch(name):
        yield invalid(path, name, _ENV_NAME_WORDS)


def port_problems(path: str, value: Any) -> Iterator[FieldError]:
    """A port's number."""
    if isinstance(value, int) and not isinstance(value, bool) and not 1 <= value <= _HIGHEST_PORT:
        yield invalid(path, value, "must be between 1 and 65535, inclusive")


def port_name_problems(path: str, name: str) -> Iterator[FieldError]:
    """A port's name (RFC 6335)."""
    if len(name) > _PORT_NAME_LENGTH:
        yield invalid(path, name, f"must be no more than {_PORT_NAME_LENGTH} characters")
    if not _PORT_NAME.fullmatch(name):
        yield invalid(path, name, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if "--" in name:
        yield invalid(path, name, "must not contain consecutive hyphens")
    if not any(character.isalpha() for character in name):
        yield invalid(path, name, "must contain at least one letter (a-z)")
    if name[:1] == "-" or name[-1:] == "-":
        yield invalid(path, name, "must not begin or end with a hyphen")


def at_least(path: str, value: Any, least: int = 0) -> Iterator[FieldError]:
    """A whole number that may not be less."""
    if isinstance(value, int) and not isinstance(value, bool) and value < least:
        word = "0" if least == 0 else str(least)
        yield invalid(path, value, f"must be greater than or equal to {word}")


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
