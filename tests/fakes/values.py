"""Helm as a reader of values, without Helm: files are JSON or one `key: text` a line; passes the contract tests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trunkline.errors import Refused, UsageError
from trunkline.ports.helm import ValuesRead


class FakeDecryptor:
    """Implements the port `Decryptor`: what begins with `ENC[` was written backwards."""

    def __init__(self) -> None:
        self.trouble = ""

    @contextmanager
    def decrypted(self, content: bytes, name: str) -> Iterator[Path]:
        if self.trouble:
            raise Refused(f"The values layer {name} cannot be decrypted: {self.trouble}.")
        lines = content.decode().partition("sops:")[0].splitlines()
        keys = [line.partition(": ") for line in lines]
        text = "".join(
            f"{key}: {value[4:-1][::-1] if value.startswith('ENC[') else value}\n" for key, _, value in keys
        )
        with TemporaryDirectory() as directory:
            path = Path(directory) / "clear.yaml"
            path.write_text(text)
            yield path


class FakeValues:
    """Implements the port `ValuesReader`; `complaint` is what Helm says against the chart with these values."""

    complaint = ""

    def complaints(self, chart: Path, layers: Sequence[Path], pins: Mapping[str, Any]) -> str:
        del chart, layers, pins
        return self.complaint

    def read(self, own: str, layers: Sequence[tuple[str, Path]], pins: Mapping[str, Any]) -> ValuesRead:
        chart, read = (
            _parse("values.yaml", own),
            tuple(_parse(name, path.read_text()) for name, path in layers),
        )
        laid: dict[str, Any] = {}
        for layer in (*read, pins):
            laid = _merge(laid, layer)
        return ValuesRead(chart, read, _on_chart(laid, chart))


def _parse(name: str, text: str) -> dict[str, Any]:
    if text.lstrip().startswith(("{", "[")):
        values = json.loads(text)
    else:
        values = {
            key: json.loads(item) if item.isdigit() else item
            for key, item in (line.split(": ", 1) for line in text.splitlines() if line)
        }
    if not isinstance(values, dict):
        raise UsageError(
            f"The values layer {name} cannot be read by Helm: it holds no keys with values at its top."
        )
    return values


def _merge(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        deep = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if deep else value
    return merged


def _on_chart(laid: Mapping[str, Any], chart: Mapping[str, Any]) -> dict[str, Any]:
    """The chart's own values below the others; a null takes one of them away."""
    merged = {key: value for key, value in laid.items() if value is not None or key not in chart}
    for key, value in chart.items():
        if key not in laid:
            merged[key] = value
        elif isinstance(value, Mapping) and isinstance(laid[key], Mapping):
            merged[key] = _on_chart(laid[key], value)
    return merged
