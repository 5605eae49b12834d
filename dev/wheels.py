"""Owns the fetching of pinned wheels with pip, checked against the hashes written in this repository."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from dev.errors import DevError
from dev.process import run, succeeds


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
