"""Signature Version 4: the same bytes as botocore's signer, and AWS's published key."""

from __future__ import annotations

import datetime as dt
from urllib.parse import urlencode

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from trunkline.adapters.storage.aws.keys import Keys
from trunkline.adapters.storage.aws.signing import signed_headers, signing_key

_WORD = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=40)
_SECRET = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=60)


def oracle(url: str, body: bytes, keys: Keys, region: str, service: str, at: dt.datetime) -> str:
    """The authorization that botocore makes for the same request at the same moment."""
    request = AWSRequest(
        "POST", url, {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}, body
    )
    signer = SigV4Auth(Credentials(keys.identifier, keys.secret, keys.token or None), service, region)
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    request.context["timestamp"] = moment
    request.headers["X-Amz-Date"] = moment
    if keys.token:
        request.headers["X-Amz-Security-Token"] = keys.token
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    names = signer.signed_headers(signer.headers_to_sign(request))
    return (
        f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={names}, Signature={signature}"
    )


@given(
    secret=_SECRET,
    token=st.one_of(st.just(""), _SECRET),
    form=st.dictionaries(_WORD, st.text(max_size=40), max_size=5),
    at=st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2100, 1, 1)),  # noqa: DTZ001 - both are UTC
    url=st.sampled_from(
        [
            "https://sts.eu-west-1.amazonaws.com/",
            "http://127.0.0.1:8333",
            "https://proxy.example:8443/aws/sts",
        ]
    ),
)
def test_botocore_signs_alike(
    secret: str, token: str, form: dict[str, str], at: dt.datetime, url: str
) -> None:
    """Any form, secret, token and moment is signed as botocore signs it."""
    keys, body = Keys("AKIDEXAMPLE", secret, token), urlencode(form).encode()
    ours = signed_headers(url, body, keys, "eu-west-1", "sts", at)
    assert ours["authorization"] == oracle(url, body, keys, "eu-west-1", "sts", at)
    assert ours.get("x-amz-security-token", "") == token


@pytest.mark.parametrize(
    ("secret", "day", "region", "service", "expected"),
    [
        (
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "20120215",
            "us-east-1",
            "iam",
            "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d",
        ),
        (
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "20150830",
            "us-east-1",
            "iam",
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
        ),
    ],
)
def test_published_keys(secret: str, day: str, region: str, service: str, expected: str) -> None:
    """The signing keys that AWS's documentation derives from its example secret come out."""
    assert signing_key(secret, day, region, service).hex() == expected
