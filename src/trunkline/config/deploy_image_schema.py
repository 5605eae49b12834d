"""The shape of what a `trunkline.yaml` says of the images that jobs deploy from."""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.sections import MappingOf, Section, key

_VERSION = kinds.text(rules.EXACT_VERSION)
_OPTIONAL_IMAGE = kinds.optional(kinds.text(rules.IMAGE))
_LINE = kinds.text(rules.LINE)
_OPTIONAL_PATH = kinds.optional(kinds.text(rules.PATH))
_URL = kinds.text(rules.URL)


class DeployImagesSection(Section):
    """What the images of environments' jobs are made of: Helm, kubectl and Trunkline over a base with Python."""

    repository: str = key(
        _OPTIONAL_IMAGE,
        "",
        description="Where they are kept; the service's own repository and `-deploy` when left out.",
        examples=["quay.io/acme/deploy"],
    )
    base: str = key(
        _LINE,
        "docker.io/library/python:3.12-slim-bookworm",
        description="What they begin with: an image with Python 3.11 or newer and pip; what git and SSH need is added where it is missing.",
        examples=["quay.io/acme/python@sha256:0123"],
    )
    helm: str = key(_VERSION, "4.3.1", description="The version of Helm.", examples=["3.17.3"])
    kubectl: dict[str, str] = key(
        MappingOf(kinds.key(rules.ENVIRONMENT), _VERSION),
        {},
        description="The version of kubectl by environment; without one the newest of its cluster's own minor version.",
        examples=[{"prod": "1.36.4"}],
    )
    trunkline: str = key(
        _LINE,
        "trunkline[s3]=={version}",
        description="What pip installs; {version} is that of the Trunkline that makes the image.",
        examples=["trunkline[s3,postgresql]==1.4.0"],
    )
    wheel: str = key(
        _OPTIONAL_PATH,
        "",
        description="A wheel beside this file that is installed instead, where no package index has it.",
        examples=["dist/trunkline-1.4.0-py3-none-any.whl"],
    )
    helm_from: str = key(
        _URL,
        "https://get.helm.sh",
        description="Where Helm comes from.",
        examples=["https://mirror.example.com/helm"],
    )
    kubectl_from: str = key(
        _URL,
        "https://dl.k8s.io",
        description="Where kubectl comes from.",
        examples=["https://mirror.example.com/k8s"],
    )
