"""Opens S3 with obstore: keys by a provider that renews them, and every wait bounded."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from trunkline.adapters.storage.aws import Access, KeySource
from trunkline.dataclass import dataclass
from trunkline.errors import UsageError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Store


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a bucket is waited for, in seconds.

    Attributes:
        connect_s: for a connection.
        silence_s: between two bytes.
        whole_s: for one answer from its first byte to its last.
        again_s: after this no request is tried again.
        retries: how often at most one is.
    """

    connect_s: float = 5.0
    silence_s: float = 10.0
    whole_s: float = 60.0
    again_s: float = 15.0
    retries: int = 3


def open_store(bucket: str, access: Access, patience: Patience) -> S3Store:
    """The handle that obstore has of a bucket.

    Raises:
        UsageError: the extra is not installed, or the source of keys is not as it should be.
        Refused, Unreachable: there are no keys.
    """
    try:
        from obstore.store import S3Store  # noqa: PLC0415 - an extra, and 15 ms that a directory does not need
    except ImportError:
        raise UsageError(
            "Reading s3:// addresses needs Trunkline's extra for S3, which is not installed.",
            "Run `pip install 'trunkline[s3]'`.",
        ) from None
    # obstore's own types spell every option out; these come from variables.
    arguments: dict[str, Any] = {"config": dict(access.options)}
    if access.source is not None:
        # Asked here already, so that what goes wrong is told in the source's own words.
        access.source.keys()
        # A provider, because configured keys would be mixed with an AWS_SESSION_TOKEN of this process.
        arguments["credential_provider"] = _provider(access.source)
    client: ClientConfig = {
        "allow_http": access.plain_http,
        "connect_timeout": timedelta(seconds=patience.connect_s),
        "read_timeout": timedelta(seconds=patience.silence_s),
        "timeout": timedelta(seconds=patience.whole_s),
    }
    if access.ca:
        client["root_certificate"] = access.ca.encode()
    return S3Store(
        bucket,
        client_options=client,
        retry_config={
            "max_retries": patience.retries,
            "retry_timeout": timedelta(seconds=patience.again_s),
            "backoff": {
                "init_backoff": timedelta(milliseconds=100),
                "max_backoff": timedelta(seconds=1),
                "base": 2,
            },
        },
        **arguments,
    )


def _provider(source: KeySource) -> Callable[[], dict[str, Any]]:
    def credential() -> dict[str, Any]:
        keys = source.keys()
        return {
            "access_key_id": keys.identifier,
            "secret_access_key": keys.secret,
            "token": keys.token or None,
            "expires_at": keys.ends,
        }

    return credential
