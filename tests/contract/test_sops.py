"""Encrypted values layers, with the real sops and the real Helm."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dev import tools
from tests.fakes.projects import a_project
from tests.fakes.world import FakeWorld, fake_world
from trunkline.adapters.helm_values import HelmValues
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.sops import SopsDecryptor
from trunkline.app.release import release
from trunkline.app.values import merged_values
from trunkline.domain.redaction import Redactor
from trunkline.domain.values.encryption import is_encrypted
from trunkline.errors import Refused, Unreachable, UsageError

# Made of the bytes sha256("test key 1") and sha256("test key 2"): they open nothing but these tests' own layers.
KEY, RECIPIENT = (
    "AGE-SECRET-KEY-1NJTLM7MRLWXSGE3YJCFMKXGSJEXR6PG9WGSXFL23TVD649S0MWVQGU40WA",
    "age1ls058mm4wm46dxdrh4hmn0p0dw82d8vrev4l3zveuqyg8lc54prsvuvxzr",
)
OTHER_KEY = "AGE-SECRET-KEY-1JRS6DHCLLF2Y98CUS8V9ZMTW08RL6MED7FQ47W4HJJE5MJQWGP6QL8Q5PT"
SECRET = "correct-horse-battery"
CLEAR = f"replicas: 3\nsmtp:\n    host: mail.example.com\n    pass: {SECRET}\n"


def environ(key: str = KEY, tmp: Path = Path("/nonexistent")) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SOPS_")}
    path = os.pathsep.join((str(tools.path("sops").parent), str(tools.helm(4).parent), os.environ["PATH"]))
    return {**kept, "PATH": path, "HOME": str(tmp), **({"SOPS_AGE_KEY": key} if key else {})}


def encrypted(text: str = CLEAR, kind: str = "yaml") -> bytes:
    argv = [
        str(tools.path("sops")),
        "--encrypt",
        "--age",
        RECIPIENT,
        "--encrypted-regex",
        "^(pass|replicas)$",
    ]
    argv += ["--input-type", kind, "--output-type", kind, "/dev/stdin"]
    quiet = {**environ(), "SOPS_DISABLE_VERSION_CHECK": "1"}
    return subprocess.run(
        argv, input=text.encode(), env=quiet, check=True, capture_output=True, timeout=60
    ).stdout


def decryptor(env: Mapping[str, str], redactor: Redactor | None = None) -> SopsDecryptor:
    redactor = redactor or Redactor()
    return SopsDecryptor(SubprocessProcesses(dict(env), redactor), redactor)


@pytest.mark.parametrize("kind", ["yaml", "json"])
def test_a_layer_is_read_in_memory(kind: str) -> None:
    """The plain text is what was encrypted; it is on no disk, can be opened again and again, and is gone afterwards."""
    text = CLEAR if kind == "yaml" else json.dumps({"replicas": 3, "smtp": {"pass": SECRET}})
    layer = encrypted(text, kind)
    assert is_encrypted(layer)
    assert SECRET.encode() not in layer
    with decryptor(environ()).decrypted(layer, f"prod.{kind}") as path:
        assert str(path).startswith("/proc/")
        assert "memfd" in str(path.readlink())
        for _ in range(2):
            assert SECRET in path.read_text()
    assert not path.exists()


def test_helm_reads_it() -> None:
    """Helm takes a decrypted layer as any other, with the types that its values had."""
    processes = SubprocessProcesses(environ(), Redactor())
    with decryptor(environ()).decrypted(encrypted(), "prod.yaml") as path:
        read = HelmValues(processes).read("", [("prod.yaml", path)], {})
    assert read.merged == {"replicas": 3, "smtp": {"host": "mail.example.com", "pass": SECRET}}


def test_what_was_secret_is_hidden() -> None:
    """What was encrypted is masked from then on wherever it might appear; what stood there plainly is not."""
    redactor = Redactor()
    with decryptor(environ(), redactor).decrypted(encrypted(), "prod.yaml"):
        pass
    assert redactor.text(f"{SECRET} at mail.example.com") == "***** at mail.example.com"


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ("no key", Refused, r"prod\.yaml cannot be decrypted: none of its keys is at hand \(failed to"),
        ("another key", Refused, r"prod\.yaml cannot be decrypted: none of its keys is at hand \(failed to"),
        ("another value", UsageError, "somebody changed it by hand, or damaged it"),
        ("a plain value", UsageError, "somebody changed it by hand, or damaged it"),
        ("no sops", UsageError, r"prod\.yaml is encrypted with SOPS, and sops is not installed here"),
    ],
)
def test_what_cannot_be_decrypted(change: str, kind: type[Exception], message: str, tmp_path: Path) -> None:
    """A missing key, another one, a layer that was changed, and a missing program are each a sentence of their own."""
    layer, env = encrypted(), environ(tmp=tmp_path)
    match change:
        case "no key":
            env = environ("", tmp_path)
        case "another key":
            env = environ(OTHER_KEY, tmp_path)
        case "another value":
            begin = layer.index(b"data:") + 5
            layer = layer[:begin] + (b"B" if layer[begin : begin + 1] == b"A" else b"A") + layer[begin + 1 :]
        case "a plain value":
            layer = layer.replace(b"mail.example.com", b"evil.example.com")
        case _:
            env["PATH"] = str(tmp_path)
    with pytest.raises(kind, match=message) as caught, decryptor(env).decrypted(layer, "prod.yaml"):
        pytest.fail("it was decrypted")
    assert SECRET not in str(caught.value)


def test_sops_that_hangs(tmp_path: Path) -> None:
    """A key service that does not answer is exit code 7."""
    program = tmp_path / "sops"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    with (
        pytest.raises(UsageError, match=r"sops cannot decrypt the values layer prod\.yaml: exit code 3"),
        decryptor({"PATH": str(tmp_path)}).decrypted(encrypted(), "prod.yaml"),
    ):
        pytest.fail("it was decrypted")

    class Hanging(SubprocessProcesses):
        def run(self, *_: object, **__: object) -> object:  # type: ignore[override]  # whatever is run
            raise TimeoutError

    hanging = SopsDecryptor(Hanging(environ(), Redactor()), Redactor())  # type: ignore[arg-type]  # as above
    with pytest.raises(Unreachable, match="did not decrypt"), hanging.decrypted(encrypted(), "prod.yaml"):
        pytest.fail("it was decrypted")


def a_world() -> FakeWorld:
    """A service whose environment dev has an encrypted layer; sops and Helm's reading are real."""
    fake = fake_world(a_project())
    fake.storage.files["s3://values"]["dev.yaml"] = encrypted()
    redactor = fake.world.redactor
    processes = SubprocessProcesses(environ(), redactor)
    fake.world = replace(
        fake.world, decryptor=SopsDecryptor(processes, redactor), values=HelmValues(processes)
    )
    fake.pushed()
    return fake


def test_a_release_with_an_encrypted_layer() -> None:
    """Helm gets the plain layer; what is noted of it is the digest of what is kept, and no plain text stays anywhere."""
    fake = a_world()
    seen: list[str] = []

    def render(name: str, values: Mapping[str, Any]) -> list[dict[str, object]]:
        # What Helm gets is read while it is at work: afterwards it is gone.
        seen.append(values["smtp"]["pass"])
        return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}]

    fake.helm.render = render
    plan = release(fake.world, "dev").plan
    assert seen == [SECRET]
    assert plan.ingredients is not None
    layer = plan.ingredients.layer("dev.yaml")
    assert layer is not None
    assert re.fullmatch(r"[0-9a-f]{64}", layer.digest)
    assert SECRET not in repr(fake.ledger) + repr(fake.helm.records) + " ".join(fake.recorder.notes)


def test_values_of_an_encrypted_layer_are_masked() -> None:
    """`trunkline values` shows where a value of an encrypted layer comes from, and never the value."""
    shown = {
        ".".join(item.keys): (item.value, item.layer) for item in merged_values(a_world().world, "dev").values
    }
    assert shown["smtp.pass"] == ("*****", "dev.yaml")
    assert shown["smtp.host"] == ("*****", "dev.yaml")
    assert shown["name"] == ("base.yaml", "base.yaml")


def test_what_helm_cannot_read_is_named_as_a_layer() -> None:
    """The plain text has no name of its own that anybody would know."""
    processes = SubprocessProcesses(environ(), Redactor())
    with decryptor(environ()).decrypted(encrypted(), "prod.yaml") as path:
        path.write_text("a: [\n")
        with pytest.raises(UsageError, match=r"^The values layer prod\.yaml cannot be read by Helm"):
            HelmValues(processes).read("", [("prod.yaml", path)], {})
