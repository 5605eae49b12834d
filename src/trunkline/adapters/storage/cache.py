"""Charts and indexes that were fetched before, kept by the digest of their bytes in the user's cache directory.

Nothing is taken from here on its own word: the place vouches for what it has (by S3's or HTTP's ETag, by an OCI
digest), and what is read is compared with the digest that names it. Whatever is damaged, or cannot be read or written,
is as if it were not there. Files appear whole, by a rename, so that any number of processes may share the folder.
Values layers never come here: they may hold secrets.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from trunkline.adapters.storage.places import Place, Unchanged
from trunkline.dataclass import dataclass
from trunkline.ports.sources import File

MOST_BYTES = 512 * 1024 * 1024
_OFF = frozenset({"off", "no", "none", "false", "0"})


@dataclass(frozen=True, slots=True)
class _Known:
    """What an address led to: the place's mark for it, its digest, and what the place keeps beside it."""

    mark: str
    digest: str
    metadata: Mapping[str, str] = field(default_factory=dict)


class ChartCache:
    """A folder of contents by digest; None for `root` keeps nothing.

    Args:
        root: made when something is kept.
        most_bytes: beyond it, what was used longest ago goes.
    """

    def __init__(self, root: Path | None, most_bytes: int = MOST_BYTES) -> None:
        self.root = root
        self._most_bytes = most_bytes

    def content(self, digest: str) -> bytes | None:
        """The bytes with that sha256 (hex), if they are here undamaged."""
        if self.root is None:
            return None
        path = self._blob(digest)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content).hexdigest() != digest:
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def keep(self, content: bytes) -> str:
        """Keep bytes; their sha256 in hex."""
        digest = hashlib.sha256(content).hexdigest()
        if self.root is not None and not (path := self._blob(digest)).exists():
            self._write(path, content)
            self._make_room()
        return digest

    def known(self, address: str) -> _Known | None:
        """What an address led to the last time."""
        if self.root is None:
            return None
        try:
            content = json.loads(self._mark(address).read_bytes())
            known = _Known(content["mark"], content["digest"], content["metadata"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        texts = (
            (known.mark, known.digest, *known.metadata.values()) if isinstance(known.metadata, dict) else ()
        )
        return known if texts and all(isinstance(text, str) for text in texts) else None

    def remember(self, address: str, file: File) -> None:
        """Keep a file, and that the address leads to it."""
        if self.root is None or not file.mark:
            return
        known = {"mark": file.mark, "digest": self.keep(file.content), "metadata": dict(file.metadata)}
        self._write(self._mark(address), json.dumps(known).encode())

    def forget(self, address: str) -> None:
        """No longer take what an address led to for what is there."""
        if self.root is not None:
            _remove(self._mark(address))

    def clear(self) -> int:
        """Forget everything; how many bytes that was."""
        freed = 0
        for _, size, path in self._by_age():
            _remove(path)
            freed += size
        if self.root is not None:
            # Beside it lie the commits of git repositories.
            import shutil  # noqa: PLC0415 - seldom wanted

            shutil.rmtree(self.root.with_name("git"), ignore_errors=True)
        return freed

    def size(self) -> tuple[int, int]:
        """How many files are here, and their bytes."""
        sizes = [size for _, size, _ in self._by_age()]
        return len(sizes), sum(sizes)

    def _blob(self, digest: str) -> Path:
        return self._below("sha256", digest)

    def _mark(self, address: str) -> Path:
        # Whatever an address holds, its digest is a file's name.
        return self._below("addresses", hashlib.sha256(address.encode()).hexdigest())

    def _below(self, *parts: str) -> Path:
        return (self.root or Path()).joinpath(*parts)

    def _write(self, path: Path, content: bytes) -> None:
        from tempfile import NamedTemporaryFile  # noqa: PLC0415 - what is known already is only read

        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as temporary:
                try:
                    temporary.write(content)
                    temporary.flush()
                    Path(temporary.name).rename(path)
                except BaseException:
                    _remove(Path(temporary.name))
                    raise

    def _files(self) -> list[Path]:
        if self.root is None:
            return []
        found: list[Path] = []
        for name in ("sha256", "addresses"):
            with contextlib.suppress(OSError):
                found += (self.root / name).iterdir()
        return found

    def _by_age(self) -> list[tuple[float, int, Path]]:
        found = []
        for path in self._files():
            with contextlib.suppress(OSError):
                state = path.stat()
                found.append((state.st_mtime, state.st_size, path))
        return sorted(found)

    def _make_room(self) -> None:
        files = self._by_age()
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= self._most_bytes:
                return
            _remove(path)
            left -= size


class Cached:
    """Implements `Place` over another one: what has not changed there is taken from the cache."""

    commit = ""

    def __init__(self, place: Place, cache: ChartCache) -> None:
        self._place = place
        self._cache = cache

    def address(self, name: str = "") -> str:
        """See `Place`."""
        return self._place.address(name)

    def inside(self, url: str) -> str | None:
        """See `Place`."""
        return self._place.inside(url)

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:
        """See `Place`."""
        if version or unless:
            return self._place.read(name, version, unless)
        key = self._key(name)
        known = self._cache.known(key)
        content = self._cache.content(known.digest) if known else None
        if known is not None and content is not None:
            try:
                file = self._place.read(name, unless=known.mark)
            except Unchanged:
                return File(content, known.metadata, known.mark)
        else:
            file = self._place.read(name)
        if file is not None:
            self._cache.remember(key, file)
        return file

    def forget(self, name: str) -> None:
        """Read a file anew the next time: what came was not what the place has, whatever its mark says."""
        self._cache.forget(self._key(name))

    def _key(self, name: str) -> str:
        # As long as it is: an address that people see may leave out what tells two files apart.
        return f"{self._place.address()} {name}"

    def names(self, beginning: str) -> list[str]:
        """See `Place`."""
        return self._place.names(beginning)

    def folder(self, name: str) -> Path | None:
        """See `Place`."""
        return self._place.folder(name)

    def describe(self) -> str:
        """See `Place`."""
        return self._place.describe()


def cache_directory(environ: Mapping[str, str], home: Path) -> Path | None:
    """`TRUNKLINE_CACHE` (`off` for none), else the user's cache directory (XDG Base Directory Specification)."""
    chosen = environ.get("TRUNKLINE_CACHE", "").strip()
    if chosen.lower() in _OFF:
        return None
    if chosen:
        return Path(chosen).expanduser() / "charts"
    root = environ.get("XDG_CACHE_HOME", "")
    # A relative one is to be ignored, says the specification.
    return (Path(root) if root.startswith("/") else home / ".cache") / "trunkline" / "charts"


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
