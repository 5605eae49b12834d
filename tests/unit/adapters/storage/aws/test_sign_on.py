"""Keys of a person who has signed on: the cached token, its renewal, and what to do when it has ended."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.fakes.http import json_response
from tests.unit.adapters.storage.aws.support import Aws, write_profiles
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Response

START = "https://acme.awsapps.com/start"
OLD = (
    f"[profile dev]\nsso_account_id=123\nsso_role_name=deploy\nsso_region=eu-west-1\nsso_start_url={START}\n"
)
NEW = f"""[profile dev]
sso_session = acme
sso_account_id = 123
sso_role_name = deploy
[sso-session acme]
sso_region = eu-west-1
sso_start_url = {START}
"""
ROLE = {
    "roleCredentials": {
        "accessKeyId": "ASIA9",
        "secretAccessKey": "secret-9",
        "sessionToken": "token-9",
        "expiration": 1772370000000,
    }
}
RENEWING = {
    "refreshToken": "refresh-1",
    "clientId": "client",
    "clientSecret": "client-secret",
    "registrationExpiresAt": "2026-05-01T00:00:00Z",
}


class Desk(Aws):
    """A laptop with the profile `dev`, and the file that `aws sso login` leaves."""

    def __init__(self, home: Path, config: str, ends: str = "2026-03-01T20:00:00Z", **more: str) -> None:
        super().__init__(home, {"AWS_PROFILE": "dev"})
        write_profiles(home, "", config)
        name = "acme" if "sso-session" in config else START
        self.cache = home / ".aws" / "sso" / "cache" / f"{hashlib.sha1(name.encode()).hexdigest()}.json"
        self.cache.parent.mkdir(parents=True)
        self.cache.write_text(json.dumps({"accessToken": "sign-on-1", "expiresAt": ends, **more}))
        self.answers(json_response(ROLE))


@pytest.mark.parametrize("config", [OLD, NEW], ids=["by url", "by session"])
def test_the_cached_token_is_changed_for_keys(tmp_path: Path, config: str) -> None:
    """The token that `aws sso login` left is shown to the portal of the region, which gives the role's keys."""
    desk = Desk(tmp_path, config)
    keys = desk.keys()
    assert (keys.identifier, keys.secret, keys.token) == ("ASIA9", "secret-9", "token-9")
    assert keys.ends is not None
    assert f"{keys.ends:%Y-%m-%dT%H:%M}" == "2026-03-01T13:00"
    request = desk.request()
    assert request.url == (
        "https://portal.sso.eu-west-1.amazonaws.com/federation/credentials?role_name=deploy&account_id=123"
    )
    assert request.headers["x-amz-sso_bearer_token"] == "sign-on-1"
    assert "sign-on-1" not in desk.redactor.text("sign-on-1")


@pytest.mark.parametrize(
    "content", [None, b"", b"[]", b"{}", b'{"accessToken": 1, "expiresAt": "x"}', b"\xff"]
)
def test_nobody_has_signed_on(tmp_path: Path, content: bytes | None) -> None:
    """Without a token, or with a file that is none, the error says what to run."""
    desk = Desk(tmp_path, OLD)
    desk.cache.unlink()
    if content is not None:
        desk.cache.write_bytes(content)
    with pytest.raises(Refused, match="the sign-on of the profile dev: nobody has signed on") as caught:
        desk.keys()
    assert caught.value.hint == "Run `aws sso login --profile dev` and try again."


@pytest.mark.parametrize("config", [OLD, NEW], ids=["by url", "by session"])
def test_a_sign_on_that_has_ended(tmp_path: Path, config: str) -> None:
    """An ended token is not shown to anybody; the error says when it ended and what to run."""
    desk = Desk(tmp_path, config, "2026-03-01T11:00:00UTC")
    with pytest.raises(Refused, match="the sign-on has ended at 2026-03-01 11:00 UTC") as caught:
        desk.keys()
    assert "aws sso login --profile dev" in caught.value.hint
    assert desk.http.requests == []


def test_a_sign_on_that_is_taken_back(tmp_path: Path) -> None:
    """A token that the portal no longer takes is as good as none."""
    desk = Desk(tmp_path, OLD)
    desk.answers(json_response({"message": "Session token not found or invalid"}, 401))
    with pytest.raises(Refused, match="no longer accepted") as caught:
        desk.keys()
    assert "aws sso login --profile dev" in caught.value.hint


def test_a_role_that_is_not_assigned(tmp_path: Path) -> None:
    """A role that the person does not have is named with its account and the portal's word."""
    desk = Desk(tmp_path, OLD)
    desk.answers(json_response({"message": "No access"}, 403))
    with pytest.raises(Refused, match=r"the role deploy of account 123 .* \(HTTP 403, No access\)"):
        desk.keys()


@pytest.mark.parametrize(
    "answer",
    [Response(500, {}, b""), json_response({}), json_response({"roleCredentials": {"expiration": 1}})],
)
def test_a_portal_that_does_not_work(tmp_path: Path, answer: Response) -> None:
    """Trouble of the portal is unreachable, and no reason to sign on again."""
    desk = Desk(tmp_path, OLD)
    desk.answers(answer)
    with pytest.raises(Unreachable, match="the sign-on portal answers") as caught:
        desk.keys()
    assert "aws sso login" not in caught.value.hint


def test_a_session_is_renewed(tmp_path: Path) -> None:
    """A session's token that is about to end is renewed, kept where AWS's tools find it, for us alone, and used."""
    desk = Desk(tmp_path, NEW, "2026-03-01T12:05:00Z", **RENEWING)
    desk.answers(
        json_response({"accessToken": "sign-on-2", "expiresIn": 3600, "refreshToken": "refresh-2"}),
        json_response(ROLE),
    )
    assert desk.keys().identifier == "ASIA9"
    assert desk.request(0).url == "https://oidc.eu-west-1.amazonaws.com/token"
    assert json.loads(desk.request(0).body or b"") == {
        "grantType": "refresh_token",
        "clientId": "client",
        "clientSecret": "client-secret",
        "refreshToken": "refresh-1",
    }
    assert desk.request(1).headers["x-amz-sso_bearer_token"] == "sign-on-2"
    kept = json.loads(desk.cache.read_text())
    expected = {"accessToken": "sign-on-2", "refreshToken": "refresh-2", "expiresAt": "2026-03-01T13:00:00Z"}
    assert kept == {**RENEWING, **expected}
    assert desk.cache.stat().st_mode & 0o077 == 0
    assert [path.name for path in desk.cache.parent.iterdir()] == [desk.cache.name]


def test_a_renewal_that_fails_leaves_a_good_token(tmp_path: Path) -> None:
    """A token that is good for some minutes is used though it cannot be renewed."""
    desk = Desk(tmp_path, NEW, "2026-03-01T12:05:00Z", **RENEWING)
    desk.answers(json_response({"error": "invalid_grant"}, 400), json_response(ROLE))
    assert desk.keys().identifier == "ASIA9"
    assert desk.request().headers["x-amz-sso_bearer_token"] == "sign-on-1"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("[profile dev]\nsso_account_id=1\nsso_role_name=r\n", "sso_start_url and sso_region are not set"),
        (NEW.replace("[sso-session acme]", "[sso-session other]"), r"there is no \[sso-session acme\]"),
        (
            NEW.replace("sso_role_name", "sso_region = us-east-1\nsso_role_name"),
            r"sso_region differs between the profile and \[sso-session acme\]",
        ),
    ],
)
def test_a_sign_on_that_is_not_complete(tmp_path: Path, config: str, words: str) -> None:
    """What is missing or contradicts itself is exit code 2 and named."""
    write_profiles(tmp_path, "", config)
    with pytest.raises(UsageError, match=words):
        Aws(tmp_path, {"AWS_PROFILE": "dev"}).access()
