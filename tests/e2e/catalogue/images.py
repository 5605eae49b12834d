"""The catalogue's one image: Debian's static busybox, and programs that no node can run."""

from __future__ import annotations

import shutil
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dev import debian, oci

REPOSITORY = "catalogue/tools"
APPLETS = ("cat", "false", "kill", "ls", "rm", "sh", "sleep", "tail", "test", "touch", "true")
_CONFIG: Mapping[str, Any] = {"Env": ["PATH=/bin"], "Cmd": ["sh"]}
_X86_64, _ARM_64 = 62, 183
# The header and one program header of an ELF file of 64 bits come first; the code stands behind them.
_HEADERS = 64 + 56
_BASE = 0x400000


class ToolsImage:
    """The image as a layer on disk, to be pushed under the tag of every commit that is released."""

    def __init__(self, registry: str, folder: Path) -> None:
        self._registry = registry
        self._layer = oci.Layer(folder)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            tree = Path(scratch)
            _fill(tree)
            oci.write_layer(tree, folder)

    def push(self, tag: str) -> str:
        """Put it into the registry under a tag; its reference."""
        return oci.push(self._registry, REPOSITORY, tag, [self._layer], _CONFIG)


def _fill(tree: Path) -> None:
    (tree / "bin").mkdir()
    (tree / "tmp").mkdir()
    shutil.copy(debian.unpack("busybox-static") / "bin" / "busybox", tree / "bin" / "busybox")
    for name in APPLETS:
        (tree / "bin" / name).symlink_to("busybox")
    read_null = b"\x31\xc0\x8b\x00"  # xor eax, eax; mov eax, [rax]
    programs = {
        "garbage": b"\x00\x01\x02 no program at all\n",
        "arm": _elf(_ARM_64, b"\x00\x00\x00\x14"),  # b .
        "segfault": _elf(_X86_64, read_null),
    }
    for name, content in programs.items():
        (tree / "bin" / name).write_bytes(content)
        (tree / "bin" / name).chmod(0o755)
    (tree / "bin" / "locked").write_text("#!/bin/sh\n", encoding="utf-8")
    (tree / "bin" / "locked").chmod(0o644)


def _elf(machine: int, code: bytes) -> bytes:
    """The smallest program of an architecture (System V ABI, "ELF Header" and "Program Header")."""
    size = _HEADERS + len(code)
    identification = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    program = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return identification + header + program + code
