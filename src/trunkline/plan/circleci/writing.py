"""A pipeline as the text of `.circleci/config.yml`: with comments, and with a sum by which a change by hand shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator

from trunkline.plan.circleci.jobs import Job, Pipeline, Step
from trunkline.plan.yaml_text import yaml_scalar

MARK = "# trunkline-content: sha256:"
_HEAD = (
    "# Made by `trunkline ci generate circleci` from trunkline.yaml. Do not edit it: change trunkline.yaml and make it anew.",
    "# `trunkline ci check` fails where this is not what trunkline.yaml says.",
)


def written(pipeline: Pipeline) -> str:
    """The whole file."""
    body = "\n".join(_body(pipeline)) + "\n"
    return "\n".join((*_HEAD, f"{MARK}{sum_of(body)}", body))


def sum_of(body: str) -> str:
    """The sum of what follows the mark's line."""
    return hashlib.sha256(body.encode()).hexdigest()


def parted(text: str) -> tuple[str, str] | None:
    """The sum that a generated file bears, and its body; None for a file of somebody else's."""
    before, mark, rest = text.partition(MARK)
    if not mark or not all(line.startswith("#") for line in before.splitlines()):
        return None
    claimed, _, body = rest.partition("\n")
    return claimed.strip(), body


def _body(pipeline: Pipeline) -> Iterator[str]:
    yield "version: 2.1"
    yield ""
    yield "jobs:"
    for job in pipeline.jobs:
        if not job.approval:
            yield from _job(job, pipeline.resource_class)
            yield ""
    yield "workflows:"
    yield f"  # {pipeline.trunk} goes all the way; other branches run only what says nothing of a branch."
    yield "  deliver:"
    yield "    jobs:"
    for job in pipeline.jobs:
        yield from _entry(job, pipeline.trunk)


def _job(job: Job, resource_class: str) -> Iterator[str]:
    yield f"  # {job.why}"
    yield f"  {job.name}:"
    yield "    docker:"
    yield f"      - image: {yaml_scalar(job.image)}"
    if resource_class:
        yield f"    resource_class: {yaml_scalar(resource_class)}"
    if job.environment:
        yield "    environment:"
        yield from (f"      {name}: {yaml_scalar(value)}" for name, value in sorted(job.environment.items()))
    yield "    steps:"
    for step in job.steps:
        yield from _step(step)


def _step(step: Step) -> Iterator[str]:
    if step.kind in ("checkout", "setup_remote_docker"):
        yield f"      - {step.kind}"
        return
    yield f"      - {step.kind}:"
    if step.kind != "run":
        yield f"          path: {yaml_scalar(step.command)}"
        return
    yield f"          name: {yaml_scalar(step.name)}"
    if step.timeout_s:
        # CircleCI ends what is silent for ten minutes, unless it is told of a longer time.
        yield f"          no_output_timeout: {round(step.timeout_s / 60)}m"
    if step.when != "on_success":
        yield f"          when: {step.when}"
    yield f"          command: {_command(step.command)}"


def _command(command: str) -> str:
    # CircleCI fills in what stands between << and >>, unless a backslash stands before it.
    escaped = command.replace("<<", "\\<<")
    if "\n" not in escaped:
        return yaml_scalar(escaped)
    return "|\n" + "\n".join(f"            {line}".rstrip() for line in escaped.rstrip("\n").split("\n"))


def _entry(job: Job, trunk: str) -> Iterator[str]:
    lines: list[str] = []
    if job.approval:
        lines.append("type: approval")
    if job.requires:
        lines.append("requires:")
        lines += [_required(name, statuses) for name, statuses in job.requires.items()]
    if job.context:
        lines.append(f"context: {yaml_scalar(job.context)}")
    if job.serial_group:
        lines.append(f"serial-group: {yaml_scalar(job.serial_group)}")
    if not job.every_branch:
        lines.append(f"filters: {_filter(trunk)}")
    yield f"      - {job.name}{':' if lines else ''}"
    yield from (f"          {line}" for line in lines)


def _required(name: str, statuses: tuple[str, ...]) -> str:
    if not statuses:
        return f"  - {name}"
    return f"  - {name}: {statuses[0]}" if len(statuses) == 1 else f"  - {name}: [{', '.join(statuses)}]"


def _filter(trunk: str) -> str:
    # The whole expression is one plain scalar of YAML; the quotes inside are the expression's own.
    return f"pipeline.git.branch == {json.dumps(trunk)}"
