"""Which S3 credentials an environment gives, in AWS's order, without ever waiting for what is not there."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from tests.unit.adapters.storage.aws.support import Aws, write_profiles
from trunkline.adapters.storage.aws import Access, Keys, resolve
from trunkline.domain.redaction import Redactor
from trunkline.errors import ExitCode, Refused, UsageError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "secret-1"}
OFF = {"AWS_EC2_METADATA_DISABLED": "true"}


def access(home: Path, environ: dict[str, str]) -> Access:
    return resolve(environ, home, Redactor())


def keys(home: Path, environ: dict[str, str]) -> Keys:
    source = access(home, environ).source
    assert source is not None
    return source.keys()


def test_environment_keys_come_first(tmp_path: Path) -> None:
    """Keys in the environment win over profiles, with their session token, as with AWS's own tools."""
    write_profiles(tmp_path, "[ci]\naws_access_key_id = other\naws_secret_access_key = other\n")
    found = keys(tmp_path, {**KEYS, "AWS_SESSION_TOKEN": "token-1", "AWS_PROFILE": "ci"})
    assert found == Keys("AKIA1", "secret-1", "token-1")


@pytest.mark.parametrize("missing", sorted(KEYS))
def test_half_a_key_is_a_mistake(tmp_path: Path, missing: str) -> None:
    """One of the two key variables alone is an error that names the other one."""
    with pytest.raises(UsageError, match=f"{missing} is not"):
        access(tmp_path, {name: value for name, value in KEYS.items() if name != missing})


def test_a_named_profile_is_read(tmp_path: Path) -> None:
    """Keys come from `credentials`, the region from `config`, and the secret is hidden from then on."""
    write_profiles(
        tmp_path,
        "[default]\naws_access_key_id = no\naws_secret_access_key = no\n"
        "[ci]\naws_access_key_id=AKIA2\naws_secret_access_key = s3cr%et/2\naws_session_token=token-2\n",
        "[profile ci]\nregion = eu-central-1\n",
    )
    redactor = Redactor()
    found = resolve({"AWS_PROFILE": "ci"}, tmp_path, redactor)
    assert found.source is not None
    assert found.source.keys() == Keys("AKIA2", "s3cr%et/2", "token-2")
    assert found.options["region"] == "eu-central-1"
    assert "s3cr%et/2" not in redactor.text("s3cr%et/2")
    assert "token-2" not in redactor.text("token-2")


def test_the_default_profile_needs_no_name(tmp_path: Path) -> None:
    """Without AWS_PROFILE the default profile is used."""
    write_profiles(tmp_path, "[default]\naws_access_key_id = AKIA3\naws_secret_access_key = secret-3\n")
    assert keys(tmp_path, {}) == Keys("AKIA3", "secret-3")


def test_an_empty_name_is_none(tmp_path: Path) -> None:
    """AWS_PROFILE without a value, which a CI leaves behind, means the default profile."""
    write_profiles(tmp_path, "[default]\naws_access_key_id = AKIA3\naws_secret_access_key = secret-3\n")
    assert keys(tmp_path, {"AWS_PROFILE": ""}).identifier == "AKIA3"


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    """A profile that is not there is an error that lists those that are."""
    write_profiles(tmp_path, "[b]\n[a]\n")
    with pytest.raises(UsageError, match="no AWS profile 'ci'") as caught:
        access(tmp_path, {"AWS_PROFILE": "ci"})
    assert caught.value.hint == "Known profiles: a, b."


def test_a_broken_file_is_named_without_its_lines(tmp_path: Path) -> None:
    """A credentials file that cannot be read is named; the line that is wrong may be a secret."""
    write_profiles(tmp_path, "my-secret-line\n")
    with pytest.raises(UsageError, match="credentials cannot be read") as caught:
        access(tmp_path, {})
    assert "my-secret-line" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"


def test_public_buckets_need_no_keys(tmp_path: Path) -> None:
    """AWS_SKIP_SIGNATURE asks without credentials."""
    assert access(tmp_path, {"AWS_SKIP_SIGNATURE": "true", **KEYS}).source is None


def test_no_credentials_is_said_at_once(tmp_path: Path) -> None:
    """With the instance metadata disabled nothing is asked: the error comes at once and says what to set."""
    begin = time.perf_counter()
    with pytest.raises(Refused, match="no AWS credentials") as caught:
        access(tmp_path, OFF)
    assert time.perf_counter() - begin < 0.5
    assert "AWS_ACCESS_KEY_ID" in caught.value.hint


def test_a_metadata_address_that_nobody_serves_is_not_waited_for(tmp_path: Path) -> None:
    """On a machine that is no instance, the metadata address costs a moment and not a timeout."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Refused, match="no AWS credentials"):
        access(tmp_path, {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{port}"})


@pytest.mark.parametrize(
    ("endpoint", "plain"),
    [("http://127.0.0.1:9000", True), ("http://localhost:9000/", True), ("https://minio.example", False)],
)
def test_plain_http_is_for_loopback(tmp_path: Path, endpoint: str, plain: bool) -> None:
    """An endpoint on this machine may be spoken to without TLS."""
    found = access(tmp_path, {**KEYS, "AWS_ENDPOINT_URL": endpoint})
    assert found.plain_http is plain
    assert found.options["endpoint"] == endpoint.rstrip("/")


def test_plain_http_elsewhere_needs_a_word(tmp_path: Path) -> None:
    """Values would cross a network in clear text: that is refused unless somebody allowed it."""
    environ = {**KEYS, "AWS_ENDPOINT_URL_S3": "http://minio.example:9000", "AWS_ENDPOINT_URL": "https://x"}
    with pytest.raises(UsageError, match="clear text") as caught:
        access(tmp_path, environ)
    assert "AWS_ALLOW_HTTP=true" in caught.value.hint
    assert access(tmp_path, {**environ, "AWS_ALLOW_HTTP": "true"}).plain_http


@pytest.mark.parametrize("endpoint", ["minio:9000", "ftp://minio", "http://"])
def test_an_endpoint_that_is_no_url_is_a_mistake(tmp_path: Path, endpoint: str) -> None:
    """An endpoint without scheme or host is an error that names the variable."""
    with pytest.raises(UsageError, match="no http or https URL"):
        access(tmp_path, {**KEYS, "AWS_ENDPOINT_URL": endpoint})


def test_no_secret_is_shown() -> None:
    """The readable form of keys has no secret in it."""
    assert "secret-1" not in repr(Keys("AKIA1", "secret-1", "secret-1"))


def test_each_source_says_its_word(tmp_path: Path) -> None:
    """Without any credentials the one sentence lists every source in order, with what each said."""
    with pytest.raises(Refused) as caught:
        access(tmp_path, OFF)
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert caught.value.message == (
        "There are no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; "
        "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set; "
        "profile default: there is none in ~/.aws/config or ~/.aws/credentials; "
        "container: AWS_CONTAINER_CREDENTIALS_FULL_URI and _RELATIVE_URI are not set; "
        "instance: AWS_EC2_METADATA_DISABLED forbids to ask."
    )


def test_keys_that_have_ended_are_not_tried(tmp_path: Path) -> None:
    """Keys in the environment that say themselves that they have ended are refused with that time."""
    environ = {**KEYS, "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
    with pytest.raises(Refused, match=r"environment: the keys ended at 2020-01-01 00:00 UTC"):
        access(tmp_path, environ)


def test_certificates_of_a_bundle_are_trusted(tmp_path: Path) -> None:
    """AWS_CA_BUNDLE goes to S3's client and to every service that hands out keys."""
    bundle = tmp_path / "ca.pem"
    bundle.write_text("-----BEGIN CERTIFICATE-----\n")
    write_profiles(
        tmp_path, "", "[default]\nrole_arn = arn:r\ncredential_source = Environment\n[profile x]\n"
    )
    aws = Aws(
        tmp_path, {"AWS_CA_BUNDLE": str(bundle), "AWS_ROLE_ARN": "arn:r", "CIRCLE_OIDC_TOKEN_V2": "token"}
    )
    aws.answers(aws.sts())
    aws.environ["AWS_PROFILE"] = "x"
    assert aws.access().ca == bundle.read_text()
    aws.keys()
    assert [tls.ca for tls in aws.http.settings] == [bundle.read_text()]


@pytest.mark.parametrize("content", [None, b"\xff", b"no certificate"])
def test_a_bundle_that_is_none_is_a_mistake(tmp_path: Path, content: bytes | None) -> None:
    """A bundle that is missing or holds no certificate is exit code 2 and names the file."""
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(UsageError, match=r"ca\.pem"):
        access(tmp_path, {**KEYS, "AWS_CA_BUNDLE": str(bundle)})
