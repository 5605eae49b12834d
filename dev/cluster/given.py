"""Owns the use of a cluster that somebody else runs: ``TRUNKLINE_TEST_KUBECONFIG`` names it, nothing is started."""

from __future__ import annotations

import os
from pathlib import Path

from dev import tools
from dev.cluster.reach import Reach
from dev.errors import DevError
from dev.process import run


def reach(kubeconfig: Path) -> Reach:
    """The given cluster; its registry is told by ``TRUNKLINE_TEST_REGISTRY``, or there is none."""
    if not kubeconfig.is_file():
        raise DevError(
            f"TRUNKLINE_TEST_KUBECONFIG names {kubeconfig}, which is no file: correct or unset it."
        )
    address = os.environ.get("TRUNKLINE_TEST_NODE_ADDRESS") or _node_address(kubeconfig)
    return Reach(
        kubeconfig,
        os.environ.get("TRUNKLINE_TEST_REGISTRY"),
        address,
        os.environ.get("TRUNKLINE_TEST_HOST_ADDRESS"),
    )


def _node_address(kubeconfig: Path) -> str | None:
    first = '{.items[0].status.addresses[?(@.type=="InternalIP")].address}'
    command: list[str | Path] = [
        tools.kubectl(),
        "--kubeconfig",
        kubeconfig,
        "get",
        "nodes",
        "-o",
        f"jsonpath={first}",
    ]
    return run(command, hint="the cluster of TRUNKLINE_TEST_KUBECONFIG must answer") or None
