"""The order of sources is botocore's: both choose among the same environments."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.http import ScriptedHttp
from tests.unit.adapters.storage.aws.support import write_profiles
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.storage.aws.chain import Chain
from trunkline.adapters.storage.aws.endpoints import Endpoints
from trunkline.adapters.storage.aws.keys import Outside, Surroundings
from trunkline.adapters.storage.aws.profiles import read_profiles
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, UsageError

ENV = {"AWS_ACCESS_KEY_ID": "AKIA1", "AWS_SECRET_ACCESS_KEY": "secret-1"}
WEB = {"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null", "AWS_ROLE_ARN": "arn:aws:iam::1:role/web"}
TASK = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/x"}
STATIC = "[default]\naws_access_key_id=AKIA2\naws_secret_access_key=secret-2\n"
CI = "[ci]\naws_access_key_id=AKIA3\naws_secret_access_key=secret-3\naws_session_token=token-3\n"
SSO = "sso_account_id=1\nsso_role_name=r\nsso_region=eu-west-1\nsso_start_url=https://x.awsapps.com/start\n"
PROCESS = (
    """credential_process = echo '{"Version": 1, "AccessKeyId": "AKIA4", "SecretAccessKey": "secret-4"}'\n"""
)
ROLE = "role_arn=arn:aws:iam::1:role/r\n"

# What both choose in (environment, credentials, config).
CASES: dict[str, tuple[dict[str, str], str, str]] = {
    "nothing": ({}, "", ""),
    "environment": (ENV, STATIC, ""),
    "environment beats a named profile": ({**ENV, "AWS_PROFILE": "ci"}, STATIC + CI, ""),
    "environment with a token": ({**ENV, "AWS_SESSION_TOKEN": "t"}, "", ""),
    "environment with the old token": ({**ENV, "AWS_SESSION_TOKEN": "t", "AWS_SECURITY_TOKEN": "o"}, "", ""),
    "half a key": ({"AWS_ACCESS_KEY_ID": "AKIA1"}, STATIC, ""),
    "an empty key is none": ({"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, STATIC, ""),
    "a named profile that is not there": ({**ENV, "AWS_PROFILE": "nowhere"}, STATIC, ""),
    "the default profile": ({}, STATIC, ""),
    "a named profile": ({"AWS_PROFILE": "ci"}, STATIC + CI, ""),
    "the older variable for the name": (
        {"AWS_PROFILE": "ci", "AWS_DEFAULT_PROFILE": "default"},
        STATIC + CI,
        "",
    ),
    "credentials beat config": (
        {"AWS_PROFILE": "ci"},
        CI,
        "[profile ci]\naws_access_key_id=other\naws_secret_access_key=o\n",
    ),
    "config alone": (
        {"AWS_PROFILE": "ci"},
        "",
        "[profile ci]\naws_access_key_id=AKIA5\naws_secret_access_key=secret-5\n",
    ),
    "a section of config without the word profile": ({"AWS_PROFILE": "ci"}, "", CI),
    "a quoted name": (
        {"AWS_PROFILE": "a b"},
        "",
        "[profile 'a b']\naws_access_key_id=AKIA5\naws_secret_access_key=s\n",
    ),
    "a profile with half a key": ({}, "[default]\naws_access_key_id=AKIA2\n", ""),
    "a profile of a region alone": ({}, "", "[default]\nregion=eu-west-1\n"),
    "web identity": (WEB, "", ""),
    "web identity beats static profiles": (WEB, STATIC, ""),
    "web identity beats a named static profile": ({**WEB, "AWS_PROFILE": "ci"}, CI, ""),
    "environment beats web identity": ({**ENV, **WEB}, "", ""),
    "a profile's role beats web identity": (WEB, STATIC, f"[default]\n{ROLE}source_profile=default\n"),
    "web identity without a role": ({"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null"}, STATIC, ""),
    "a role's name alone is nothing": ({"AWS_ROLE_ARN": "arn:r"}, STATIC, ""),
    "web identity in a profile": ({}, "", f"[default]\n{ROLE}web_identity_token_file=/dev/null\n"),
    "a file from the environment, the role from the profile": (
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/dev/null"},
        "",
        f"[default]\n{ROLE}web_identity_token_file=/y\n",
    ),
    "web identity beats containers": ({**WEB, **TASK}, "", ""),
    "containers": (TASK, "", ""),
    "a profile beats containers": (TASK, STATIC, ""),
    "sso": ({}, "", f"[default]\n{SSO}"),
    "sso beats static keys": ({}, STATIC, f"[default]\n{SSO}"),
    "sso by a session": (
        {},
        "",
        "[default]\nsso_session=s\nsso_account_id=1\nsso_role_name=r\n[sso-session s]\nsso_region=eu-west-1\nsso_start_url=u\n",
    ),
    "sso by a session that is not there": (
        {},
        "",
        "[default]\nsso_session=s\nsso_account_id=1\nsso_role_name=r\n",
    ),
    "sso that contradicts its session": (
        {},
        "",
        f"[default]\nsso_session=s\n{SSO}[sso-session s]\nsso_region=us-east-1\nsso_start_url=u\n",
    ),
    "sso that lacks something": ({}, STATIC, "[default]\nsso_account_id=1\nsso_role_name=r\n"),
    "a session without an account is no sso": ({}, STATIC, "[default]\nsso_session=s\n"),
    "a program": ({}, "", f"[default]\n{PROCESS}"),
    "static keys beat a program": ({}, STATIC, f"[default]\n{PROCESS}"),
    "a program beats keys in config": (
        {},
        "",
        f"[default]\n{PROCESS}aws_access_key_id=A\naws_secret_access_key=s\n",
    ),
    "a role from a profile": ({"AWS_PROFILE": "r"}, STATIC, f"[profile r]\n{ROLE}source_profile=default\n"),
    "a role from an empty environment": (
        {"AWS_PROFILE": "r"},
        "",
        f"[profile r]\n{ROLE}credential_source=Environment\n",
    ),
    "a role from both": (
        {"AWS_PROFILE": "r"},
        STATIC,
        f"[profile r]\n{ROLE}source_profile=default\ncredential_source=Environment\n",
    ),
    "a role from nowhere": ({"AWS_PROFILE": "r"}, STATIC, f"[profile r]\n{ROLE}"),
    "a role from a source that nobody knows": (
        {"AWS_PROFILE": "r"},
        "",
        f"[profile r]\n{ROLE}credential_source=Moon\n",
    ),
    "a role from a profile that is not there": (
        {"AWS_PROFILE": "r"},
        "",
        f"[profile r]\n{ROLE}source_profile=nowhere\n",
    ),
    "a role from a profile without keys": (
        {"AWS_PROFILE": "r"},
        "",
        f"[profile r]\n{ROLE}source_profile=b\n[profile b]\nregion=x\n",
    ),
    "a role from a profile that signs on": (
        {"AWS_PROFILE": "r"},
        "",
        f"[profile r]\n{ROLE}source_profile=b\n[profile b]\n{SSO}",
    ),
    "a role from a role": (
        {"AWS_PROFILE": "r"},
        STATIC,
        f"[profile r]\n{ROLE}source_profile=q\n[profile q]\n{ROLE}source_profile=default\n",
    ),
    "roles in a circle": (
        {"AWS_PROFILE": "r"},
        STATIC,
        f"[profile r]\n{ROLE}source_profile=q\n[profile q]\n{ROLE}source_profile=r\n",
    ),
    "a role from itself without keys": ({"AWS_PROFILE": "r"}, "", f"[profile r]\n{ROLE}source_profile=r\n"),
    "a role from its own keys": ({"AWS_PROFILE": "ci"}, CI, f"[profile ci]\n{ROLE}source_profile=ci\n"),
    "a source's own keys beat its role": (
        {"AWS_PROFILE": "r"},
        CI,
        f"[profile r]\n{ROLE}source_profile=ci\n[profile ci]\n{ROLE}source_profile=nowhere\n",
    ),
    "a role wins over the profile's own keys": (
        {"AWS_PROFILE": "ci"},
        CI + STATIC,
        f"[profile ci]\n{ROLE}source_profile=default\n",
    ),
    "a file that is none": ({}, "secret\n", ""),
    "other files": ({"AWS_SHARED_CREDENTIALS_FILE": "~/.aws/config"}, "", STATIC),
}
_STATIC_KINDS = {"env", "shared-credentials-file", "config-file", "custom-process"}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    homes = {}
    for name, (_, credentials, config) in CASES.items():
        homes[name] = tmp_path_factory.mktemp("home")
        write_profiles(homes[name], credentials, config)
    return homes


@pytest.fixture(scope="module")
def botocore(homes: dict[str, Path]) -> dict[str, list[str]]:
    """What botocore takes in each of the cases."""
    cases = [{"home": str(homes[name]), "environ": environ} for name, (environ, _, _) in CASES.items()]
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("oracle.py")],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(CASES, json.loads(done.stdout), strict=True))


def ours(home: Path, environ: dict[str, str]) -> list[str]:
    redactor = Redactor()
    environ = {**environ, "AWS_EC2_METADATA_DISABLED": "true"}
    outside = Outside(
        ScriptedHttp(ConnectionError()).opened, lambda: SubprocessProcesses({}, redactor), FakeClock()
    )
    try:
        profiles = read_profiles(environ, home)
        surroundings = Surroundings(environ, home, redactor, outside)
        source, _ = Chain(surroundings, profiles, Endpoints(environ, profiles.chosen, "eu-west-1")).find()
    except UsageError:
        return ["error"]
    except Refused:
        return [""]
    if source.kind not in _STATIC_KINDS:
        return [source.kind]
    keys = source.obtain()
    return [source.kind, keys.identifier, keys.secret, keys.token]


@pytest.mark.parametrize("name", CASES)
def test_both_choose_alike(homes: dict[str, Path], botocore: dict[str, list[str]], name: str) -> None:
    """The same source is taken, with the same keys, or both refuse."""
    assert ours(homes[name], CASES[name][0]) == botocore[name]


def test_the_table_tells_sources_apart(botocore: dict[str, list[str]]) -> None:
    """Every kind of source that needs no network is chosen somewhere, and so are a refusal and nothing."""
    assert {answer[0] for answer in botocore.values()} == {
        *_STATIC_KINDS,
        *("", "error", "assume-role", "assume-role-with-web-identity", "sso", "container-role"),
    }
