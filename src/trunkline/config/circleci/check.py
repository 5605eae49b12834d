"""All that is wrong with a configuration of CircleCI, in the order of its lines."""

from __future__ import annotations

from dataclasses import replace

from trunkline.config.circleci import places
from trunkline.config.circleci.findings import Finding
from trunkline.config.circleci.graph import check_workflow, check_workflow_shapes
from trunkline.config.circleci.parameters import check_parameter
from trunkline.config.circleci.parts import check_parts
from trunkline.config.circleci.safety import check_commands, check_images, check_ways
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.templates import check_templates
from trunkline.config.circleci.tree import child, entries, is_nothing, is_templated, kind_of, text
from trunkline.config.circleci.workflow import workflows_of
from trunkline.config.mistakes import START, quoted, suggestion
from trunkline.config.yaml_positions import Mapping, Node, Scalar, parse
from trunkline.expressions import expression

_ORB = expression(
    r"[a-z0-9][a-z0-9_.-]*/[a-z0-9][a-z0-9_.-]*@(?:dev:\S+|volatile|[0-9]+(?:\.[0-9]+){0,2})|https://\S+"
)
_PARTS = {
    "jobs": "map",
    "commands": "map",
    "executors": "map",
    "orbs": "map",
    "parameters": "map",
    "setup": "flag",
}


def check_config(content: str) -> tuple[Finding, ...]:
    """What is wrong with the text of a `.circleci/config.yml`; whatever it is, this ends with an answer."""
    parsed = parse(content, merging=True)
    found = [
        Finding("yaml", mistake.spot, mistake.text, "Correct it; CircleCI reads nothing that is no YAML.")
        for mistake in parsed.mistakes
    ]
    if not isinstance(parsed.root, Mapping):
        if not found:
            what = f"the file holds {kind_of(parsed.root)}, and no configuration"
            found.append(Finding("shape", START, what, "Begin with `version: 2.1`, `jobs` and `workflows`."))
        return tuple(found)
    survey = Survey(parsed.root, content.splitlines(), found)
    _check_top(survey)
    _check_parts_of_orbs(survey)
    check_parts(survey)
    check_templates(survey)
    check_workflow_shapes(survey)
    workflows = list(workflows_of(parsed.root))
    for workflow in workflows:
        check_workflow(survey, workflow)
    check_commands(survey)
    check_images(survey)
    check_ways(survey, workflows)
    return tuple(sorted(survey.findings, key=lambda item: (item.spot, item.rule)))


def _check_top(survey: Survey) -> None:
    root = survey.root
    _check_version(survey, child(root, "version"))
    for name, entry in root.entries.items():
        near = suggestion(name, places.TOP)
        if name in _PARTS and not is_nothing(entry.value):
            survey.kind(entry.value, _PARTS[name], f"`{name}`")
        elif name not in places.TOP and near and name not in ("references", "aliases", "defaults"):
            survey.add(
                "top-level",
                entry.spot,
                f"CircleCI knows no {quoted(name)} at the top{near}",
                "Correct its name.",
            )
    for name, entry in entries(child(root, "parameters")).items():
        check_parameter(survey, name, entry, places.PIPELINE_TYPES)
        if isinstance(entry.value, Mapping) and "default" not in entry.value.entries:
            survey.add(
                "missing-key",
                entry.spot,
                f"the pipeline's parameter {quoted(name)} has no default",
                "Give it one.",
            )
    for name, entry in survey.named("orbs").items():
        _check_orb(survey, name, entry.value)
    # A setup configuration may leave all jobs to the one that it makes.
    if is_nothing(child(root, "jobs")) and is_nothing(child(root, "workflows")):
        survey.add("missing-key", START, "there are neither jobs nor workflows", "Add both.")


def _check_version(survey: Survey, node: Node | None) -> None:
    if node is None or is_nothing(node):
        survey.add(
            "version", node.spot if node else START, "there is no version", "Begin with `version: 2.1`."
        )
    elif text(node) in ("2", "2.0"):
        survey.add(
            "obsolete",
            node.spot,
            f"version {text(node)} knows no orbs, commands, parameters and expressions",
            "Write version: 2.1.",
        )
    elif text(node) != "2.1":
        survey.add("version", node.spot, f"there is no version {quoted(text(node))}", "Write version: 2.1.")


def _check_orb(survey: Survey, name: str, node: Node) -> None:
    if isinstance(node, Mapping) or is_templated(node):
        return
    written = text(node)
    if not isinstance(node, Scalar) or not _ORB.fullmatch(written):
        survey.add(
            "shape",
            node.spot,
            f"the orb {quoted(name)} is {quoted(written)}, which names no orb with its version",
            "Write it as namespace/orb@1.2.3.",
        )
    elif written.endswith("@volatile"):
        survey.add(
            "image-moving",
            node.spot,
            f"the orb {quoted(written)} is another one every day",
            "Name a version: namespace/orb@1.2.3.",
        )


def _check_parts_of_orbs(survey: Survey) -> None:
    """Orbs that are written in the file have parts like the file's own, which see each other and nothing outside."""
    for entry in survey.named("orbs").values():
        if isinstance(entry.value, Mapping):
            inside = replace(survey, scope=entry.value)
            check_parts(inside)
            check_templates(inside)
