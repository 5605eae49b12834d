"""Deploy images: built for real, run as nobody in particular, and deploying from inside."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.deploy_image import base_image, build_wheel, download_site
from tests.e2e.workbench import Workbench

pytestmark = pytest.mark.cluster

_MOST_BYTES = 250_000_000
_MANIFEST = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


def _compressed(reference: str) -> int:
    """What has to be pulled: the layers as the registry keeps them, in bytes."""
    repository, _, digest = reference.partition("@")
    host, _, path = repository.rpartition(":")[0].partition("/")
    request = urllib.request.Request(
        f"http://{host}/v2/{path}/manifests/{digest}", headers={"Accept": _MANIFEST}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        manifest = json.load(answer)
    return sum(int(layer["size"]) for layer in manifest["layers"])


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """A base, a wheel and a download site."""
    folder = tmp_path_factory.mktemp("deploy-image")
    (folder / "wheel").mkdir()
    (folder / "site").mkdir()
    base = base_image(os.environ["TRUNKLINE_TEST_REGISTRY"], folder)
    with download_site(folder / "site") as url:
        yield base, build_wheel(folder / "wheel"), url


@pytest.fixture
def repository(workbench: Workbench, parts: tuple[str, Path, str]) -> Workbench:
    """The sample with its chart, and with what its deploy images are made of."""
    base, wheel, url = parts
    (workbench.directory.parent / "charts").rename(workbench.directory / "charts")
    shutil.copy(wheel, workbench.directory)
    file = workbench.directory / "trunkline.yaml"
    text = file.read_text(encoding="utf-8").replace("../charts/backend", "charts/backend")
    file.write_text(
        f"{text}\nci:\n  images:\n    base: {base}\n    wheel: {wheel.name}\n    helm_from: {url}\n"
        f"    kubectl_from: {url}\n    kubectl: {{dev: 1.37.1, qa: 1.37.1, prod: 1.37.1}}\n",
        encoding="utf-8",
    )
    return workbench


def _in_container(reference: str, script: str, volumes: dict[Path, str], env: dict[str, str]) -> str:
    """What a script says that is run in an image, by the image's own user."""
    made = subprocess.run(
        ["buildah", "from", "--tls-verify=false", reference], capture_output=True, text=True, check=True
    )
    container = made.stdout.strip().splitlines()[-1]
    try:
        argv = ["buildah", "run", "--isolation", "chroot"]
        argv += [word for path, place in volumes.items() for word in ("--volume", f"{path}:{place}")]
        argv += [word for name, value in env.items() for word in ("--env", f"{name}={value}")]
        done = subprocess.run(
            [*argv, container, "--", "bash", "-eo", "pipefail", "-c", script],
            capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
    finally:
        subprocess.run(["buildah", "rm", container], capture_output=True, check=True)
        subprocess.run(
            ["buildah", "rmi", "--force", reference.partition("@")[0]], capture_output=True, check=False
        )


def test_an_image_deploys_from_inside(repository: Workbench, tmp_path: Path) -> None:
    """By a user who is not root, with Helm, kubectl, git and Trunkline of the versions that were asked for."""
    first = repository.succeed("ci", "images", "--lock", "--push", "--output", "json").json
    assert [(item["environment"], item["kubectl"], item["reused"]) for item in first] == [
        (name, "1.37.1", False) for name in ("dev", "qa", "prod")
    ]
    again = repository.succeed("ci", "images", "dev", "--push", "--output", "json").json
    assert [item["reused"] for item in again] == [True]
    assert again[0]["image"] == first[0]["image"]
    repository.succeed("ci", "generate", "circleci")
    config = (repository.directory / ".circleci" / "config.yml").read_text(encoding="utf-8")
    pinned = {
        line.strip().removeprefix("- image: ").strip('"')
        for line in config.splitlines()
        if "-deploy:" in line
    }
    assert len(pinned) == 3
    assert all("@sha256:" in item for item in pinned)
    assert repository.succeed("ci", "check").stdout.endswith("nothing is wrong\n")
    sha = repository.commit("A deploy image")
    repository.succeed("build")
    reference = next(item for item in pinned if "-deploy:dev-" in item)
    size = _compressed(reference)
    assert size < _MOST_BYTES, size
    kubeconfig = tmp_path / "kubeconfig"
    shutil.copy(repository.environment["KUBECONFIG"], kubeconfig)
    kubeconfig.chmod(0o644)
    told = _in_container(
        reference,
        "id -u; helm version --short; kubectl version --client | head -1; git --version; trunkline --version;"
        " ! touch /usr/local/bin/x 2>/dev/null;"
        " git config --global safe.directory '*'; git clone --quiet /origin project; cd project;"
        " trunkline release dev",
        {repository.directory: "/origin:ro", kubeconfig: "/kubeconfig:ro"},
        {
            "KUBECONFIG": "/kubeconfig", "CI": "true", "CIRCLECI": "true", "CIRCLE_SHA1": sha, "CIRCLE_BRANCH": "main",
            "SAMPLE_REGISTRY": repository.environment["SAMPLE_REGISTRY"], "TRUNKLINE_LOCAL_REGISTRY": "off",
        },
    )  # fmt: skip
    user, *versions = told.splitlines()
    assert user == "3434"
    assert [
        "v4.3.1" in versions[0],
        "v1.37.1" in versions[1],
        versions[2].startswith("git version"),
        versions[3].startswith("trunkline "),
    ] == [True] * 4
    assert "dev: " in told
    (standing, *_) = repository.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (sha, True)


def test_what_comes_is_what_was_locked(repository: Workbench) -> None:
    """Another Helm at the same address ends the build; nothing is pushed."""
    repository.succeed("ci", "images", "--lock")
    lock = repository.directory / "deploy-images.lock"
    content = json.loads(lock.read_text(encoding="utf-8"))
    content["helm"]["sha256"] = "0" * 64
    lock.write_text(json.dumps(content), encoding="utf-8")
    failed = repository.trunkline("ci", "images", "dev", "--push")
    assert failed.code == 1, str(failed)
    assert "sha256sum" in failed.stderr or "checksum" in failed.stderr
