"""Roles that STS lends: what is asked, where, and what a refusal says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.adapters.storage.aws.support import SESSION_KEYS, Aws, write_profiles
from trunkline.errors import ExitCode, Refused, Unreachable, UsageError
from trunkline.ports import Response

ARN = "arn:aws:iam::1:role/deploy"
BASE = "[base]\naws_access_key_id=AKIA2\naws_secret_access_key=secret-2\n"
OIDC = {"AWS_ROLE_ARN": ARN, "CIRCLE_OIDC_TOKEN_V2": "oidc-token-1", "AWS_REGION": "eu-west-1"}


def role(home: Path, more: str = "", **environ: str) -> Aws:
    """A profile `ci` that takes a role with the keys of `base`."""
    config = f"[profile ci]\nrole_arn={ARN}\nsource_profile=base\nregion=eu-west-1\n{more}"
    write_profiles(home, BASE, config)
    aws = Aws(home, {"AWS_PROFILE": "ci", **environ})
    aws.answers(aws.sts())
    return aws


def test_a_role_is_taken_with_the_keys_of_another_profile(tmp_path: Path) -> None:
    """STS in the profile's region is asked, signed by the other profile's keys, for the role with all its words."""
    aws = role(tmp_path, "external_id = word-1\nduration_seconds = 900\nrole_session_name = ci-7\n")
    keys = aws.keys()
    assert (keys.identifier, keys.secret, keys.token) == ("ASIA9", "secret-9", "token-9")
    assert aws.form() == {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "RoleArn": ARN,
        "RoleSessionName": "ci-7",
        "ExternalId": "word-1",
        "DurationSeconds": "900",
    }
    assert aws.request().url == "https://sts.eu-west-1.amazonaws.com/"
    signed = aws.request().headers["authorization"]
    assert "Credential=AKIA2/20260301/eu-west-1/sts/aws4_request" in signed
    assert "secret-9" not in aws.redactor.text("secret-9 token-9")


def test_a_chain_of_roles_is_followed(tmp_path: Path) -> None:
    """A role whose source is a role is taken with the first one's session keys."""
    aws = role(tmp_path)
    write_profiles(
        tmp_path,
        BASE,
        f"[profile ci]\nrole_arn={ARN}\nsource_profile=hop\n"
        "[profile hop]\nrole_arn=arn:aws:iam::2:role/hop\nsource_profile=base\n",
    )
    aws.answers(aws.sts("ASIAHOP"), aws.sts())
    assert aws.keys().identifier == "ASIA9"
    assert [aws.form(number)["RoleArn"] for number in (0, 1)] == ["arn:aws:iam::2:role/hop", ARN]
    assert "Credential=ASIAHOP/" in aws.request().headers["authorization"]
    assert aws.request().headers["x-amz-security-token"] == SESSION_KEYS.token


def test_a_circle_of_roles_is_named(tmp_path: Path) -> None:
    """Profiles that take their keys from one another are exit code 2, with the way round."""
    aws = role(tmp_path)
    write_profiles(
        tmp_path,
        "",
        f"[profile ci]\nrole_arn={ARN}\nsource_profile=b\n[profile b]\nrole_arn={ARN}\nsource_profile=ci\n",
    )
    with pytest.raises(UsageError, match="the profiles ci -> b -> ci take their keys from one another"):
        aws.access()


def test_a_code_cannot_be_asked_for(tmp_path: Path) -> None:
    """A profile with mfa_serial is refused with the command that asks for the code."""
    with pytest.raises(UsageError, match=r"asks for a code of arn:mfa \(mfa_serial\)") as caught:
        role(tmp_path, "mfa_serial = arn:mfa\n").access()
    assert "aws configure export-credentials --profile ci" in caught.value.hint


def test_a_refused_role_says_why(tmp_path: Path) -> None:
    """STS's refusal is exit code 7, with the sources before it, the role, and STS's own words."""
    aws = role(tmp_path)
    aws.answers(aws.sts_error("AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"))
    with pytest.raises(Refused) as caught:
        aws.keys()
    assert caught.value.message == (
        "There are no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; "
        f"the role of the profile ci: sts.eu-west-1.amazonaws.com refuses the role {ARN}: "
        "HTTP 403 AccessDenied, User: x is not authorized to perform: sts:AssumeRole."
    )
    assert "trust policy" in caught.value.hint
    assert len(aws.http.requests) == 1


def test_trouble_of_the_server_is_tried_again(tmp_path: Path) -> None:
    """What STS cannot help is asked three times in all, and then unreachable."""
    aws = role(tmp_path)
    aws.answers(Response(503, {}, b""), Unreachable("sts cannot be reached."), aws.sts())
    assert aws.keys().identifier == "ASIA9"
    aws.answers(Response(500, {}, b""))
    with pytest.raises(Unreachable, match=r"does not lend the role .* HTTP 500") as caught:
        aws.keys()
    assert not isinstance(caught.value, Refused)
    assert len(aws.http.requests) == 6


@pytest.mark.parametrize("body", [b"", b"<AccessKeyId>A</AccessKeyId>", b"{}", b"\xff" * 100])
def test_an_answer_without_keys_is_no_answer(tmp_path: Path, body: bytes) -> None:
    """A success that holds no keys (a proxy's page) is unreachable, in one sentence."""
    aws = role(tmp_path)
    aws.answers(Response(200, {}, body))
    with pytest.raises(Unreachable, match="answers something that holds no keys"):
        aws.keys()


def test_circleci_needs_no_file(tmp_path: Path) -> None:
    """CircleCI's token goes to STS as it is, unsigned, for the role that AWS_ROLE_ARN names."""
    aws = Aws(tmp_path, OIDC)
    aws.answers(aws.sts())
    assert aws.keys().identifier == "ASIA9"
    assert aws.form() == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ARN,
        "RoleSessionName": "trunkline",
        "WebIdentityToken": "oidc-token-1",
    }
    assert "authorization" not in aws.request().headers
    assert "oidc-token-1" not in aws.redactor.text("oidc-token-1")


def test_a_token_file_beats_circleci(tmp_path: Path) -> None:
    """A token file in the environment is what somebody wrote down; it is read each time that keys are wanted."""
    file = tmp_path / "token"
    file.write_text("file-token-1\n")
    aws = Aws(tmp_path, {**OIDC, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)})
    aws.answers(aws.sts())
    source = aws.source()
    source.keys()
    assert aws.form()["WebIdentityToken"] == "file-token-1"
    file.write_text("file-token-2")
    aws.clock.advance(3600)
    source.keys()
    assert aws.form()["WebIdentityToken"] == "file-token-2"


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot be read: No such file"), (b"", "is empty"), (b"\xff", "is no text")]
)
def test_a_token_file_that_is_none(tmp_path: Path, content: bytes | None, words: str) -> None:
    """A token file that is missing, empty or no text is exit code 2, with its path."""
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    aws = Aws(tmp_path, {"AWS_ROLE_ARN": ARN, "AWS_WEB_IDENTITY_TOKEN_FILE": str(file)})
    with pytest.raises(UsageError, match=words) as caught:
        aws.keys()
    assert str(file) in caught.value.message


def test_a_token_without_a_role_is_told(tmp_path: Path) -> None:
    """CircleCI's token alone gives no keys; the sentence says that the role's name is missing."""
    with pytest.raises(Refused, match="CIRCLE_OIDC_TOKEN_V2 is there, but AWS_ROLE_ARN is not set"):
        Aws(tmp_path, {"CIRCLE_OIDC_TOKEN_V2": "x" * 20}).access()


def test_an_ended_token_says_what_to_do(tmp_path: Path) -> None:
    """A token that has ended is refused, without the token in the message."""
    aws = Aws(tmp_path, OIDC)
    aws.answers(aws.sts_error("ExpiredTokenException", "Token expired: oidc-token-1", 400))
    with pytest.raises(Refused, match="ExpiredTokenException") as caught:
        aws.keys()
    assert caught.value.exit_code == ExitCode.UNREACHABLE
    assert "rerun the job" in caught.value.hint
    assert "oidc-token-1" not in caught.value.message


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, "https://sts.amazonaws.com/"),
        ({"AWS_REGION": "eu-west-1"}, "https://sts.eu-west-1.amazonaws.com/"),
        ({"AWS_REGION": "cn-north-1"}, "https://sts.cn-north-1.amazonaws.com.cn/"),
        ({"AWS_REGION": "eu-west-1", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"}, "https://sts.amazonaws.com/"),
        (
            {"AWS_REGION": "eu-south-2", "AWS_STS_REGIONAL_ENDPOINTS": "legacy"},
            "https://sts.eu-south-2.amazonaws.com/",
        ),
        (
            {"AWS_REGION": "us-east-1", "AWS_USE_FIPS_ENDPOINT": "true"},
            "https://sts-fips.us-east-1.amazonaws.com/",
        ),
        (
            {"AWS_REGION": "eu-west-1", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
            "https://sts.eu-west-1.api.aws/",
        ),
        (
            {"AWS_ENDPOINT_URL_STS": "https://sts.example", "AWS_ENDPOINT_URL": "https://x"},
            "https://sts.example",
        ),
        ({"AWS_ENDPOINT_URL": "https://all.example"}, "https://all.example"),
        (
            {"AWS_ENDPOINT_URL_STS": "https://x", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"},
            "https://sts.amazonaws.com/",
        ),
    ],
)
def test_sts_is_asked_where_it_is(tmp_path: Path, environ: dict[str, str], url: str) -> None:
    """The region, the kind of endpoint and a written address say where STS is."""
    aws = Aws(tmp_path, {"AWS_ROLE_ARN": ARN, "CIRCLE_OIDC_TOKEN": "oidc-token-1", **environ})
    aws.answers(aws.sts())
    aws.keys()
    assert aws.request().url == url


def test_keys_never_cross_a_network_in_clear_text(tmp_path: Path) -> None:
    """STS at an http address elsewhere is refused unless somebody trusts that network."""
    aws = Aws(tmp_path, {**OIDC, "AWS_ENDPOINT_URL_STS": "http://sts.example"})
    with pytest.raises(UsageError, match=r"The STS endpoint sts\.example would get keys in clear text"):
        aws.access()


def test_keys_are_renewed_before_they_end(tmp_path: Path) -> None:
    """Keys of an hour are kept for 55 minutes and then asked for anew."""
    aws = role(tmp_path)
    aws.answers(aws.sts("ASIA1"), aws.sts("ASIA2", "2026-03-01T13:55:00Z"))
    source = aws.source()
    assert source.keys().identifier == "ASIA1"
    aws.clock.advance(54 * 60)
    assert source.keys().identifier == "ASIA1"
    aws.clock.advance(2 * 60)
    assert source.keys().identifier == "ASIA2"
    assert len(aws.http.requests) == 2


def test_good_keys_outlive_a_failed_renewal(tmp_path: Path) -> None:
    """While the old keys are good, a renewal that fails is no failure; once they have ended it is."""
    aws = role(tmp_path)
    source = aws.source()
    source.keys()
    aws.answers(aws.sts_error("AccessDenied", "no"))
    aws.clock.advance(57 * 60)
    assert source.keys().identifier == "ASIA9"
    assert source.trouble is None
    aws.clock.advance(4 * 60)
    with pytest.raises(Refused):
        source.keys()
    assert source.trouble is not None
