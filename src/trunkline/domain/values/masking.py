"""Which values may be shown: none of an encrypted layer, and none whose keys are named like a secret.

A rule of names misses the key that nobody thought of; what the Redactor knows by value is hidden by it afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from trunkline.domain.disclosure import disclosed, named_secret
from trunkline.domain.redaction import MASK
from trunkline.domain.values.layering import Given, Keys, Traced


def shown(found: Traced, encrypted: frozenset[str]) -> Traced:
    """The value, and what it overrode, with masks in the place of secrets.

    Args:
        found: a value with its layer.
        encrypted: the names of layers that were decrypted.
    """
    # What one layer keeps secret is one in every layer: the older password may still be in use.
    secret = found.layer in encrypted or any(item.layer in encrypted for item in found.overrode)
    below = tuple(Given(item.layer, masked(found.keys, item.value, secret)) for item in found.overrode)
    return replace(found, value=masked(found.keys, found.value, secret), overrode=below)


def masked(keys: Keys, value: Any, secret: bool = False) -> Any:  # noqa: FBT001, FBT002 - it is what it is about
    """The value with masks in the place of what is secret in it.

    Args:
        keys: the way to it.
        value: as JSON has it.
        secret: whether all of it is.
    """
    if secret:
        return value if value is None or value in ({}, []) else MASK
    # In lists, `key` is a selector's or a toleration's.
    if any(named_secret(key) or key.lower() == "key" for key in keys):
        return _hidden(value)
    return _inside(value)


def _inside(value: Any) -> Any:
    """A value whose own keys are not secret; those of maps in lists may be."""
    if isinstance(value, Mapping):
        named = isinstance(value.get("name"), str) and named_secret(value["name"])
        return {
            key: _hidden(item) if named_secret(key) or (named and key == "value") else _inside(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_inside(item) for item in value]
    return disclosed("", (), value)


def _hidden(value: Any) -> Any:
    """A mask for texts and numbers; `auth.enabled: true` and an empty text tell nobody anything."""
    if isinstance(value, Mapping):
        return {key: _hidden(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_hidden(item) for item in value]
    return value if value is None or isinstance(value, bool) or value == "" else MASK


def secrets_in(values: Any) -> tuple[str, ...]:
    """All texts and numbers in the values of a decrypted layer, as Helm and the API would repeat them."""
    if isinstance(values, Mapping):
        return tuple(text for item in values.values() for text in secrets_in(item))
    if isinstance(values, list):
        return tuple(text for item in values for text in secrets_in(item))
    if isinstance(values, str):
        return (values,)
    return () if values is None or isinstance(values, bool) else (json.dumps(values),)
