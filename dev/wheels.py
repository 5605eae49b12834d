"""Owns the fetching of pinned wheels with pip, checked against the hashes written in this repository."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.errors import DevError
from dev.process import run, succeeds

# Debian 12's C library is 2.36; wheels for it and for every older one that is still in use.
_PLATFORMS = (
    "linux_x86_64",
    "manylinux2014_x86_64",
    *(f"manylinux_2_{minor}_x86_64" for minor in range(5, 37)),
)


@dataclass(frozen=True)
class Wheel:
    """One exact file of a package index."""

    package: str
    version: str
    sha256: str


def pip() -> list[str]:
    """The argv that starts a working pip: this interpreter's if it has one, else the one on PATH."""
    if succeeds([sys.executable, "-m", "pip", "--version"]):
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip3") or shutil.which("pip"):
        return [found]
    raise DevError(
        f"{sys.executable} has no pip and none is on PATH: run `python3 -m ensurepip`, or install python3-pip."
    )


def download(wheel: Wheel, folder: Path) -> Path:
    """Download a wheel without what it depends on; pip refuses a file whose hash differs."""
    pin = folder / "pin.txt"
    pin.write_text(f"{wheel.package}=={wheel.version} --hash=sha256:{wheel.sha256}\n", encoding="utf-8")
    run(
        [
            *pip(),
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
            "--require-hashes",
            "-d",
            folder,
            "-r",
            pin,
        ],
        hint=f"{wheel.package} {wheel.version} could not be fetched, check that pip reaches a package index",
    )
    return next(folder.glob("*.whl"))


def download_for(version: str, requirements: Sequence[Path], folder: Path) -> None:
    """Download the wheels that requirements files need on Linux with another Python than ours."""
    run(
        [
            *pip(),
            "download",
            "--quiet",
            "--only-binary=:all:",
            f"--python-version={version}",
            "--implementation=cp",
            *(f"--platform={name}" for name in _PLATFORMS),
            f"--dest={folder}",
            *(f"--requirement={path}" for path in requirements),
        ],
        hint=f"check that each requirement has a wheel for Python {version} on Linux",
    )
