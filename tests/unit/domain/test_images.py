"""Image references: what is read is what was written, and what is no reference is refused with a sentence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.images import ImageReference, is_digest, parse_image

DIGEST = "sha256:" + "0f" * 32

_component = st.from_regex(r"[a-z0-9]{1,8}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,8}){0,2}", fullmatch=True)
_registry = st.one_of(
    st.just("localhost"),
    st.from_regex(r"[a-z0-9]{1,8}\.[a-z0-9]{1,8}(?::[0-9]{1,5})?", fullmatch=True),
    st.sampled_from(["localhost:5000", "[::1]:5000", "127.0.0.1:5000", "Registry.Example"]),
)
_tag = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
_digest = st.from_regex(r"sha256:[0-9a-f]{64}", fullmatch=True)
references = st.builds(
    ImageReference,
    registry=_registry,
    path=st.lists(_component, min_size=1, max_size=4).map("/".join),
    tag=st.none() | _tag,
    digest=st.none() | _digest,
)


@given(references)
def test_a_reference_survives_being_written(reference: ImageReference) -> None:
    """Reading the text of any reference gives that reference again."""
    assert parse_image(str(reference)) == reference


@given(st.text(max_size=60) | st.text(alphabet="ab/:@.-_[]0", max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever the text, it is a reference that can be written and read again, or one sentence about it."""
    complaint = ""
    try:
        reference = parse_image(text)
    except ValueError as error:
        complaint = str(error)
    else:
        assert parse_image(str(reference)) == reference
    assert not complaint or repr(text) in complaint


@pytest.mark.parametrize(
    ("text", "registry", "path", "tag", "digest"),
    [
        ("quay.io/org/app:1.2", "quay.io", "org/app", "1.2", None),
        (f"quay.io/org/app@{DIGEST}", "quay.io", "org/app", None, DIGEST),
        (f"quay.io/org/app:1.2@{DIGEST}", "quay.io", "org/app", "1.2", DIGEST),
        ("localhost:5000/app", "localhost:5000", "app", None, None),
        ("localhost/app", "localhost", "app", None, None),
        ("[::1]:5000/app:x", "[::1]:5000", "app", "x", None),
        ("org/app", "docker.io", "org/app", None, None),
        ("python:3.12-slim", "docker.io", "python", "3.12-slim", None),
    ],
)
def test_parts(text: str, registry: str, path: str, tag: str | None, digest: str | None) -> None:
    """The registry is a first component that looks like an address; tag and digest are optional."""
    assert parse_image(text) == ImageReference(registry, path, tag, digest)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "the name of image"),
        ("quay.io/", "the name of image"),
        ("quay.io/Org/app", "the name of image"),
        ("quay.io//app", "the name of image"),
        ("quay.io/app:", "the tag of image"),
        ("quay.io/app:" + "t" * 129, "the tag of image"),
        ("quay.io/app:a b", "the tag of image"),
        ("quay.io/app@sha256:abc", "the digest of image"),
        ("quay.io/app@" + DIGEST.upper(), "the digest of image"),
        ("-quay.io/app", "the registry of image"),
        ("https://quay.io/app", "image 'https://quay.io/app'"),
        ("quay.io/app\n", "the name of image"),
    ],
)
def test_what_is_no_reference(text: str, complaint: str) -> None:
    """A text that registries would not take is refused with a sentence that names the part."""
    with pytest.raises(ValueError, match=complaint):
        parse_image(text)


def test_pinning_and_tagging() -> None:
    """Another tag drops the digest, which belonged to the old one; a digest keeps the tag for people."""
    image = parse_image("quay.io/org/app:1")
    assert str(image.with_digest(DIGEST)) == f"quay.io/org/app:1@{DIGEST}"
    assert str(image.with_digest(DIGEST).with_tag("2")) == "quay.io/org/app:2"
    assert (image.repository, image.name) == ("quay.io/org/app", "app")


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("localhost:5000/app", True),
        ("127.0.0.1:5000/app", True),
        ("127.1.2.3/app", True),
        ("[::1]:5000/app", True),
        ("127.example.com/app", False),
        ("localhost.example.com/app", False),
        ("quay.io/app", False),
    ],
)
def test_loopback(text: str, loopback: bool) -> None:
    """Only a registry on this very machine is spoken to without TLS."""
    assert parse_image(text).on_loopback is loopback


def test_digests_have_one_spelling() -> None:
    """A digest is sha256 and 64 lower-case digits, nothing around them."""
    assert is_digest(DIGEST)
    assert not any(
        map(is_digest, ("", DIGEST[:-1], DIGEST + "0", DIGEST.upper(), DIGEST + "\n", "sha512:00"))
    )
