"""How S3 is asked: keys, region, endpoint and trust, all in one value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trunkline.adapters.storage.aws.chain import Chain
from trunkline.adapters.storage.aws.endpoints import TRUE, Endpoints
from trunkline.adapters.storage.aws.keys import KeySource, Outside, Surroundings
from trunkline.adapters.storage.aws.profiles import Profiles, read_profiles
from trunkline.dataclass import dataclass
from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError

_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Access:
    """How to ask S3.

    Attributes:
        source: where keys come from; None to ask without any.
        options: obstore's own configuration keys.
        plain_http: whether the endpoint may be spoken to without TLS.
        ca: certificates (PEM) to trust besides the system's; empty for none.
    """

    source: KeySource | None
    options: Mapping[str, str]
    plain_http: bool = False
    ca: str = ""


def resolve(
    environ: Mapping[str, str], home: Path, redactor: Redactor, outside: Outside | None = None
) -> Access:
    """The access that this environment gives; keys are not asked for yet.

    Args:
        environ: the process's environment.
        home: the directory that holds `.aws`.
        redactor: learns every secret.
        outside: the ways to whoever hands out temporary keys; None where only static keys can be had.

    Raises:
        UsageError: a profile, an endpoint or a source is not as it should be.
        Refused: there are no credentials at all.
    """
    profiles = read_profiles(environ, home)
    region = (
        environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or profiles.chosen.get("region", "")
    )
    ca = _ca(environ, profiles)
    surroundings = Surroundings(environ, home, redactor, outside, ca)
    endpoints = Endpoints(environ, profiles.chosen, region)
    source: KeySource | None = None
    if environ.get("AWS_SKIP_SIGNATURE", "").lower() not in TRUE:
        found, before = Chain(surroundings, profiles, endpoints).find()
        source = KeySource(found.name, found.obtain, surroundings.now, redactor, before)
        if not region and found.kind == "iam-role" and outside is not None:
            from trunkline.adapters.storage.aws.metadata import (  # noqa: PLC0415 - one of many sources
                instance_endpoint,
                instance_region,
            )

            region = instance_region(instance_endpoint(environ, profiles.chosen), surroundings)
            endpoints = Endpoints(environ, profiles.chosen, region)
    options = {"region": region or _DEFAULT_REGION}
    if source is None:
        options["skip_signature"] = "true"
    endpoint = endpoints.s3()
    if endpoint:
        options["endpoint"] = endpoint
    return Access(source, options, endpoint.startswith("http://"), ca)


def _ca(environ: Mapping[str, str], profiles: Profiles) -> str:
    path = environ.get("AWS_CA_BUNDLE") or profiles.chosen.get("ca_bundle", "")
    if not path:
        return ""
    try:
        text = Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise UsageError(
            f"The certificates in {path} cannot be read: {reason}.", "Correct AWS_CA_BUNDLE, or ca_bundle."
        ) from None
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise UsageError(
            f"{path} holds no certificate.", "Correct AWS_CA_BUNDLE, or ca_bundle: PEM is wanted."
        )
    return text
