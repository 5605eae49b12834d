"""What S3 refuses names the source of the keys and the key, never its secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

from tests.unit.adapters.storage.aws.support import write_profiles
from trunkline.adapters.storage import FileStorage
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, Refused

IDENTIFIER = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


def refused(server: HTTPServer, home: Path, code: str, identifier: str) -> Refused:
    """How a file that S3 refuses with this code is told, with the keys of the profile `ci`."""
    write_profiles(home, f"[ci]\naws_access_key_id={identifier}\naws_secret_access_key={SECRET}\n")
    text = f"<Error><Code>{code}</Code><Message>{SECRET}</Message></Error>"
    server.expect_request("/acme/values/base.yaml").respond_with_data(text, status=403)
    environ = {"AWS_PROFILE": "ci", "AWS_ENDPOINT_URL_S3": server.url_for("")}
    with pytest.raises(Refused) as caught:
        FileStorage(environ, Redactor(), home).fetch("s3://acme/values", "base.yaml", home / "out")
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert SECRET not in f"{caught.value.message} {caught.value.hint} {caught.value.__cause__}"
    return caught.value


@pytest.mark.parametrize(
    "code", ["InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"]
)
def test_wrong_keys_are_named(httpserver: HTTPServer, tmp_path: Path, code: str) -> None:
    """Keys that are wrong or have ended are told with the profile that they are from."""
    error = refused(httpserver, tmp_path, code, IDENTIFIER)
    assert (
        error.message
        == f"s3://acme/values/base.yaml refuses the AWS keys of the profile ci ({IDENTIFIER}) ({code})."
    )
    assert "wrong, have ended, or are of another account" in error.hint


def test_a_missing_right_is_named(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A right that is missing is told with the profile that does not have it."""
    error = refused(httpserver, tmp_path, "AccessDenied", IDENTIFIER)
    assert (
        f"may not be read with the AWS keys of the profile ci ({IDENTIFIER}) (AccessDenied)" in error.message
    )


def test_what_is_no_identifier_is_not_shown(httpserver: HTTPServer, tmp_path: Path) -> None:
    """Who has swapped the two halves of a key does not see the secret in the message."""
    assert "refuses the AWS keys of the profile ci (Inv" in (
        refused(httpserver, tmp_path, "InvalidAccessKeyId", SECRET).message
    )
