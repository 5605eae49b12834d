"""Secrets are hidden by their values, in every spelling, wherever they overlap."""

from __future__ import annotations

import base64
import json
import re
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.redaction import MASK, Redactor, is_secret_name

SPELLINGS: dict[str, Callable[[str], str]] = {
    "bare": lambda secret: secret,
    "percent": lambda secret: quote(secret, safe=""),
    "path": quote,
    "form": quote_plus,
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "base64, unpadded": lambda secret: base64.b64encode(secret.encode()).decode().rstrip("="),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json, not ascii": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
    "python": lambda secret: repr(secret)[1:-1],
    "shell": lambda secret: shlex.quote(f"{secret} ")[1:-2],
}
# The mask itself is made of stars, so a secret with stars in it could seem to survive in it.
_character = st.characters(exclude_characters="*", exclude_categories=["Cs"])
_secret = st.text(_character, min_size=4, max_size=24).filter(
    lambda text: len(text.strip()) >= 4 and not re.fullmatch(r"(?i)\s*[a-z]{4,8}\s*", text)
)
_twisted = st.text(alphabet="ab'\"\\ %+/=&\n", min_size=4, max_size=8).filter(
    lambda text: len(text.strip()) >= 4
)


@given(
    st.lists(_secret | _twisted, min_size=1, max_size=4),
    st.lists(
        st.tuples(st.text(_character, max_size=5), st.integers(0, 3), st.sampled_from(sorted(SPELLINGS)))
    ),
)
def test_no_secret_survives(secrets: list[str], pieces: list[tuple[str, int, str]]) -> None:
    """However secrets are spelled and strung together, none of them is left in any spelling."""
    said = "".join(words + SPELLINGS[how](secrets[which % len(secrets)]) for words, which, how in pieces)
    shown = Redactor(secrets).text(said)
    for secret in secrets:
        for spell in SPELLINGS.values():
            assert spell(secret) not in shown


@given(
    st.text(st.sampled_from("abc"), min_size=4, max_size=7),
    st.text(st.sampled_from("abc"), min_size=4, max_size=7),
)
def test_overlapping_secrets_leave_no_tail(first: str, second: str) -> None:
    """Where the end of one secret is the beginning of another, nothing of either is left."""
    shared = next(n for n in range(min(len(first), len(second)), -1, -1) if first.endswith(second[:n]))
    assert set(Redactor([first, second]).text(first + second[shared:])) <= {"*"}


def test_a_secret_inside_of_another_leaves_no_frame() -> None:
    """A secret that contains another one is hidden as a whole."""
    assert (
        Redactor(["token", "my-token-is-long"]).text("x my-token-is-long y token z") == f"x {MASK} y {MASK} z"
    )


def test_a_private_key_is_hidden_line_by_line() -> None:
    """Output comes in lines, so every line of a secret with several lines is hidden by itself."""
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n  kqhkiG9w0BAQEF\n-----END KEY-----\n"
    redactor = Redactor([key])
    for line in key.splitlines():
        assert redactor.text(f"> {line} <").replace(" ", "") == f">{MASK}<"


def test_a_secret_from_a_file_is_known_without_its_newline() -> None:
    """A trailing line break in the variable does not keep the value itself from being hidden."""
    assert Redactor(["hunter22\n"]).text("login hunter22 failed") == f"login {MASK} failed"


def test_the_login_is_hidden_as_a_pair() -> None:
    """HTTP Basic and Docker's files carry name and password as one base64, which is hidden as well."""
    redactor = Redactor()
    redactor.learn_login("robot", "pa55word")
    pair = base64.b64encode(b"robot:pa55word").decode()
    assert redactor.text(f"Authorization: Basic {pair}") == f"Authorization: Basic {MASK}"
    assert "pa55word" not in redactor.text("-p pa55word")


def test_no_login_hides_nothing() -> None:
    """Without a password there is nothing to hide: a colon in base64 is no secret."""
    redactor = Redactor()
    redactor.learn_login("", "")
    assert redactor.text("Og== and ro") == "Og== and ro"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("https://user:pass@host/x", f"https://{MASK}@host/x"),
        ("git clone https://token@host/x.git", f"git clone https://{MASK}@host/x.git"),
        ("https://user:p@ss@host/x", f"https://{MASK}@host/x"),
        ("https://host/path@2", "https://host/path@2"),
        ("a https://host/ b@c", "a https://host/ b@c"),
        ("mail me@example.com", "mail me@example.com"),
        ("s3://key:secret@bucket/p, s3://bucket/q", f"s3://{MASK}@bucket/p, s3://bucket/q"),
    ],
)
def test_the_user_part_of_a_url_is_hidden(said: str, shown: str) -> None:
    """Credentials in a URL are hidden even where nobody knew their value."""
    assert Redactor().text(said) == shown


def test_long_words_cost_no_time() -> None:
    """A long word beside a URL is read once, not once for each of its letters."""
    said = "a" * 300_000 + " https://host/"
    assert Redactor(["secret"]).text(said) == said


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(_json)
def test_values_keep_their_shape(value: object) -> None:
    """What holds no secret comes out as it went in."""
    assert Redactor(["5ecret5ecret"]).value(value) == value


def test_values_are_hidden_at_any_depth() -> None:
    """Keys and strings in lists and mappings are masked; numbers, booleans and null stay what they are."""
    value = {"a": ["x s3cr3t", {"s3cr3t": 1, "b": None}], "c": (True, "s3cr3t")}
    assert Redactor(["s3cr3t"]).value(value) == {"a": [f"x {MASK}", {MASK: 1, "b": None}], "c": [True, MASK]}


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("QUAY_PASSWORD", True),
        ("DD_API_KEY", True),
        ("DD_APP_KEY", True),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_SESSION_TOKEN", True),
        ("GITHUB_TOKEN", True),
        ("token", True),
        ("npm_config_auth", True),
        ("TLS_PRIVATE_KEY", True),
        ("REGISTRY_CREDENTIALS", True),
        ("PATH", False),
        ("KEYBOARD", False),
        ("AUTHOR", False),
        ("TOKENIZER", False),
        ("CIRCLE_SHA1", False),
        ("DD_ENABLED", False),
    ],
)
def test_names_of_secrets(name: str, secret: bool) -> None:
    """A variable's name tells a secret by whole words."""
    assert is_secret_name(name) is secret


def test_the_environment_is_learned() -> None:
    """The values of secret variables are known from the start; short ones and mere switches stay readable."""
    redactor = Redactor.from_environment(
        {
            "API_TOKEN": "abcdefgh",
            "HOME": "/home/ada",
            "PIN_SECRET": "123",
            "DISABLE_AUTH": "true",
            "X_KEY": "",
        }
    )
    assert redactor.text("abcdefgh /home/ada 123 true") == f"{MASK} /home/ada 123 true"


def test_bytes_that_are_no_text_are_hidden_too() -> None:
    """An environment variable that is no UTF-8 neither breaks the redactor nor escapes it."""
    secret = b"\xff\xfe\xfd\xfc!".decode("utf-8", "surrogateescape")
    redactor = Redactor.from_environment({"RAW_SECRET": secret})
    assert redactor.text(f"a {secret} b") == f"a {MASK} b"
    assert redactor.text(base64.b64encode(b"\xff\xfe\xfd\xfc!").decode()) == MASK


_documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(_character, max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(_character, max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(_secret | _twisted, st.sampled_from(sorted(SPELLINGS)), _documents, st.booleans())
def test_a_document_hides_what_its_texts_would(secret: str, how: str, document: object, in_key: bool) -> None:
    """The quick look at the whole finds every secret that a look at each part finds."""
    redactor = Redactor([secret])
    said = f"<{SPELLINGS[how](secret)}>"
    whole = {"deep": [document, {said: 1} if in_key else {"key": ("a", said)}]}
    shown = redactor.value(whole)["deep"][1]
    assert shown == ({redactor.text(said): 1} if in_key else {"key": ["a", redactor.text(said)]})


def test_a_document_without_secrets_is_the_same_one() -> None:
    """Nothing is copied in vain."""
    document = {"a": ["b", {"c": "https://example.com/"}]}
    assert Redactor(["hush-hush"]).value(document) is document
