"""The simulated cluster as the default of the cluster's role: where there is no other, and one was started, it is taken."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from trunkline.adapters.kubernetes import kubeconfig
from trunkline.adapters.ledgers import locate
from trunkline.adapters.rehearsal.background import Background
from trunkline.adapters.rehearsal.images import DescribedImages
from trunkline.config.project import Project
from trunkline.domain.releases import ClusterTarget
from trunkline.errors import UsageError
from trunkline.ports import Forwarding, Http
from trunkline.rehearsal.kubeconfigs import CONTEXT

_IN_CLUSTER = "KUBERNETES_SERVICE_HOST"


def background(environ: Mapping[str, str]) -> Background:
    """The simulated cluster of this person's state directory, beside the ledger's own place.

    Raises:
        UsageError: there is no home directory.
    """
    return Background(_state(environ) / "cluster")


def described_images(environ: Mapping[str, str]) -> DescribedImages:
    """The images that were described for simulated clusters on this machine."""
    return DescribedImages(_state(environ) / "described-images.json")


def with_cluster(environ: Mapping[str, str], home: Path) -> Mapping[str, str]:
    """The environment, with the simulated cluster as its kubeconfig where there is none and one was started."""
    if environ.get("KUBECONFIG") or environ.get(_IN_CLUSTER) or (home / ".kube" / "config").exists():
        return environ
    try:
        found = background(environ).kubeconfig
    except UsageError:
        return environ
    if not found.exists():
        return environ
    sys.stderr.write(f"no kubeconfig is here: the simulated cluster is taken ({found})\n")
    return {**environ, "KUBECONFIG": str(found)}


def all_simulated(project: Project, environ: Mapping[str, str], home: Path) -> bool:
    """Whether every environment of the project is in a simulated cluster, so that no image is ever pulled."""
    targets = {environment.target.cluster for environment in project.environments}
    try:
        return bool(targets) and all(
            kubeconfig.load(target, environ, home).context == CONTEXT for target in targets
        )
    except UsageError:
        return False


def stub_forwarding(
    target: ClusterTarget, environ: Mapping[str, str], home: Path, http: Http
) -> Forwarding | None:
    """The way to a simulated cluster's stubs, which no port-forward leads to; None for a real cluster."""
    from trunkline.adapters.rehearsal.forwarding import StubForwarding, asking  # noqa: PLC0415 - checks only

    try:
        access = kubeconfig.load(target, environ, home)
    except UsageError:
        return None
    return StubForwarding(asking(access.server, http)) if access.context == CONTEXT else None


def _state(environ: Mapping[str, str]) -> Path:
    own = {**os.environ, **environ}
    own.pop("TRUNKLINE_LEDGER", None)
    return locate(own).parent
