"""Values layers that SOPS encrypted: how they are known, and which of their values were secret.

The format is SOPS's (getsops.io/docs): the values `ENC[...]` and, beside them at the top, a mapping `sops` with the keys'
addresses and a message authentication code.
"""

from __future__ import annotations

from typing import Any

from trunkline.domain.charts.trees import read_yaml

_ENCRYPTED = "ENC["
# Shorter ones are in every text, and to mask them would hide no secret but much else.
_SHORTEST = 6


def is_encrypted(content: bytes) -> bool:
    """Whether a layer has to be decrypted before Helm can read it."""
    if b"sops" not in content or _ENCRYPTED.encode() not in content:
        return False
    try:
        tree = read_yaml(content.decode())
    except ValueError:
        # What is no YAML is for Helm to refuse, in its own words.
        return False
    about = tree.get("sops") if isinstance(tree, dict) else None
    return isinstance(about, dict) and "mac" in about


def secrets_in(encrypted: str, clear: str) -> tuple[str, ...]:
    """The texts that were encrypted, as far as they are long enough to be told from other words.

    Raises:
        ValueError: one of the two is no YAML.
    """
    found: list[str] = []
    open_ones: list[tuple[Any, Any]] = [(read_yaml(encrypted), read_yaml(clear))]
    while open_ones:
        there, here = open_ones.pop()
        if isinstance(there, dict) and isinstance(here, dict):
            open_ones += [(there[key], value) for key, value in here.items() if key in there]
        elif isinstance(there, list) and isinstance(here, list):
            open_ones += zip(there, here, strict=False)
        elif isinstance(there, str) and there.startswith(_ENCRYPTED) and isinstance(here, str):
            found.append(here)
    return tuple(text for text in found if len(text) >= _SHORTEST)
