"""The shape of what a `trunkline.yaml` says of its CI: what the generated configuration of CircleCI needs to know."""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.deploy_image_schema import DeployImagesSection
from trunkline.config.sections import DEFAULTS, ListOf, MappingOf, Section, key

_ENVIRONMENT_KEY = kinds.key(rules.ENVIRONMENT)
_LINE = kinds.text(rules.LINE)
_OPTIONAL_LINE = kinds.optional(_LINE)
_OPTIONAL_SCRIPT = kinds.optional(kinds.text(rules.SCRIPT))
_OPTIONAL_PATH = kinds.optional(kinds.text(rules.PATH))


class CircleSection(Section):
    """How the pipeline runs on CircleCI."""

    image: str = key(
        _LINE,
        "cimg/python:3.12",
        description="The image of the jobs without an environment: tests, build and gate. It needs a Docker client.",
        examples=["quay.io/acme/ci@sha256:0123"],
    )
    install: str = key(
        _OPTIONAL_SCRIPT,
        "pip install --disable-pip-version-check trunkline=={version}",
        description="What puts Trunkline ({version} is that of the one that makes the file) into these jobs; empty where their image has it.",
        examples=["pip install trunkline==1.4.0"],
    )
    images: dict[str, str] = key(
        MappingOf(_ENVIRONMENT_KEY, _LINE),
        {},
        description="The image of an environment's jobs, with Helm and kubectl in it, where it is not that of `trunkline ci images`.",
        examples=[{"dev": "quay.io/acme/deploy-dev@sha256:0123"}],
    )
    context: str = key(
        _LINE,
        "trunkline",
        description="The context that holds what the jobs without an environment need: the registry's login.",
        examples=["acme-build"],
    )
    contexts: dict[str, str] = key(
        MappingOf(_ENVIRONMENT_KEY, _LINE),
        {},
        description="The context of an environment: its cluster's login. Without an entry it is `trunkline-` and its name.",
        examples=[{"prod": "acme-production"}],
    )
    resource_class: str = key(
        _OPTIONAL_LINE,
        "",
        description="The size of the machines; CircleCI's own choice when left out.",
        examples=["small"],
    )
    roles: dict[str, str] = key(
        MappingOf(_ENVIRONMENT_KEY, _LINE),
        {},
        description="The AWS role that an environment's jobs take by CircleCI's identity token, so that no keys are kept.",
        examples=[{"prod": "arn:aws:iam::123456789012:role/deploy"}],
    )
    test_results: str = key(
        _OPTIONAL_PATH,
        "",
        description="Where the tests leave their results as JUnit XML.",
        examples=["build/reports"],
    )
    artifacts: list[str] = key(
        ListOf(kinds.text(rules.PATH)),
        [],
        description="What else of the tests is to be kept.",
        examples=[["build/coverage"]],
    )
    deploy_markers: bool = key(
        kinds.FLAG,
        default=True,
        description="Whether CircleCI's page of deployments is told of each (its Cloud only).",
        examples=[False],
    )


class CiSection(Section):
    """The pipeline on a CI system."""

    images: DeployImagesSection = key(
        DeployImagesSection,
        DEFAULTS,
        description="What `trunkline ci images` makes.",
        examples=[{"repository": "quay.io/acme/deploy"}],
    )

    circleci: CircleSection = key(
        CircleSection,
        DEFAULTS,
        description="What `trunkline ci generate circleci` needs to know.",
        examples=[{"context": "acme-build"}],
    )
