"""What a project says of the images that its environments' jobs deploy from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class DeployImageSettings:
    """What the images are made of.

    Attributes:
        repository: where they are kept; empty for the service's own and `-deploy`.
        kubectl: versions by environment; where there is none, the cluster's own minor version counts.
        trunkline: what pip installs, with `{version}` for our own.
        wheel: a file below the project that is installed instead; empty for none.
    """

    repository: str = ""
    base: str = "docker.io/library/python:3.12-slim-bookworm"
    helm: str = "4.3.1"
    kubectl: Mapping[str, str] = field(default_factory=dict)
    trunkline: str = "trunkline[s3]=={version}"
    wheel: str = ""
    helm_from: str = "https://get.helm.sh"
    kubectl_from: str = "https://dl.k8s.io"
