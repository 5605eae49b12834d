"""Owns what a test must know to use a cluster, and the environment variables that tell it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from dev import tools


@dataclass(frozen=True)
class Reach:
    """Where a cluster and its registry are."""

    kubeconfig: Path
    registry: str | None
    node_address: str | None
    host_address: str | None

    def env(self) -> dict[str, str]:
        """The environment of a test: the cluster, its registry, and real tools on PATH."""
        known = {
            "KUBECONFIG": str(self.kubeconfig),
            "TRUNKLINE_TEST_KUBECONFIG": str(self.kubeconfig),
            "TRUNKLINE_TEST_REGISTRY": self.registry,
            "TRUNKLINE_TEST_NODE_ADDRESS": self.node_address,
            "TRUNKLINE_TEST_HOST_ADDRESS": self.host_address,
            "PATH": _path(),
        }
        return {name: value for name, value in known.items() if value is not None}


def _path() -> str:
    """PATH with our Helm 4 and kubectl first; applied twice it stays the same."""
    ours = [str(tool.parent) for tool in (tools.helm(4), tools.kubectl())]
    others = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if folder not in ours]
    return os.pathsep.join([*ours, *others])
