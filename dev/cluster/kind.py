"""Owns the cluster on a machine with a Docker engine and kind, the ordinary choice where a hub is reached.

It follows kind's own recipe for a local registry. It was never run on a machine without an engine,
where the rest of this package was made and is tested.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dev import cache
from dev.cluster.reach import Reach
from dev.process import run, succeeds
from dev.progress import Progress

_NAME = "trunkline-dev"
_REGISTRY = "trunkline-dev-registry"
# The engine, not this package, decides where an unqualified image name comes from.
_REGISTRY_IMAGE = "registry:2"

_CONFIG = """\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
containerdConfigPatches:
- |-
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
"""


def available() -> bool:
    """Whether an engine, not only its client, and kind are here."""
    return shutil.which("kind") is not None and succeeds(["docker", "info"])


def up(port: int, progress: Progress) -> Reach:
    """Start kind and a registry that it pulls from, unless they run."""
    if not succeeds(["docker", "start", _REGISTRY]):
        with progress.step("Starting a registry"):
            published = f"127.0.0.1:{port}:5000"
            run(
                [
                    "docker",
                    "run",
                    "-d",
                    "--restart=always",
                    "-p",
                    published,
                    "--name",
                    _REGISTRY,
                    _REGISTRY_IMAGE,
                ]
            )
    if not is_up():
        with progress.step("Starting kind"):
            run(
                ["kind", "create", "cluster", "--name", _NAME, "--config", "-", "--wait", "5m"], stdin=_CONFIG
            )
    folder = f"/etc/containerd/certs.d/127.0.0.1:{port}"
    for name in run(["kind", "get", "nodes", "--name", _NAME]).split():
        hosts = f'[host."http://{_REGISTRY}:5000"]\n'
        script = f"mkdir -p {folder} && cat > {folder}/hosts.toml"
        run(["docker", "exec", "-i", name, "sh", "-c", script], stdin=hosts)
    succeeds(["docker", "network", "connect", "kind", _REGISTRY])
    return reach(port)


def down() -> None:
    """Remove the cluster and its registry."""
    run(["kind", "delete", "cluster", "--name", _NAME])
    run(["docker", "rm", "--force", "--volumes", _REGISTRY])
    shutil.rmtree(cache.root() / "kind", ignore_errors=True)


def is_up() -> bool:
    """Whether kind knows the cluster."""
    return _NAME in run(["kind", "get", "clusters"]).split()


def reach(port: int) -> Reach:
    """What a test needs to know."""
    kubeconfig = cache.root() / "kind" / "kubeconfig"
    kubeconfig.parent.mkdir(parents=True, exist_ok=True)
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(run(["kind", "get", "kubeconfig", "--name", _NAME]), encoding="utf-8")
    return Reach(Path(kubeconfig), f"127.0.0.1:{port}", _address(), _gateway())


def _address() -> str:
    form = "{{.NetworkSettings.Networks.kind.IPAddress}}"
    return run(["docker", "inspect", "-f", form, f"{_NAME}-control-plane"]).strip()


def _gateway() -> str:
    form = "{{.NetworkSettings.Networks.kind.Gateway}}"
    return run(["docker", "inspect", "-f", form, f"{_NAME}-control-plane"]).strip()
