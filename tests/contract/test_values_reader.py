"""The port `ValuesReader`: the fake, and Helm 4 and Helm 3 without any cluster."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dev.tools import helm
from tests.fakes.values import FakeValues
from trunkline.adapters.helm_values import HelmValues
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError
from trunkline.ports.helm import ValuesReader


def real(major: int) -> ValuesReader:
    # What runs beside us may have a cluster; this reader must need none.
    environ = {"PATH": f"{helm(major).parent}{os.pathsep}{os.environ['PATH']}", "KUBECONFIG": "/dev/null"}
    return HelmValues(SubprocessProcesses({**environ, "HOME": "/nonexistent"}, Redactor()))


@pytest.fixture(params=["fake", "helm 4", "helm 3"])
def reader(request: pytest.FixtureRequest) -> ValuesReader:
    return FakeValues() if request.param == "fake" else real(int(request.param[-1]))


def layer(folder: Path, name: str, text: str | bytes) -> tuple[str, Path]:
    # A decrypted layer is no file of its name.
    path = folder / f"7-{name}"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name, path


def test_layers_are_merged_over_the_chart(reader: ValuesReader, tmp_path: Path) -> None:
    """Maps are merged deep, lists are replaced, null takes a key of the chart away, and the pins win."""
    own = '{"a": 1, "gone": 5, "m": {"x": 1, "l": [1, 2]}, "image": {"tag": "none"}}'
    base = layer(tmp_path, "base.yaml", '{"b": 2, "m": {"l": [3]}, "gone": null}')
    prod = layer(tmp_path, "prod, eu.yaml", '{"b": 3, "m": {"y": {}}}')
    read = reader.read(own, (base, prod), {"image": {"tag": "abc"}})
    assert read.merged == {"a": 1, "b": 3, "m": {"x": 1, "l": [3], "y": {}}, "image": {"tag": "abc"}}
    assert read.layers == ({"b": 2, "m": {"l": [3]}, "gone": None}, {"b": 3, "m": {"y": {}}})
    assert read.chart["m"] == {"x": 1, "l": [1, 2]}


def test_nothing_is_fine(reader: ValuesReader, tmp_path: Path) -> None:
    """A chart without values, no layers and an empty layer are no mistake."""
    assert reader.read("", (), {}).merged == {}
    assert reader.read("", (layer(tmp_path, "empty.yaml", ""),), {}).layers == ({},)


@pytest.mark.parametrize("text", ['["a"]', '[{"a": 1}]'])
def test_a_layer_that_holds_no_keys(reader: ValuesReader, tmp_path: Path, text: str) -> None:
    """A layer that is a list is one sentence that names the file."""
    good = layer(tmp_path, "base.yaml", '{"a": 1}')
    with pytest.raises(UsageError) as caught:
        reader.read("", (good, layer(tmp_path, "prod.yaml", text)), {})
    assert caught.value.message == (
        "The values layer prod.yaml cannot be read by Helm: it holds no keys with values at its top."
    )


@pytest.mark.parametrize("major", [4, 3])
def test_the_typing_is_helms(major: int, tmp_path: Path) -> None:
    """What no parser of Python reads as Helm does comes as Helm reads it."""
    text = "a: yes\ny: 1\noctal: 0755\ne: 1e3\nday: 2001-01-01\nday: 2002-02-02\nversion: 1.10\n"
    read = real(major).read("", (layer(tmp_path, "base.yaml", text),), {})
    expected = {"a": True, "true": 1, "octal": 493, "e": 1000, "day": "2002-02-02", "version": 1.1}
    assert read.merged == expected
    assert read.layers == (expected,)


@pytest.mark.parametrize("major", [4, 3])
@pytest.mark.parametrize(
    "content",
    [
        b"a: [\n",
        b"a: \xff\n",
        b"just text\n",
        b"a: *nobody\n",
        b"a: " + b"[" * 20_000,
        b"a: &a [x,x,x,x,x,x,x,x,x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (n, n, b",".join([b"*%c" % (n - 1)] * 9)) for n in b"bcdefghi"),
    ],
    ids=["half", "bytes", "scalar", "alias", "deep", "bomb"],
)
def test_hostile_layers(major: int, content: bytes, tmp_path: Path) -> None:
    """Whatever a layer holds, what Helm does not read is one sentence that names the file, and nothing is left."""
    with pytest.raises(UsageError, match=r"^The values layer prod\.yaml cannot be read by Helm: .*\.$"):
        real(major).read("a: 1\n", (layer(tmp_path, "prod.yaml", content),), {})
    assert [path.name for path in tmp_path.iterdir()] == ["7-prod.yaml"]
