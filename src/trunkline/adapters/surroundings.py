"""Who runs us: a person at a machine, or a CircleCI job with its own names for everything."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Mapping

from trunkline.ports import Surroundings

# facts worth keeping with an attempt; none of them is a secret
_CIRCLE = (
    "CIRCLE_BRANCH",
    "CIRCLE_BUILD_NUM",
    "CIRCLE_BUILD_URL",
    "CIRCLE_JOB",
    "CIRCLE_PIPELINE_ID",
    "CIRCLE_PROJECT_REPONAME",
    "CIRCLE_PROJECT_USERNAME",
    "CIRCLE_SHA1",
    "CIRCLE_USERNAME",
    "CIRCLE_WORKFLOW_ID",
    "CIRCLE_WORKFLOW_JOB_ID",
)


def look_around(environ: Mapping[str, str]) -> Surroundings:
    """The surroundings that the environment tells of.

    `TRUNKLINE_ACTOR` names the person where neither the CI nor the operating system does;
    `TRUNKLINE_PIPELINE_NUMBER` is the CI's number of the pipeline.
    """
    in_ci = environ.get("CIRCLECI") == "true" or "CIRCLE_SHA1" in environ
    ci = {name: environ[name] for name in _CIRCLE if environ.get(name)} if in_ci else {}
    actor = (
        environ.get("TRUNKLINE_ACTOR") or ci.get("CIRCLE_USERNAME") or ("circleci" if in_ci else _person())
    )
    # CircleCI knows it as a pipeline value only: its configuration hands it on.
    number = environ.get("TRUNKLINE_PIPELINE_NUMBER", "")
    return Surroundings(
        actor=actor,
        host=socket.gethostname(),
        ci=ci,
        link=ci.get("CIRCLE_BUILD_URL", ""),
        pipeline=number if number.isascii() and number.isdigit() else "",
    )


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # a container whose user id has no name
        return "unknown"
