"""The order in which sources of keys are looked at: botocore's, plus CircleCI's token, which lies in no file.

Environment, the profile's role, web identity, the rest of the profile, container, instance. The first source that
somebody set up decides, also where it fails: a deployment must not go on as somebody else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from trunkline.adapters.storage.aws.endpoints import Endpoints
from trunkline.adapters.storage.aws.keys import Keys, Nothing, Source, Surroundings, moment
from trunkline.adapters.storage.aws.profiles import Profiles
from trunkline.dataclass import dataclass
from trunkline.errors import Refused, TrunklineError, UsageError

_CIRCLE_TOKENS = ("CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN")
_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_STATIC = ("aws_access_key_id", "aws_secret_access_key")
_SIGN_ON = ("sso_account_id", "sso_role_name")
_SOURCES = ("Environment", "EcsContainer", "Ec2InstanceMetadata")


@dataclass(frozen=True)
class Chain:
    """All sources of one environment."""

    surroundings: Surroundings
    profiles: Profiles
    endpoints: Endpoints

    def find(self) -> tuple[Source, tuple[str, ...]]:
        """The source that decides, and what those before it said.

        Raises:
            UsageError: a source is set up wrongly.
            Refused: there is none.
        """
        said: list[str] = []
        profile = f"profile {self.profiles.name}"
        looks: tuple[tuple[str, Callable[[], Source]], ...] = (
            ("environment", self._environment),
            (profile, self._profile_role),
            ("web identity", self._web_identity),
            (profile, lambda: self._profile(self.profiles.name)),
            ("container", self._container),
            ("instance", self._instance),
        )
        for name, look in looks:
            try:
                return look(), tuple(said)
            except Nothing as nothing:
                said += [f"{name}: {nothing}"] if str(nothing) else []
            except TrunklineError as error:
                tried = "; ".join((*said, f"{name}: {error.message.rstrip('.')}"))
                raise type(error)(f"There are no AWS credentials: {tried}.", error.hint) from None
        raise Refused(
            f"There are no AWS credentials: {'; '.join(said)}.",
            "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or give this machine a role.",
        )

    def _environment(self) -> Source:
        environ = self.surroundings.environ
        identifier, secret = environ.get("AWS_ACCESS_KEY_ID"), environ.get("AWS_SECRET_ACCESS_KEY")
        if not identifier and not secret:
            raise Nothing("AWS_ACCESS_KEY_ID is not set")
        if not identifier or not secret:
            there, missing = (
                ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
                if identifier
                else ("AWS_SECRET_ACCESS_KEY", "AWS_ACCESS_KEY_ID")
            )
            raise UsageError(
                f"{there} is set, but {missing} is not", f"Set {missing}, too, or unset {there}."
            )
        token = environ.get("AWS_SECURITY_TOKEN") or environ.get("AWS_SESSION_TOKEN") or ""
        ends = moment(environ.get("AWS_CREDENTIAL_EXPIRATION"))
        if ends and ends <= self.surroundings.now():
            raise Refused(
                f"the keys ended at {ends:%Y-%m-%d %H:%M} UTC (AWS_CREDENTIAL_EXPIRATION)", "Take new ones."
            )
        keys = Keys(identifier, secret, token)
        return Source("env", "the environment", lambda: keys)

    def _profile_role(self) -> Source:
        profile = self.profiles.chosen
        if not _takes_role(profile):
            raise Nothing
        return self._role(self.profiles.name, ())

    def _role(self, name: str, visited: tuple[str, ...]) -> Source:
        """The role that a profile takes, by the keys of another source."""
        profile = self.profiles.merged[name]
        if profile.get("mfa_serial"):
            raise UsageError(
                f"the profile {name} asks for a code of {profile['mfa_serial']} (mfa_serial), and nobody can be asked here",
                f'Run `eval "$(aws configure export-credentials --profile {name} --format env)"` and try again.',
            )
        from trunkline.adapters.storage.aws.roles import Role, assume  # noqa: PLC0415 - one of many sources

        base = self._role_source(name, profile, visited)
        duration = profile.get("duration_seconds", "")
        role = Role(
            profile["role_arn"],
            profile.get("role_session_name", ""),
            profile.get("external_id", ""),
            duration if duration.isdecimal() else "",
        )
        sts = self.endpoints.sts()

        def source_keys() -> Keys:
            try:
                return base.obtain()
            except TrunklineError as error:
                raise type(error)(f"{base.name}, its source: {error.message}", error.hint) from None

        return Source(
            "assume-role",
            f"the role of the profile {name}",
            lambda: assume(role, source_keys, sts, self.surroundings),
        )

    def _role_source(self, name: str, profile: Mapping[str, str], visited: tuple[str, ...]) -> Source:
        other, kind = profile.get("source_profile"), profile.get("credential_source")
        where = f"Mend the profile {name} in {self._places()}."
        if (other is None) == (kind is None):
            both = (
                "both source_profile and credential_source"
                if other
                else "neither source_profile nor credential_source"
            )
            raise UsageError(f"the profile {name} has role_arn and {both}", where)
        if other is None:
            return self._named_source(name, kind or "", where)
        if other not in self.profiles.merged:
            raise UsageError(f"the profile {name} takes its keys from {other}, which is not there", where)
        base = self.profiles.merged[other]
        if not _has_static(base) and other in (*visited, name):
            raise UsageError(
                f"the profiles {' -> '.join((*visited, name, other))} take their keys from one another", where
            )
        if not _has_static(base) and _takes_role(base):
            return self._role(other, (*visited, name))
        try:
            return self._profile(other, with_web_identity=True)
        except Nothing as nothing:
            raise UsageError(
                f"the profile {other}, source of {name}, holds no keys ({nothing})", where
            ) from None

    def _named_source(self, name: str, kind: str, where: str) -> Source:
        if kind not in _SOURCES:
            raise UsageError(
                f"the profile {name} has the credential_source {kind!r}; known are {', '.join(_SOURCES)}",
                where,
            )
        look = dict(zip(_SOURCES, (self._environment, self._container, self._instance), strict=True))[kind]
        try:
            return look()
        except Nothing as nothing:
            raise UsageError(
                f"the profile {name} takes its keys from {kind}, which has none ({nothing})", where
            ) from None

    def _web_identity(self) -> Source:
        environ, profile = self.surroundings.environ, self.profiles.chosen

        def said(key: str) -> str:
            return environ.get(f"AWS_{key.upper()}", profile.get(key, ""))

        path, arn = said("web_identity_token_file"), said("role_arn")
        if path:
            return self._by_token_file(arn, said("role_session_name"), path)
        name = next((name for name in _CIRCLE_TOKENS if environ.get(name)), "")
        wanted = environ.get("AWS_ROLE_ARN", "")
        if name and wanted:
            session = said("role_session_name")
            return self._by_token(wanted, session, f"CircleCI's token ({name})", lambda: environ[name])
        if wanted:
            raise Nothing("AWS_ROLE_ARN is set without AWS_WEB_IDENTITY_TOKEN_FILE or CircleCI's token")
        raise Nothing(
            f"{name} is there, but AWS_ROLE_ARN is not set"
            if name
            else "AWS_WEB_IDENTITY_TOKEN_FILE is not set"
        )

    def _by_token_file(self, arn: str, session: str, path: str) -> Source:
        def token() -> str:
            from trunkline.adapters.storage.aws.roles import token_in  # noqa: PLC0415 - as above

            return token_in(Path(path))

        return self._by_token(arn, session, f"the token file {path}", token)

    def _by_token(self, arn: str, session: str, name: str, token: Callable[[], str]) -> Source:
        if not arn:
            raise UsageError(f"there is {name}, but no role to take with it", "Set AWS_ROLE_ARN.")
        from trunkline.adapters.storage.aws.roles import Role, assume_with_token  # noqa: PLC0415 - as above

        role, sts = Role(arn, session), self.endpoints.sts()
        return Source(
            "assume-role-with-web-identity",
            f"web identity by {name}",
            lambda: assume_with_token(role, token, sts, self.surroundings),
        )

    def _profile(self, name: str, *, with_web_identity: bool = False) -> Source:
        """What a profile says, apart from roles that other keys take."""
        profile = self.profiles.merged.get(name)
        if profile is None:
            raise Nothing(f"there is none in {self._places()}")
        path = profile.get("web_identity_token_file", "")
        if with_web_identity and path:
            return self._by_token_file(
                profile.get("role_arn", ""), profile.get("role_session_name", ""), path
            )
        if any(key in profile for key in _SIGN_ON):
            return self._sign_on(name)
        if "aws_access_key_id" in self.profiles.credentials.get(name, {}):
            return self._static("shared-credentials-file", name)
        if "login_session" in profile:
            raise UsageError(
                f"the profile {name} is one of `aws login`, whose keys Trunkline cannot read",
                f'Run `eval "$(aws configure export-credentials --profile {name} --format env)"` and try again.',
            )
        if line := profile.get("credential_process", ""):
            return self._program(name, line)
        if "aws_access_key_id" in profile:
            return self._static("config-file", name)
        raise Nothing(f"it says nothing of keys in {self._places()}")

    def _sign_on(self, name: str) -> Source:
        from trunkline.adapters.storage.aws.sign_on import role_keys, sign_on_of  # noqa: PLC0415 - as above

        sign_on = sign_on_of(self.profiles, name)
        return Source(
            "sso",
            f"the sign-on of the profile {name}",
            lambda: role_keys(sign_on, self.endpoints, self.surroundings),
        )

    def _program(self, name: str, line: str) -> Source:
        from trunkline.adapters.storage.aws.programs import ask_program  # noqa: PLC0415 - as above

        return Source(
            "custom-process",
            f"the credential_process of the profile {name}",
            lambda: ask_program(line, self.surroundings),
        )

    def _static(self, kind: str, name: str) -> Source:
        profile = self.profiles.merged[name]
        identifier, secret = (profile.get(key, "") for key in _STATIC)
        if not identifier or not secret:
            missing = _STATIC[1] if identifier else _STATIC[0]
            raise UsageError(f"the profile {name} lacks {missing}", f"Mend it in {self._places()}.")
        token = profile.get("aws_security_token") or profile.get("aws_session_token") or ""
        keys = Keys(identifier, secret, token)
        return Source(kind, f"the profile {name}", lambda: keys)

    def _container(self) -> Source:
        if not any(self.surroundings.environ.get(name) for name in _CONTAINER):
            raise Nothing("AWS_CONTAINER_CREDENTIALS_FULL_URI and _RELATIVE_URI are not set")
        from trunkline.adapters.storage.aws import metadata  # noqa: PLC0415 - as above

        metadata.container_address(self.surroundings.environ)
        return Source(
            "container-role", "the container's role", lambda: metadata.container_keys(self.surroundings)
        )

    def _instance(self) -> Source:
        from trunkline.adapters.storage.aws import metadata  # noqa: PLC0415 - as above

        endpoint = metadata.instance_endpoint(self.surroundings.environ, self.profiles.chosen)
        if not endpoint:
            raise Nothing("AWS_EC2_METADATA_DISABLED forbids to ask")
        if not metadata.listens(endpoint):
            raise Nothing(f"{endpoint.partition('://')[2]} does not answer")
        return Source(
            "iam-role", "the instance's role", lambda: metadata.instance_keys(endpoint, self.surroundings)
        )

    def _places(self) -> str:
        return " or ".join(self.surroundings.spell(path) for path in self.profiles.places)


def _takes_role(profile: Mapping[str, str]) -> bool:
    return "role_arn" in profile and "web_identity_token_file" not in profile


def _has_static(profile: Mapping[str, str]) -> bool:
    return any(key in profile for key in _STATIC)
