"""A prefix in an S3 bucket, through obstore (the extra `trunkline[s3]`).

obstore's error texts carry whole requests; only the error code that S3 puts in its answers is taken from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from trunkline.adapters.storage.aws import Access, KeySource
from trunkline.adapters.storage.opening import Patience, open_store
from trunkline.adapters.storage.places import LARGEST, Unchanged, inside, too_large
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports.sources import File

if TYPE_CHECKING:
    from obstore import GetOptions
    from obstore.store import S3Store

    Handles = dict[str, tuple[S3Store, KeySource | None]]

_BUCKET = expression(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_CODE = expression(r"<Code>([A-Za-z]{1,64})</Code>")
_STATUS = expression(r"status code: (\d{3})")
_WRONG_KEYS = frozenset({"InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken"})
_ELSEWHERE = frozenset(
    {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}
)
_MISSING = 404
_REFUSALS = frozenset({401, 403})
_NO_VERSION = frozenset({"NoSuchVersion", "NoSuchKey", ""})
# A bad argument, or a marker of a deletion, which cannot be read.
_NO_ID = frozenset({400, 405})


class Bucket:
    """Implements `Place` for `s3://bucket/prefix`."""

    commit = ""

    def __init__(
        self,
        location: str,
        access: Callable[[], Access],
        patience: Patience | None = None,
        handles: Handles | None = None,
    ) -> None:
        """Take the address; credentials are looked for when the first file is asked for.

        `handles` are those of other prefixes: to open a bucket takes longer than to read from it.
        """
        self._bucket, _, prefix = location.removeprefix("s3://").partition("/")
        self._prefix = prefix.strip("/")
        if not _BUCKET.fullmatch(self._bucket):
            raise UsageError(f"{location} is no address of a bucket.", "Write it as s3://bucket/prefix.")
        self._access = access
        self._patience = patience or Patience()
        self._source: KeySource | None = None
        self._handles: Handles = {} if handles is None else handles

    def address(self, name: str = "") -> str:
        """See `Place`."""
        return "/".join(("s3:/", self._bucket, *(part for part in (self._prefix, name) if part)))

    def inside(self, url: str) -> str | None:
        """See `Place`."""
        return inside(self.address(), url)

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:
        """See `Place`."""
        store = self.opened()
        import obstore  # noqa: PLC0415 - an extra, and 15 ms that a directory does not need

        try:
            answer = obstore.get(store, self.key(name), options=_options(version, unless))
            metadata = {key.lower(): value for key, value in answer.attributes.items()}
            content = bytes(answer.bytes()) if answer.meta["size"] <= LARGEST else None
        except FileNotFoundError as error:
            if version and _code(error) in _NO_VERSION:
                raise self._no_version(name, version) from None
            if _code(error) == "NoSuchBucket" or (_code(error) != "NoSuchKey" and not self._exists(store)):
                raise self._no_bucket() from None
            return None
        except Exception as error:  # noqa: BLE001 - obstore's errors have no common class that is no Exception
            if type(error).__name__ == "NotModifiedError":
                raise Unchanged from None
            # S3 itself takes an id that it could not have given for a bad argument.
            if version and _status(error) in _NO_ID:
                raise self._no_version(name, version) from None
            self.fail(error, self.address(name))
        if content is None:
            raise too_large(self.address(name))
        self._require_whole(store, name, content, answer.meta["e_tag"] or "", version)
        # A server without versions may answer with what it has.
        if version and answer.meta["version"] != version:
            raise self._no_version(name, version)
        # "null" is the version of an object from before the bucket kept versions; the next write replaces it.
        kept = answer.meta["version"] or ""
        return File(content, metadata, answer.meta["e_tag"] or "", "" if kept == "null" else kept)

    def _require_whole(self, store: S3Store, name: str, content: bytes, mark: str, version: str) -> None:
        """Refuse what came cut short under a length that called it whole: an index would lose its end unseen.

        The mark is the content's MD5, but not of every object (encryption, uploads in parts); then the size is asked for.
        """
        if mark.strip('"') == hashlib.md5(content, usedforsecurity=False).hexdigest():
            return
        import obstore  # noqa: PLC0415 - as above

        try:
            there = obstore.get(store, self.key(name), options={"head": True, **_options(version, "")}).meta
        except Exception:  # noqa: BLE001 - what cannot be compared is taken as it came
            return
        if there["e_tag"] == mark and there["size"] != len(content):
            raise Unreachable(
                f"{self.address(name)} came incomplete: {len(content)} of {there['size']} bytes.",
                "Check the network and any proxy, then run the command again.",
            )

    def names(self, beginning: str) -> list[str]:
        """See `Place`."""
        store = self.opened()
        import obstore  # noqa: PLC0415 - as above

        begin = self.key(beginning)
        found: list[str] = []
        try:
            # A repository may hold 100,000 charts: begin the listing where the names begin, and end it there.
            for chunk in obstore.list(store, self._prefix or None, offset=begin):
                keys = [str(item["path"]) for item in chunk]
                found += [key for key in keys if key.startswith(begin)]
                if keys and not keys[-1].startswith(begin):
                    break
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error, self.address())
        names = (key.removeprefix(self.key("")) for key in found)
        return sorted(name for name in names if "/" not in name)

    def folder(self, name: str) -> Path | None:  # noqa: ARG002 - no folder of a bucket is on this machine
        """See `Place`."""
        return None

    def describe(self) -> str:
        """See `Place`."""
        try:
            anything = self._first(self.opened())
        except Refused as error:
            if error.hint is _HIDDEN:
                return f"{self.address()} answers, but these credentials may not list it: a missing file shows only when it is read."
            raise
        if not anything:
            raise UsageError(
                f"There is nothing below {self.address()}.", "Correct the prefix, or put the files there."
            )
        return f"{self.address()} answers and holds files."

    def key(self, name: str) -> str:
        """The name within the bucket."""
        return f"{self._prefix}/{name}" if self._prefix else name

    def _exists(self, store: S3Store) -> bool:
        """Whether the bucket is there, for servers whose 404 does not say what is missing."""
        try:
            self._first(store)
        except UsageError:
            return False
        except Unreachable:
            return True
        return True

    def _first(self, store: S3Store) -> bool:
        """Whether there is anything below the prefix."""
        import obstore  # noqa: PLC0415 - as above

        try:
            for chunk in obstore.list(store, self._prefix or None, chunk_size=1):
                if chunk:
                    return True
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error, self.address())
        return False

    def opened(self) -> S3Store:
        """The handle that obstore has of the bucket; credentials are looked for now.

        Raises:
            UsageError: the extra is not installed, or credentials are not as they should be.
            Refused: there are none.
        """
        if self._bucket not in self._handles:
            access = self._access()
            self._handles[self._bucket] = open_store(self._bucket, access, self._patience), access.source
        store, self._source = self._handles[self._bucket]
        return store

    def _no_version(self, name: str, version: str) -> UsageError:
        return UsageError(
            f"{self.address(name)} has no version {version} any more.",
            "A lifecycle rule or a person removed it: deploy what is there now, or bring the version back.",
        )

    def _no_bucket(self) -> UsageError:
        return UsageError(
            f"There is no bucket {self._bucket} for {self.address()}.",
            "Correct its name, the region or the account.",
        )

    def fail(self, error: Exception, address: str, deed: str = "read") -> NoReturn:
        """Raise what an error of obstore's means; `deed` is what was tried: read, written.

        Raises:
            UsageError, Refused, Unreachable: as the cause is.
        """
        if self._source is not None and self._source.trouble is not None:
            # Keys had to be renewed in the midst of it.
            raise self._source.trouble from None
        code, status = _code(error), _status(error)
        keys = f"the AWS keys of {self._source.describe()}" if self._source else "no AWS keys"
        said = f" ({code})" if code else ""
        if code == "NoSuchBucket" or status == _MISSING:
            raise self._no_bucket() from None
        if code in _WRONG_KEYS:
            raise Refused(
                f"{address} refuses {keys}{said}.",
                _WRONG.get(self._source.name if self._source else "", _OTHERS),
            ) from None
        if code in _ELSEWHERE or "redirect without LOCATION" in str(error):
            raise Unreachable(
                f"The bucket {self._bucket} is in another region{said}.",
                "Set AWS_REGION to the bucket's region.",
            ) from None
        if status in _REFUSALS or type(error).__name__ == "UnauthenticatedError":
            raise Refused(
                f"{address} may not be {deed} with {keys}{said}.",
                _HIDDEN if deed == "read" else _READ_ONLY,
            ) from None
        how = f"answers with HTTP {status}{said}" if status else "does not answer"
        raise Unreachable(
            f"{address} cannot be {deed}: the storage {how}.",
            "Check AWS_ENDPOINT_URL, AWS_REGION, the network and any proxy, then run the command again.",
        ) from None


_WRONG = {
    "the environment": "Check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN: wrong, expired or of another account."
}

_OTHERS = "Check that source: its keys are wrong, have ended, or are of another account."

_HIDDEN = "Allow s3:GetObject there; without s3:ListBucket, S3 answers a missing file so, too: check the name and the prefix."

_READ_ONLY = "Allow s3:PutObject and s3:DeleteObject there, or use credentials that may write."


def _options(version: str, unless: str) -> GetOptions:
    options: GetOptions = {}
    if version:
        options["version"] = version
    if unless:
        options["if_none_match"] = unless
    return options


def _code(error: Exception) -> str:
    found = _CODE.search(str(error))
    return found[1] if found else ""


def _status(error: Exception) -> int:
    found = _STATUS.search(str(error))
    return int(found[1]) if found else 0
