"""What a project says of its pipeline on CircleCI."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class CircleSettings:
    """How the pipeline runs on CircleCI.

    Attributes:
        image: of jobs without an environment.
        install: a command that puts Trunkline into these; empty where their image has it.
        images: of environments' jobs.
        context: of jobs without an environment.
        contexts, roles: by environment.
        test_results: where the tests leave JUnit XML; empty for nowhere.
        deploy_markers: whether CircleCI is told of deployments.
    """

    image: str = "cimg/python:3.12"
    install: str = "pip install --disable-pip-version-check trunkline=={version}"
    images: Mapping[str, str] = field(default_factory=dict)
    context: str = "trunkline"
    contexts: Mapping[str, str] = field(default_factory=dict)
    resource_class: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)
    test_results: str = ""
    artifacts: tuple[str, ...] = ()
    deploy_markers: bool = True

    def context_of(self, environment: str) -> str:
        """The context of an environment's jobs."""
        return self.contexts.get(environment, f"trunkline-{environment}")
