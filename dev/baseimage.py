"""Owns a Python base image for machines that reach no hub: Debian's packages and a house of wheels.

``python -m dev.baseimage --registry HOST:PORT --requirements FILE`` pushes it and prints its reference.
A Dockerfile that begins with it installs those requirements without a network. No root is needed. The
packages' own install scripts do not run; what they would have done is done here, as far as Python needs it.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from dev import cache, debian, oci
from dev.errors import DevError, exit_code
from dev.process import run
from dev.progress import Progress
from dev.wheels import download_for

REPOSITORY = "base/python"
WHEELHOUSE = "/opt/wheelhouse"

_PACKAGES = (
    "base-files",
    "base-passwd",
    "bash",
    "ca-certificates",
    "coreutils",
    "dash",
    "findutils",
    "grep",
    "libc-bin",
    "login",
    "netbase",
    "passwd",
    "python3",
    "python3-pip",
    "sed",
)
_MERGED = ("bin", "lib", "lib64", "sbin")
_NOT_NEEDED = ("usr/share/doc", "usr/share/info", "usr/share/lintian", "usr/share/locale", "usr/share/man")
# Another number makes every machine build the layer anew.
_RECIPE = 2

_ENV = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG": "C.UTF-8",
    "PIP_NO_INDEX": "1",
    "PIP_FIND_LINKS": WHEELHOUSE,
    "PIP_BREAK_SYSTEM_PACKAGES": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
}


def push(
    registry: str, requirements: Sequence[Path], progress: Progress, packages: Sequence[str] = ()
) -> str:
    """Build what is not in the cache yet, push the image, and return its reference.

    Args:
        registry: where to push to.
        requirements: files whose wheels the image carries.
        progress: hears of what takes long.
        packages: further packages of Debian's.
    """
    missing = [str(path) for path in requirements if not path.is_file()]
    if missing:
        raise DevError(f"{', '.join(missing)} is no file: name a requirements file that pip understands.")
    more = "".join(f"-{name}" for name in packages)
    wanted = (*_PACKAGES, *packages)
    system = _layer(
        f"baseimage/system-{_RECIPE}{more}",
        "a Debian system with Python",
        lambda tree, work: _fill_system(tree, work, wanted),
        progress,
    )
    version = (system.folder / "python-version").read_text(encoding="utf-8")
    layers = [system]
    # A tag that stood for other wheels yesterday would be answered from a builder's own store.
    tag = f"{version}-debian{more}"
    if requirements:
        key = _key(requirements, version)
        tag += f"-{key}"
        layers.append(_wheelhouse(requirements, version, key, progress))
    config = {"Env": [f"{name}={value}" for name, value in _ENV.items()], "Cmd": ["python3"]}
    return oci.push(registry, REPOSITORY, tag, layers, config)


def _key(requirements: Sequence[Path], version: str) -> str:
    digest = hashlib.sha256(version.encode())
    for path in requirements:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _wheelhouse(requirements: Sequence[Path], version: str, key: str, progress: Progress) -> oci.Layer:
    def fill(tree: Path, _: Path) -> None:
        house = tree / WHEELHOUSE.lstrip("/")
        house.mkdir(parents=True)
        download_for(version, requirements, house)

    return _layer(f"baseimage/wheels-{key}", "a house of wheels", fill, progress)


def _layer(key: str, what: str, fill: Callable[[Path, Path], None], progress: Progress) -> oci.Layer:
    """The cached layer of a folder that `fill` makes."""

    def build(work: Path) -> None:
        with progress.step(f"Building {what}"), tempfile.TemporaryDirectory(dir=work) as scratch:
            tree = Path(scratch) / "tree"
            tree.mkdir()
            fill(tree, work)
            oci.write_layer(tree, work)

    return oci.Layer(cache.folder(key, build))


def _fill_system(tree: Path, work: Path, packages: Sequence[str]) -> None:
    (tree / "usr").mkdir()
    for name in _MERGED:
        (tree / "usr" / name).mkdir()
        (tree / name).symlink_to(f"usr/{name}")
    status = []
    with tempfile.TemporaryDirectory(dir=work) as downloads:
        for package in debian.download_all(packages, Path(downloads)):
            debian.extract(package, tree)
            status.append(_status(package))
    # Scanners read the inventory here.
    database = tree / "var/lib/dpkg"
    database.mkdir(parents=True, exist_ok=True)
    (database / "status").write_text("\n".join(status), encoding="utf-8")
    for name in _NOT_NEEDED:
        shutil.rmtree(tree / name, ignore_errors=True)
    _finish(tree)
    version = (tree / "usr/bin/python3").readlink().name.removeprefix("python")
    _compile(tree, version)
    (work / "python-version").write_text(version, encoding="utf-8")


def _status(package: Path) -> str:
    control = run(["dpkg-deb", "--field", package]).rstrip()
    name, _, rest = control.partition("\n")
    return f"{name}\nStatus: install ok installed\n{rest}\n"


def _finish(tree: Path) -> None:
    """Do what the packages' install scripts would have done."""
    for name in ("passwd", "group"):
        shutil.copyfile(tree / f"usr/share/base-passwd/{name}.master", tree / "etc" / name)
    authorities = sorted((tree / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = tree / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(path.read_text(encoding="utf-8") for path in authorities), encoding="utf-8")
    for link, target in (("usr/bin/sh", "dash"), ("usr/bin/python", "python3")):
        if not (tree / link).exists():
            (tree / link).symlink_to(target)
    (tree / "tmp").mkdir(exist_ok=True)
    (tree / "tmp").chmod(0o1777)


def _compile(tree: Path, version: str) -> None:
    """Compile the standard library once; every container would do it again otherwise."""
    libraries = tree / "usr/lib/x86_64-linux-gnu"
    python: list[str | Path] = [
        tree / "lib64/ld-linux-x86-64.so.2",
        "--library-path",
        libraries,
        tree / f"usr/bin/python{version}",
    ]
    folders = [tree / f"usr/lib/python{version}", tree / "usr/lib/python3"]
    run(
        [*python, "-m", "compileall", "-q", "-s", tree, "-p", "/", *folders],
        env={"PYTHONHOME": str(tree / "usr"), "PATH": os.environ["PATH"]},
    )


def main(argv: list[str]) -> int:
    """The command line: push the image, and print its reference."""
    parser = argparse.ArgumentParser(prog="python -m dev.baseimage", description="Build a Python base image.")
    parser.add_argument("--registry", required=True, help="where to push to, such as 127.0.0.1:5000")
    parser.add_argument(
        "--requirements", type=Path, action="append", default=[], help="a requirements file (repeatable)"
    )
    parser.add_argument(
        "--package", action="append", default=[], help="a further package of Debian's (repeatable)"
    )
    asked = parser.parse_args(argv)
    print(push(asked.registry, asked.requirements, Progress(), asked.package))
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
