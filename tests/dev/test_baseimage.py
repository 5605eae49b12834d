"""The base image is a registry's image like any other, and carries the wheels of the requirements."""

from __future__ import annotations

import io
import json
import shutil
import tarfile
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from dev import baseimage
from dev.errors import DevError
from dev.progress import Progress
from dev.registry import Registry

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs Debian's apt")

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={"Accept": MANIFEST}), timeout=10
    ) as answer:
        return bytes(answer.read())


def members(repository: str, layer: dict[str, Any]) -> set[str]:
    with tarfile.open(fileobj=io.BytesIO(fetch(f"{repository}/blobs/{layer['digest']}"))) as tar:
        assert {entry.uid for entry in tar} == {0}
        return set(tar.getnames())


def test_it_holds_python_and_the_wheels(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("markupsafe==3.0.2\n")
    with Registry() as registry:
        reference = baseimage.push(registry.host, [requirements], Progress())
        again = baseimage.push(registry.host, [requirements], Progress())
        assert reference == again
        name, _, tag = reference.rpartition(":")
        assert name == f"{registry.host}/base/python"
        assert tag.startswith("3.11-debian-")
        repository = f"{registry.url}/v2/base/python"
        manifest = json.loads(fetch(f"{repository}/manifests/{tag}"))
        config = json.loads(fetch(f"{repository}/blobs/{manifest['config']['digest']}"))
        system, wheels = (members(repository, layer) for layer in manifest["layers"])
    assert {"PIP_NO_INDEX=1", "PIP_FIND_LINKS=/opt/wheelhouse", "PIP_BREAK_SYSTEM_PACKAGES=1"} <= set(
        config["config"]["Env"]
    )
    assert {"./usr/bin/python", "./usr/bin/pip", "./usr/bin/sh", "./bin", "./var/lib/dpkg/status"} <= system
    assert "./bin/sh" not in system
    assert [name for name in wheels if "cp311" in name and "markupsafe-3.0.2" in name.lower()]


def test_a_missing_requirements_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DevError, match=r"absent\.txt is no file"):
        baseimage.push("127.0.0.1:1", [tmp_path / "absent.txt"], Progress())
