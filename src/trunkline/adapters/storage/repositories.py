"""Chart repositories that can be written: a directory and a prefix in a bucket, each with conditional writes.

In S3 a write bears `If-Match` or `If-None-Match`; a directory is locked for the moment that comparing and renaming
take. A lock on the folder itself leaves no file behind, and it ends with the process that holds it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from trunkline.adapters.storage.bucket import Bucket
from trunkline.adapters.storage.places import Directory
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.sources import Changed, File, Listed

_TEMPORARY = ".trunkline-"
_CONFLICTS = frozenset({"AlreadyExistsError", "PreconditionError", "NotFoundError", "FileNotFoundError"})


class DirectoryRepository:
    """Implements `ChartStore` for a folder of this machine, or of a file system that many mount."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._place = Directory(root)

    def address(self, name: str = "") -> str:
        """See the port."""
        return self._place.address(name)

    def read(self, name: str) -> File | None:
        """See the port."""
        # A first push makes the folder.
        file = self._place.read(name) if self._root.is_dir() else None
        return file and File(file.content, file.metadata, _mark(file.content))

    def look(self, name: str) -> Listed | None:
        """See the port."""
        file = self.read(name)
        modified = self._modified(self._root / name)
        return Listed(name, modified, file.mark) if file and modified else None

    def names(self, beginning: str) -> list[str]:
        """The names that begin so, in order."""
        return self._place.names(beginning) if self._root.is_dir() else []

    def listed(self) -> list[Listed]:
        """See the port."""
        names = self._place.names("") if self._root.is_dir() else []
        found = ((name, self._modified(self._root / name)) for name in names if not name.startswith("."))
        return [Listed(name, modified) for name, modified in found if modified]

    def write(
        self, name: str, content: bytes, metadata: Mapping[str, str], expected: str | None = None
    ) -> str:
        """See the port; a directory keeps no metadata."""
        del metadata
        path = self._root / name
        try:
            # The folder above has to be there: a mistyped path makes no tree.
            self._root.mkdir(exist_ok=True)
            with self._locked():
                if expected is not None and self._standing(path) != expected:
                    raise Changed(name)
                self._replace(path, content)
        except FileNotFoundError:
            raise UsageError(
                f"There is no folder {self._root.parent}.",
                "Correct the repository's path, or make the folder.",
            ) from None
        except OSError as error:
            raise self._unwritable(path, error) from error
        return _mark(content)

    def remove(self, name: str) -> None:
        """See the port."""
        try:
            (self._root / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(self._root / name, error) from error

    @contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _standing(self, path: Path) -> str:
        try:
            return _mark(path.read_bytes())
        except FileNotFoundError:
            return ""

    def _replace(self, path: Path, content: bytes) -> None:
        with NamedTemporaryFile(dir=self._root, prefix=_TEMPORARY, delete=False) as temporary:
            try:
                temporary.write(content)
                temporary.flush()
                os.fsync(temporary.fileno())
                # Whoever serves the folder has to be able to read it; temporary files are for us alone.
                os.fchmod(temporary.fileno(), 0o644)
                Path(temporary.name).rename(path)
            except BaseException:
                Path(temporary.name).unlink()
                raise

    def _modified(self, path: Path) -> datetime | None:
        try:
            return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path.is_file() else None
        except OSError:
            return None

    def _unwritable(self, path: Path, error: OSError) -> Unreachable:
        return Unreachable(
            f"{path} cannot be written: {error.strerror}.",
            "Give this user the permission, or make room there.",
        )


class BucketRepository:
    """Implements `ChartStore` for `s3://bucket/prefix`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def address(self, name: str = "") -> str:
        """See the port."""
        return self._bucket.address(name)

    def read(self, name: str) -> File | None:
        """See the port."""
        return self._bucket.read(name)

    def look(self, name: str) -> Listed | None:
        """See the port."""
        store = self._bucket.opened()
        import obstore  # noqa: PLC0415 - an extra, and 15 ms that a directory does not need

        try:
            answer = obstore.get(store, self._bucket.key(name), options={"head": True})
        except FileNotFoundError:
            return None
        except Exception as error:  # noqa: BLE001 - obstore's errors have no common class that is no Exception
            self._bucket.fail(error, self.address(name))
        metadata = {key.lower(): value for key, value in answer.attributes.items()}
        return Listed(name, answer.meta["last_modified"], answer.meta["e_tag"] or "", metadata)

    def names(self, beginning: str) -> list[str]:
        """The names that begin so, in order."""
        return self._bucket.names(beginning)

    def listed(self) -> list[Listed]:
        """See the port."""
        store = self._bucket.opened()
        import obstore  # noqa: PLC0415 - as above

        begin = self._bucket.key("")
        try:
            found = obstore.list_with_delimiter(store, begin.rstrip("/") or None)["objects"]
        except Exception as error:  # noqa: BLE001 - as above
            self._bucket.fail(error, self.address())
        # SeaweedFS lists an empty folder as an object beside its prefix.
        return [
            Listed(item["path"].removeprefix(begin), item["last_modified"], item["e_tag"] or "")
            for item in found
            if item["path"].startswith(begin)
        ]

    def write(
        self, name: str, content: bytes, metadata: Mapping[str, str], expected: str | None = None
    ) -> str:
        """See the port."""
        store = self._bucket.opened()
        import obstore  # noqa: PLC0415 - as above

        try:
            answer = obstore.put(
                store,
                self._bucket.key(name),
                content,
                attributes={"Content-Type": _content_type(name), **metadata},
                mode="overwrite" if expected is None else {"e_tag": expected} if expected else "create",
                use_multipart=False,
            )
        except Exception as error:  # noqa: BLE001 - as above
            # What is gone cannot match either: S3 answers 404 or 412, as the server likes.
            late = type(error).__name__ in _CONFLICTS or "status code: 409" in str(error)
            if expected is not None and late and "NoSuchBucket" not in str(error):
                raise Changed(name) from None
            self._bucket.fail(error, self.address(name), "written")
        return answer["e_tag"] or ""

    def remove(self, name: str) -> None:
        """See the port."""
        store = self._bucket.opened()
        import obstore  # noqa: PLC0415 - as above

        try:
            obstore.delete(store, self._bucket.key(name))
        except FileNotFoundError:
            return
        except Exception as error:  # noqa: BLE001 - as above
            self._bucket.fail(error, self.address(name), "written")


def _mark(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _content_type(name: str) -> str:
    if name.endswith(".tgz"):
        return "application/gzip"
    return "text/plain; charset=utf-8" if name.endswith(".prov") else "application/yaml; charset=utf-8"
