"""What Helm itself reads in values files, through a chart of our own that repeats them; no cluster is asked.

No YAML parser of Python types values as Helm does (`yes`, `0755`, `1e3`, the key `y`), so that Helm says what they are:
one `helm template` gives each layer alone and all of them merged. They come back in base64, which hides them from
nobody but keeps any text whole.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from trunkline.errors import UsageError
from trunkline.expressions import expression
from trunkline.ports import Command, Processes
from trunkline.ports.helm import ValuesRead

_KEY = "trunklineLayers"
_CHART = "apiVersion: v2\nname: values\nversion: 0.0.0\n"
_TEMPLATE = f"""
{{{{- $layers := list -}}}}
{{{{- range .Values.{_KEY} -}}}}{{{{- $layers = append $layers (fromYaml .) -}}}}{{{{- end -}}}}
kind: Values
merged: {{{{ omit .Values "{_KEY}" | toJson | b64enc }}}}
layers: {{{{ $layers | toJson | b64enc }}}}
chart: {{{{ .Files.Get "own.yaml" | fromYaml | toJson | b64enc }}}}
"""
_TOLD = expression(r"^(merged|layers|chart): (\S+)$", re.MULTILINE)
_UNREADABLE = expression(r"failed to parse \S*/layer-(\d+)\.yaml: (.*)", re.DOTALL)
_TIMEOUT_S = 60.0


class HelmValues:
    """Implements the port `ValuesReader` with the `helm` on PATH."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    def read(self, own: str, layers: Sequence[tuple[str, Path]], pins: Mapping[str, Any]) -> ValuesRead:
        """See the port."""
        with TemporaryDirectory(prefix="trunkline-") as directory:
            told = self._told(Path(directory), own, layers, pins)
        return ValuesRead(told["chart"], tuple(told["layers"]), told["merged"])

    def complaints(self, chart: Path, layers: Sequence[Path], pins: Mapping[str, Any]) -> str:
        """See the port."""
        with TemporaryDirectory(prefix="trunkline-") as directory:
            argv = [
                "helm",
                "template",
                "values",
                str(chart),
                *_named(Path(directory), layers),
                "--values",
                "-",
            ]
            # What it renders are values, among them secrets.
            command = Command(tuple(argv), stdin=json.dumps(pins), timeout_s=_TIMEOUT_S, private=True)
            try:
                done = self._processes.run(command)
            except TimeoutError:
                # The release has a bound of its own; here it is only looked whether something is wrong.
                return ""
        return done.stderr if done.code else ""

    def _told(
        self, directory: Path, own: str, layers: Sequence[tuple[str, Path]], pins: Mapping[str, Any]
    ) -> dict[str, Any]:
        chart = directory / "chart"
        (chart / "templates").mkdir(parents=True)
        files = {"Chart.yaml": _CHART, "values.yaml": own, "own.yaml": own, "templates/told.yaml": _TEMPLATE}
        for name, text in files.items():
            (chart / name).write_text(text, encoding="utf-8")
        argv = ["helm", "template", "values", str(chart)]
        argv += _named(directory, [path for _, path in layers])
        for number, plain in enumerate(argv[5::2]):
            argv += ["--set-file", f"{_KEY}[{number}]={plain}"]
        # Its output is values, among them secrets: it goes to nobody but us.
        command = Command(
            (*argv, "--values", "-"), stdin=json.dumps(pins), timeout_s=_TIMEOUT_S, private=True
        )
        try:
            done = self._processes.run(command)
        except TimeoutError as error:
            raise UsageError(
                f"Helm did not read the values within {_TIMEOUT_S:.0f} s.", "Look for a huge values layer."
            ) from error
        if done.code != 0:
            raise _unreadable(done.stderr, [name for name, _ in layers])
        try:
            return {
                name: json.loads(base64.b64decode(text)) or ([] if name == "layers" else {})
                for name, text in _TOLD.findall(done.stdout)
            }
        except RecursionError:
            raise UsageError(
                "The values are nested too deep to be shown.", "Look for brackets that nobody closed."
            ) from None


def _named(directory: Path, layers: Sequence[Path]) -> list[str]:
    """The options for layers, under names that Helm takes as they are: a comma ends one."""
    argv = []
    for number, path in enumerate(layers):
        plain = directory / f"layer-{number}.yaml"
        plain.symlink_to(path.absolute())
        argv += ["--values", str(plain)]
    return argv


def _unreadable(said: str, names: Sequence[str]) -> UsageError:
    if found := _UNREADABLE.search(said):
        why = " ".join(found[2].split())
        if (
            "cannot unmarshal array" in why
            or "cannot unmarshal string" in why
            or "Go value of type map" in why
        ):
            why = "it holds no keys with values at its top"
        return UsageError(
            f"The values layer {names[int(found[1])]} cannot be read by Helm: {why.rstrip('.')}.",
            "Correct the file.",
        )
    text = " ".join(said.split()).removeprefix("Error: ").rstrip(".")
    return UsageError(f"Helm cannot read the values: {text}.", "Correct the chart's values.yaml.")
