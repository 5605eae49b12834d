"""Whatever files, programs and servers say in place of keys: a sentence or keys, never a traceback."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.adapters.storage.aws.support import Aws, write_profiles
from trunkline.adapters.storage.aws import Keys
from trunkline.adapters.storage.aws.keys import json_object, keys_in, moment
from trunkline.errors import TrunklineError
from trunkline.ports import Response

_KEYS = (
    *("role_arn", "source_profile", "credential_source", "mfa_serial", "duration_seconds", "external_id"),
    *("sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name", "credential_process"),
    *("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "web_identity_token_file"),
    *("region", "endpoint_url", "login_session", "ca_bundle"),
)
_NAMES = st.sampled_from(["default", "a", "b", "x y"])
_WORDS = st.one_of(
    _NAMES,
    st.sampled_from(["Environment", "EcsContainer", "7", "arn:r", "http://[", "'"]),
    st.text(max_size=8),
)
_PROFILE = st.dictionaries(st.sampled_from(_KEYS), _WORDS, max_size=6)
_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_FIELDS = st.sampled_from(["AccessKeyId", "SecretAccessKey", "Token", "SessionToken", "Expiration"])


def _file(profiles: dict[str, dict[str, str]], word: str) -> str:
    return "".join(
        f"[{word}{name}]\n" + "".join(f"{key} = {value}\n" for key, value in profile.items())
        for name, profile in profiles.items()
    )


def outcome(aws: Aws) -> str:
    """The key's identifier, or what the error says."""
    try:
        return aws.keys().identifier
    except TrunklineError as error:
        return f"{error.message} {error.hint}"


@given(
    config=st.dictionaries(_NAMES, _PROFILE, max_size=3),
    credentials=st.dictionaries(_NAMES, _PROFILE, max_size=2),
    chosen=st.one_of(st.just(""), _NAMES),
    answer=st.one_of(st.binary(max_size=50), st.just(b"<Code>AccessDenied</Code>")),
)
def test_any_profiles_end_in_keys_or_a_sentence(
    config: dict[str, dict[str, str]], credentials: dict[str, dict[str, str]], chosen: str, answer: bytes
) -> None:
    """Profiles of any keys in any combination give keys or an error with a message."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_profiles(home, _file(credentials, ""), _file(config, "profile "))
        aws = Aws(home, {"AWS_PROFILE": chosen})
        aws.answers(Response(200, {}, answer))
        assert outcome(aws)


@given(st.text(max_size=200))
def test_any_file_is_read_or_refused(text: str) -> None:
    """A credentials file of any text gives keys or an error that repeats no line of it."""
    with tempfile.TemporaryDirectory() as folder:
        write_profiles(Path(folder), f"a-secret-line {text}")
        assert "a-secret-line" not in outcome(Aws(Path(folder)))


@given(st.one_of(_JSON, st.dictionaries(_FIELDS, st.one_of(_JSON, st.just("2026-03-01T12:00:00Z")))))
def test_any_json_is_keys_or_nothing(value: Any) -> None:
    """What looks like keys is whole: an identifier, a secret, a text as token, a time as end."""
    keys = keys_in(value if isinstance(value, dict) else {})
    if keys is not None:
        assert keys == Keys(keys.identifier, keys.secret, keys.token, keys.ends)
        assert isinstance(keys.identifier, str)
        assert keys.identifier
        assert isinstance(keys.secret, str)
        assert keys.secret
        assert keys.ends is None or keys.ends.tzinfo is not None


@given(st.binary())
def test_any_bytes_are_an_object_or_an_empty_one(body: bytes) -> None:
    """Bytes that are no JSON object are as good as an empty one."""
    assert isinstance(json_object(body), dict)


@given(st.one_of(st.text(), _JSON, st.datetimes().map(datetime.isoformat)))
def test_any_time_is_one_of_utc_or_none(value: Any) -> None:
    """A time bears a zone and can be compared; what is none is none."""
    found = moment(value)
    assert found is None or found.tzinfo is not None
    assert found is None or isinstance(found > datetime.now(UTC), bool)
