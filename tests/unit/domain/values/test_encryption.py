"""Knowing encrypted layers, and what was secret in them."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.values.encryption import is_encrypted, secrets_in

LAYER = "a: ENC[AES256_GCM,data:x]\nb: plain-and-long\nc:\n- ENC[1]\n- d: ENC[2]\nsops:\n  mac: ENC[3]\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (LAYER, True),
        ('{"a": "ENC[1]", "sops": {"mac": "ENC[2]"}}', True),
        ("a: ENC[1]\n", False),
        ("a: ENC[1]\nsops: yes\n", False),
        ("a: ENC[1]\nsops: {version: 3}\n", False),
        ("description: talks of sops and ENC[ in a text\n", False),
        ("", False),
        ("- sops: ENC[\n", False),
    ],
)
def test_what_is_encrypted(content: str, expected: bool) -> None:
    """A layer is encrypted where SOPS says so at its top, and not where somebody writes of it."""
    assert is_encrypted(content.encode()) is expected


def test_what_was_secret() -> None:
    """Only what was encrypted is a secret, and only what is long enough to be told from other words."""
    clear = "a: correct-horse\nb: plain-and-long\nc:\n- short\n- d: battery-staple\n"
    assert set(secrets_in(LAYER, clear)) == {"correct-horse", "battery-staple"}


@given(st.binary() | st.text().map(str.encode), st.text())
def test_anything(content: bytes, clear: str) -> None:
    """Whatever a layer holds, looking at it ends."""
    assert not is_encrypted(content) or b"sops" in content
    assert not is_encrypted(b"sops ENC[" + content)
    with contextlib.suppress(ValueError):
        secrets_in(content.decode("utf-8", "replace"), clear)


def test_brackets_without_end() -> None:
    """A layer that is nested without end is for Helm to refuse."""
    assert not is_encrypted(b"sops: ENC[" + b"[" * 100_000)
