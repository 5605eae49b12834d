"""The tools are the versions that they are called, under names that scripts call."""

from __future__ import annotations

import subprocess

import pytest

from dev import tools
from dev.errors import DevError


@pytest.mark.parametrize("major", [3, 4])
def test_helm_is_the_version_asked_for(major: int) -> None:
    path = tools.helm(major)
    said = subprocess.run([path, "version", "--short"], capture_output=True, text=True, check=True).stdout
    assert path.name == "helm"
    assert said.startswith(f"v{tools.TOOLS[f'helm{major}'].version}")


def test_kubectl_is_the_version_that_it_is_called() -> None:
    path = tools.kubectl()
    said = subprocess.run([path, "version", "--client"], capture_output=True, text=True, check=True).stdout
    assert path.name == "kubectl"
    assert f"v{tools.TOOLS['kubectl'].version}" in said


def test_another_helm_is_refused() -> None:
    with pytest.raises(DevError, match="Helm 2 is not among the tools"):
        tools.helm(2)
