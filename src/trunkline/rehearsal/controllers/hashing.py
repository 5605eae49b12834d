"""Short names for what a template says: equal templates have equal hashes, spelled in Kubernetes' safe letters."""

from __future__ import annotations

import json
from typing import Any

# `k8s.io/apimachinery/pkg/util/rand`: no vowels, nor digits and letters that are easily mistaken.
_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def template_hash(value: Any, collisions: int = 0) -> str:
    """A hash of a JSON value, as `pod-template-hash` spells it; collisions make another one of the same value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    if collisions:
        text += str(collisions)
    return safely_spelled(str(_fnv1a(text.encode())))


def safely_spelled(text: str) -> str:
    """Each character as one of the safe letters (`rand.SafeEncodeString`)."""
    return "".join(_LETTERS[ord(character) % len(_LETTERS)] for character in text)


def _fnv1a(data: bytes) -> int:
    """FNV-1a of 32 bits."""
    found = 0x811C9DC5
    for byte in data:
        found = ((found ^ byte) * 0x01000193) & 0xFFFFFFFF
    return found
