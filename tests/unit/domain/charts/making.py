"""Chart archives, good and bad."""

from __future__ import annotations

import gzip
import io
import tarfile

from trunkline.domain.charts.metadata import read_metadata
from trunkline.domain.charts.packing import pack


def chart_yaml(name: str = "backend", version: str = "1.0.0", more: str = "") -> str:
    return f"apiVersion: v2\nname: {name}\nversion: {version}\n{more}"


def chart(name: str = "backend", version: str = "1.0.0", more: str = "") -> bytes:
    text = chart_yaml(name, version, more)
    return pack(read_metadata(text), {"Chart.yaml": text.encode(), "templates/a.yaml": b"a: b\n"})


def tar(*members: tuple[tarfile.TarInfo | str, bytes]) -> bytes:
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as archive:
        for member, content in members:
            entry = tarfile.TarInfo(member) if isinstance(member, str) else member
            entry.size = len(content) if entry.isreg() else 0
            archive.addfile(entry, io.BytesIO(content))
    return gzip.compress(target.getvalue(), mtime=0)


def special(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, link
    return entry, b""
