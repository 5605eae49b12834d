"""Jobs, commands and executors: what stands in each, where it runs, and whether what it uses is there."""

from __future__ import annotations

from trunkline.config.circleci import places
from trunkline.config.circleci.parameters import check_arguments, check_declared, check_word, declared
from trunkline.config.circleci.steps import check_steps
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, is_nothing, is_templated, kind_of, text
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Entry, Mapping, Node, Scalar, Sequence

_WHERE = ("docker", "machine", "macos", "executor")


def check_parts(survey: Survey) -> None:
    """Look at all that the file (or an orb in it) declares."""
    for name, entry in survey.named("executors").items():
        if _is_part(survey, entry, f"the executor {quoted(name)}"):
            survey.keys(entry.value, places.EXECUTOR, f"the executor {quoted(name)}")
            survey.values(entry.value, dict(places.EXECUTOR), f"the executor {quoted(name)}")
            check_declared(survey, entry.value, places.PARAMETER_TYPES)
            _check_machines(survey, entry.value, f"the executor {quoted(name)}")
            if not any(key in entries(entry.value) for key in _WHERE):
                survey.add(
                    "no-executor",
                    entry.spot,
                    f"the executor {quoted(name)} says no docker, machine or macos",
                    "Add one of them.",
                )
    for name, entry in survey.named("commands").items():
        if _is_part(survey, entry, f"the command {quoted(name)}"):
            survey.keys(entry.value, places.COMMAND, f"the command {quoted(name)}")
            survey.values(entry.value, dict(places.COMMAND), f"the command {quoted(name)}")
            survey.needs(entry.value, ["steps"], f"the command {quoted(name)}")
            check_declared(survey, entry.value, places.PARAMETER_TYPES)
            check_steps(survey, child(entry.value, "steps"))
    for name, entry in survey.named("jobs").items():
        if _is_part(survey, entry, f"the job {quoted(name)}"):
            _check_job(survey, name, entry)


def check_executor(survey: Survey, node: Node | None) -> None:
    """See that an executor that is named is there, and gets what it takes."""
    if node is None or is_templated(node):
        return
    name_node = child(node, "name") if isinstance(node, Mapping) else node
    name = text(name_node)
    if name_node is None or not name or is_templated(name_node):
        if isinstance(node, Mapping) and name_node is None:
            survey.needs(node, ["name"], "an executor with parameters")
        return
    from_orb = survey.orb(name)
    if from_orb is None:
        known = survey.named("executors")
        if name not in known:
            survey.add(
                "unknown-executor",
                name_node.spot,
                f"there is no executor {quoted(name)}{suggestion(name, known)}",
                "Declare it below `executors`, or correct its name.",
            )
        elif isinstance(node, Mapping):
            given = {key: entry for key, entry in node.entries.items() if key != "name"}
            check_arguments(
                survey,
                given,
                declared(known[name].value),
                Entry(node.spot, node),
                f"the executor {quoted(name)}",
            )
    elif not from_orb:
        survey.unknown_orb(name_node.spot, name)


def _check_job(survey: Survey, name: str, entry: Entry) -> None:
    where, node = f"the job {quoted(name)}", entry.value
    survey.keys(node, places.JOB, where)
    survey.values(node, dict(places.JOB), where)
    check_declared(survey, node, places.PARAMETER_TYPES)
    check_word(survey, child(node, "type"), places.JOB_TYPES, f"'type' of {where}")
    kind = text(child(node, "type")) or "build"
    if kind == "build":
        if not any(not is_nothing(child(node, key)) for key in _WHERE):
            survey.add(
                "no-executor",
                entry.spot,
                f"{where} does not say where it runs",
                "Give it docker, machine, macos or an executor.",
            )
        if is_nothing(child(node, "steps")):
            survey.add("missing-key", entry.spot, f"{where} has no steps", "Add the key steps.")
    check_executor(survey, child(node, "executor"))
    _check_machines(survey, node, where)
    check_steps(survey, child(node, "steps"))
    if "branches" in entries(node):
        survey.add(
            "obsolete",
            entries(node)["branches"].spot,
            f"'branches' of {where} is ignored by workflows",
            "Put `filters` into the workflow.",
        )


def _check_machines(survey: Survey, node: Node, where: str) -> None:
    docker = child(node, "docker")
    for image in docker.items if isinstance(docker, Sequence) else []:
        if isinstance(image, Mapping):
            survey.keys(image, places.DOCKER, f"a container of {where}")
            survey.values(image, dict(places.DOCKER), f"a container of {where}")
            survey.needs(image, ["image"], f"a container of {where}")
    if isinstance(docker, Sequence) and not docker.items:
        survey.add("shape", docker.spot, f"{where} has an empty list of containers", "Name an image.")
    machine = child(node, "machine")
    if isinstance(machine, Mapping):
        survey.keys(machine, places.MACHINE, f"the machine of {where}")
        survey.values(machine, dict(places.MACHINE), f"the machine of {where}")
    elif isinstance(machine, Scalar) and machine.value is True and is_nothing(child(node, "resource_class")):
        survey.add(
            "obsolete",
            machine.spot,
            f"`machine: true` of {where} takes an image that is gone",
            "Name one: machine: {image: ubuntu-2404:current}.",
        )
    macos = child(node, "macos")
    if isinstance(macos, Mapping):
        survey.keys(macos, places.MACOS, f"'macos' of {where}")
        survey.needs(macos, ["xcode"], f"'macos' of {where}")


def _is_part(survey: Survey, entry: Entry, where: str) -> bool:
    if isinstance(entry.value, Mapping):
        return True
    if not is_templated(entry.value) and not (
        isinstance(entry.value, Scalar) and isinstance(entry.value.value, str)
    ):
        survey.add(
            "shape",
            entry.spot,
            f"{where} is a mapping, not {kind_of(entry.value)}",
            "Write what it is below its name.",
        )
    return False
