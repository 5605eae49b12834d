"""Owns the cache: where fetched and built things are kept, and that nobody ever sees half of one.

The root is ``$TRUNKLINE_CACHE``, else ``$XDG_CACHE_HOME/trunkline``, else ``~/.cache/trunkline``.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def root() -> Path:
    """The cache's folder, whether it exists yet or not."""
    if chosen := os.environ.get("TRUNKLINE_CACHE"):
        return Path(chosen).expanduser().absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).expanduser().absolute() / "trunkline"
    return Path.home() / ".cache" / "trunkline"


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Hold a lock between processes; the kernel frees it when its holder dies."""
    path = root() / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def folder(key: str, fill: Callable[[Path], None]) -> Path:
    """The cache's folder `key`, filled once: into a temporary folder, then renamed into place."""
    final = root() / key
    if final.is_dir():
        return final
    with lock(key.replace("/", "-")):
        if final.is_dir():
            return final
        final.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{final.name}-", dir=final.parent))
        try:
            fill(work)
            # mkdtemp's 0700 would shut other users out of a cache that is shared on purpose.
            work.chmod(0o755)
            work.rename(final)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return final
