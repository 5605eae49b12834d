"""Which values are shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.redaction import MASK
from trunkline.domain.values.layering import Given, Traced
from trunkline.domain.values.masking import masked, secrets_in, shown

SECRET = "hunter2-hunter2"
ANY = st.recursive(
    st.one_of(st.just(SECRET), st.integers(), st.none(), st.booleans()),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
)


@pytest.mark.parametrize(
    ("keys", "value", "expected"),
    [
        ("replicas", 3, 3),
        ("image.tag", "abc", "abc"),
        ("keyboard", "qwerty", "qwerty"),
        ("monkey", "chimp", "chimp"),
        ("db.password", SECRET, MASK),
        ("dbPassword", SECRET, MASK),
        ("db-password", SECRET, MASK),
        ("DB_PASSWORD", SECRET, MASK),
        ("api.token", SECRET, MASK),
        ("apiKey", SECRET, MASK),
        ("tls.key", SECRET, MASK),
        ("tolerations", [{"key": "gpu"}], [{"key": "gpu"}]),
        ("tls.privateKey", SECRET, MASK),
        ("signing_key", SECRET, MASK),
        ("aws.credentials", SECRET, MASK),
        ("credentials.user", SECRET, MASK),
        ("secrets.smtp", SECRET, MASK),
        ("secrets.pin", 1234, MASK),
        ("token", ["one", "two"], [MASK, MASK]),
        ("token", {"a": ["one"]}, {"a": [MASK]}),
        ("auth.enabled", True, True),
        ("password", None, None),
        ("password", "", ""),
        ("env", [{"name": "A", "value": "b"}], [{"name": "A", "value": "b"}]),
        ("env", [{"name": "DB_PASSWORD", "value": SECRET}], [{"name": "DB_PASSWORD", "value": MASK}]),
        ("users", [{"name": "ada", "password": SECRET}], [{"name": "ada", "password": MASK}]),
        ("config", f"user=ada\npassword={SECRET}", f"user=ada\npassword={MASK}"),
        ("pem", "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----", MASK),
    ],
)
def test_what_is_named_like_a_secret_is_hidden(keys: str, value: Any, expected: Any) -> None:
    """A value is hidden where any key on its way speaks of a secret, and shown where none does."""
    assert masked(tuple(keys.split(".")), value) == expected


@given(ANY)
def test_nothing_of_an_encrypted_layer_is_shown(value: Any) -> None:
    """A value of a decrypted layer shows nothing, whatever it is and whatever overrode it."""
    for found in (
        Traced(("a",), value, "secrets.yaml", (Given("base.yaml", value),)),
        Traced(("a",), value, "prod.yaml", (Given("secrets.yaml", value),)),
    ):
        result = shown(found, frozenset({"secrets.yaml"}))
        for item in (result.value, *(below.value for below in result.overrode)):
            assert item in (MASK, None, {}, [])


@given(ANY)
def test_a_secret_name_hides_all_below(value: Any) -> None:
    """No text stands below a key that is named like a secret."""
    assert SECRET not in repr(masked(("password",), value))


def test_the_secrets_of_a_layer() -> None:
    """Texts and numbers, however deep, are what the API might repeat; true and false are not."""
    assert secrets_in({"a": ["x", {"b": 1234, "c": True, "d": None}], "e": 1.5}) == ("x", "1234", "1.5")
