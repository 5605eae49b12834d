"""Owns what comes from Debian: packages installed, packages unpacked without root, and source packages.

Unpacking and sources use package lists of their own in the cache, so they work without root, on a
machine whose lists were cleaned away, and without a trace outside the cache. Where to fetch from is
always read off the machine's own apt configuration.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from dev import cache
from dev.errors import DevError
from dev.process import run, succeeds

_LISTS = "debian/apt"
_LISTS_HINT = "check that apt reaches its package source (`apt-get update` shows it)"


def install(*packages: str) -> None:
    """Install packages that are missing; without root, say which ones to install."""
    missing = [package for package in packages if not _installed(package)]
    if not missing:
        return
    names = " ".join(missing)
    if os.geteuid() != 0:
        raise DevError(
            f"Debian packages are missing: run `sudo apt-get install --no-install-recommends {names}`."
        )
    _require("apt-get", names)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *missing]
    with cache.lock("apt-install"):
        if not succeeds(command, env=env):
            # Missing or stale lists are the usual cause, and fetching them is the usual cure.
            run(["apt-get", "update"], env=env, hint=_LISTS_HINT)
            run(command, env=env, hint=_LISTS_HINT)


def unpack(package: str) -> Path:
    """The folder of a package's unpacked files, fetched once; delete it to have a newer version."""
    return cache.folder(f"debian/unpacked/{package}", lambda work: _unpack(package, work))


def download_all(packages: Sequence[str], folder: Path) -> list[Path]:
    """Download packages and everything that they need on a machine that has nothing yet."""
    nothing = folder / "nothing-installed"
    nothing.touch()
    archives = folder / "archives"
    (archives / "partial").mkdir(parents=True)
    ours = {
        "Dir::State::status": str(nothing),
        "Dir::Cache::archives": str(archives),
        # The lock belongs to the machine's own packages, which this does not touch.
        "Debug::NoLocking": "true",
    }
    options = [word for key, value in ours.items() for word in ("-o", f"{key}={value}")]
    what = ["install", "--yes", "--no-install-recommends", "--download-only", *packages]
    _fetch([*options, *what], folder)
    return sorted(archives.glob("*.deb"))


def extract(archive: Path, tree: Path) -> None:
    """Extract a package over a tree whose ``/bin`` and the like are links, which dpkg alone would replace."""
    into = ["tar", "--extract", "--keep-directory-symlink", "--no-same-owner", "--preserve-permissions"]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE) as source:
        done = subprocess.run([*into, "--directory", tree], stdin=source.stdout, check=False)
    if done.returncode or source.returncode:
        raise DevError(f"{archive.name} could not be extracted to {tree}: check that the disk has room.")


def program(name: str, package: str) -> Path:
    """A program out of a package: the installed one if there is one, else the unpacked one."""
    if found := shutil.which(name):
        return Path(found)
    for folder in ("usr/bin", "usr/sbin", "bin", "sbin"):
        candidate = unpack(package) / folder / name
        if candidate.exists():
            return candidate
    raise DevError(
        f"the Debian package {package} has no program {name}: see dev/debian.py for who asks for it."
    )


def source_version(package: str) -> str:
    """The version of a source package that the machine's package source has now."""
    shown = run([*_apt("apt-cache"), "showsrc", "--only-source", package], hint=_LISTS_HINT)
    versions = re.findall(r"^Version: (\S+)$", shown, re.MULTILINE)
    if not versions:
        raise DevError(f"Debian's package source has no source package {package}: {_LISTS_HINT}.")
    return str(versions[-1])


def source(package: str, folder: Path) -> Path:
    """Unpack a source package, with Debian's patches, below `folder`; return its tree."""
    install("dpkg-dev")
    _fetch(["source", "--quiet", package], folder)
    return next(path for path in folder.iterdir() if path.is_dir())


def _installed(package: str) -> bool:
    query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    return succeeds(query) and run(query) == "installed"


def _unpack(package: str, work: Path) -> None:
    _fetch(["download", package], work)
    archive = next(work.glob("*.deb"))
    run(["dpkg", "-x", archive, work])
    archive.unlink()


def _fetch(what: Sequence[str], folder: Path) -> None:
    """Run apt-get in a folder; lists that name files of yesterday are fetched anew, once."""
    command = [*_apt("apt-get"), *what]
    if not succeeds(command, cwd=folder):
        shutil.rmtree(cache.root() / _LISTS, ignore_errors=True)
        _apt("apt-get")
        run(command, cwd=folder, hint=_LISTS_HINT)


def _apt(program_name: str) -> list[str]:
    """The argv that starts an apt program on lists of our own."""
    _require(program_name, "the development tools' Debian packages")
    lists = cache.folder(_LISTS, _fill_lists)
    return [program_name, *_options(lists)]


def _options(lists: Path) -> list[str]:
    settings = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": str(lists / "sources"),
        "Dir::State::lists": str(lists / "lists"),
        "Dir::Cache": str(lists / "cache"),
        # Root would otherwise fetch as _apt, who may not write to a cache in a home folder.
        "APT::Sandbox::User": "root",
    }
    return [word for key, value in settings.items() for word in ("-o", f"{key}={value}")]


def _fill_lists(work: Path) -> None:
    for name in ("sources", "lists/partial", "cache/archives/partial"):
        (work / name).mkdir(parents=True)
    for number, path in enumerate(_source_files()):
        text = path.read_text(encoding="utf-8")
        with_sources = _deb822(text) if path.suffix == ".sources" else _one_line(text)
        (work / "sources" / f"{number}{path.suffix}").write_text(with_sources, encoding="utf-8")
    run(["apt-get", *_options(work), "update"], hint=_LISTS_HINT)


def _source_files() -> list[Path]:
    """The files in which this machine says where its packages come from."""
    said = run(["apt-config", "shell", "LIST", "Dir::Etc::sourcelist/f", "PARTS", "Dir::Etc::sourceparts/d"])
    where = dict(word.split("=", 1) for word in shlex.split(said))
    single, parts = Path(where["LIST"]), Path(where["PARTS"])
    found = [*([single] if single.is_file() else []), *parts.glob("*.list"), *parts.glob("*.sources")]
    if not found:
        raise DevError(f"apt has no package source in {single} or {parts}: add Debian's before going on.")
    return sorted(found)


def _deb822(text: str) -> str:
    """A ``.sources`` file whose every stanza offers source packages too."""
    return re.sub(r"^Types:.*$", "Types: deb deb-src", text, flags=re.MULTILINE)


def _one_line(text: str) -> str:
    """A ``.list`` file with a ``deb-src`` line for every ``deb`` line."""
    entries = [line for line in text.splitlines() if line.startswith("deb ")]
    return "".join(f"{line}\n{line.replace('deb ', 'deb-src ', 1)}\n" for line in entries)


def _require(name: str, wanted: str) -> None:
    if shutil.which(name) is None:
        raise DevError(
            f"{name} is not on this machine, so {wanted} cannot be fetched: use Debian 12, or a cluster of your own."
        )
