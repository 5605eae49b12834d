"""Jobs, commands, executors and their steps: what stands in each, and whether what they use is there."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import NamedTuple

from trunkline.config.circleci import places
from trunkline.config.circleci.conditions import check_logic
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, is_nothing, is_templated, kind_of, text
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Entry, Mapping, Node, Number, Scalar, Sequence

_XCODE = ("docker", "machine", "macos", "executor")


class Parameter(NamedTuple):
    """A declared parameter."""

    kind: str
    optional: bool
    choices: tuple[str, ...]


def check_parts(survey: Survey) -> None:
    """Look at all that the file (or an orb in it) declares."""
    for name, entry in survey.named("executors").items():
        if _is_part(survey, entry, f"the executor {quoted(name)}"):
            survey.keys(entry.value, places.EXECUTOR, f"the executor {quoted(name)}")
            survey.values(entry.value, dict(places.EXECUTOR), f"the executor {quoted(name)}")
            _check_declared(survey, entry.value, places.PARAMETER_TYPES)
            _check_machines(survey, entry.value, f"the executor {quoted(name)}")
            if not any(key in entries(entry.value) for key in _XCODE):
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
            _check_declared(survey, entry.value, places.PARAMETER_TYPES)
            check_steps(survey, child(entry.value, "steps"))
    for name, entry in survey.named("jobs").items():
        if _is_part(survey, entry, f"the job {quoted(name)}"):
            _check_job(survey, name, entry)


def declared(node: Node | None) -> dict[str, Parameter]:
    """The parameters that a job, command or executor declares."""
    return {
        name: Parameter(
            text(child(entry.value, "type")),
            "default" in entries(entry.value),
            tuple(text(item) for item in _list(child(entry.value, "enum"))),
        )
        for name, entry in entries(child(node, "parameters")).items()
    }


def check_arguments(
    survey: Survey,
    given: Map[str, Entry],
    wanted: Map[str, Parameter],
    spot: Entry,
    what: str,
    more: frozenset[str] = frozenset(),
) -> None:
    """See that what is given to a command, job or executor is what it takes.

    Args:
        survey: where findings go.
        given: the arguments.
        wanted: the parameters.
        spot: where it is called, for what is missing.
        what: it, in words.
        more: parameters that are given otherwise, by a matrix.
    """
    for name, entry in given.items():
        if name not in wanted:
            survey.add(
                "unknown-parameter",
                entry.spot,
                f"{what} has no parameter {quoted(name)}{suggestion(name, wanted)}",
                f"It takes {', '.join(sorted(wanted)) or 'none'}.",
            )
        elif problem := _misfit(entry.value, wanted[name]):
            survey.add(
                "bad-argument",
                entry.value.spot,
                f"the parameter {quoted(name)} of {what} is {problem}",
                "Give it what it takes.",
            )
    for name, parameter in wanted.items():
        if not parameter.optional and name not in given and name not in more:
            survey.add(
                "missing-parameter",
                spot.spot,
                f"{what} gets no {quoted(name)}, which has no default",
                f"Give it: {name}.",
            )


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
        _unknown_orb(survey, name_node, name)


def check_steps(survey: Survey, node: Node | None) -> None:
    """Look at a list of steps, and at those inside of them."""
    if node is None or is_templated(node):
        return
    if not isinstance(node, Sequence):
        survey.kind(node, "steps", "`steps`")
        return
    for item in node.items:
        _check_step(survey, item)


def _check_step(survey: Survey, item: Node) -> None:
    match item:
        case Sequence():
            # An anchor that holds several steps: CircleCI takes them out of their list.
            check_steps(survey, item)
        case Scalar():
            if not is_templated(item):
                _check_bare(survey, item)
        case Mapping() if len(item.entries) != 1:
            names = ", ".join(item.entries) or "nothing"
            survey.add(
                "shape",
                item.spot,
                f"a step is one key with what belongs to it below, and this one has {names}",
                "Indent what belongs to the step below its name.",
            )
        case Mapping():
            ((name, entry),) = item.entries.items()
            _check_called(survey, name, entry)


def _check_bare(survey: Survey, item: Scalar) -> None:
    name = text(item)
    if name in places.STEPS and name not in places.BARE:
        survey.add(
            "shape",
            item.spot,
            f"the step {quoted(name)} says nothing more",
            f"Write what it does below `{name}:`.",
        )
    elif name not in places.STEPS:
        _check_command(survey, name, Entry(item.spot, Scalar(item.spot, None)))


def _check_called(survey: Survey, name: str, entry: Entry) -> None:
    if "<<" in name:
        return
    if name in places.CONDITIONS:
        _check_condition(survey, name, entry)
    elif name == "steps":
        check_steps(survey, entry.value)
    elif name == "deploy":
        survey.add(
            "obsolete", entry.spot, "the step 'deploy' is replaced by 'run'", "Write run instead of deploy."
        )
        _check_own(survey, "run", entry)
    elif name in places.STEPS:
        _check_own(survey, name, entry)
    else:
        _check_command(survey, name, entry)


def _check_condition(survey: Survey, name: str, entry: Entry) -> None:
    if not survey.kind(entry.value, "map", f"the step {quoted(name)}") or is_nothing(entry.value):
        return
    survey.keys(entry.value, ("condition", "steps", "name"), f"the step {quoted(name)}")
    survey.needs(entry.value, ("condition", "steps"), f"the step {quoted(name)}")
    check_logic(survey, child(entry.value, "condition"))
    check_steps(survey, child(entry.value, "steps"))


def _check_own(survey: Survey, name: str, entry: Entry) -> None:
    keys, where, node = places.STEPS[name], f"the step {quoted(name)}", entry.value
    if isinstance(node, Scalar) and name == "run" and not is_nothing(node):
        return
    if is_nothing(node) and name in places.BARE:
        return
    if not isinstance(node, Mapping):
        if not is_templated(node):
            wanted = "a command, or a mapping" if name == "run" else "a mapping"
            survey.add(
                "shape",
                entry.spot if is_nothing(node) else node.spot,
                f"{where} is {wanted}, not {kind_of(node)}",
                "Indent what belongs to the step below its name.",
            )
        return
    survey.keys(node, keys, where)
    survey.values(node, dict(keys), where)
    survey.needs(node, places.NEEDED.get(name, ()), where)
    if name == "restore_cache" and not {"key", "keys"} & node.entries.keys():
        survey.add(
            "missing-key", node.spot, f"{where} has neither 'key' nor 'keys'", "Say which cache is meant."
        )
    if name == "persist_to_workspace" and not {"paths", "path"} & node.entries.keys():
        survey.add("missing-key", node.spot, f"{where} has no 'paths'", "Say what is kept.")
    _check_word(survey, child(node, "when"), places.STEP_TIMES, f"'when' of {where}")
    if name == "checkout":
        _check_word(survey, child(node, "method"), places.CHECKOUTS, f"'method' of {where}")
    if name == "setup_remote_docker":
        _check_docker_version(survey, node)
    if "steps" in keys:
        check_steps(survey, child(node, "steps"))


def _check_docker_version(survey: Survey, node: Mapping) -> None:
    version = child(node, "version")
    if version is not None and not is_templated(version) and text(version) not in ("default", "edge"):
        survey.add(
            "obsolete",
            version.spot,
            f"the remote Docker's version {quoted(text(version))} is not CircleCI's default",
            "Leave `version` out, or write default.",
        )


def _check_command(survey: Survey, name: str, entry: Entry) -> None:
    from_orb = survey.orb(name)
    if from_orb is False:
        _unknown_orb(survey, Scalar(entry.spot, name), name)
    if from_orb is not None:
        return
    known = survey.named("commands")
    if name not in known:
        near = suggestion(name, [*known, *places.STEPS, *places.CONDITIONS])
        survey.add(
            "unknown-step",
            entry.spot,
            f"there is no step and no command {quoted(name)}{near}",
            "Declare it below `commands`, or correct its name.",
        )
        return
    if is_templated(entry.value):
        return
    given = entries(entry.value)
    if not isinstance(entry.value, Mapping) and not is_nothing(entry.value):
        # A command with a single parameter may get it without its name in an inline orb's old form only.
        survey.kind(entry.value, "map", f"what the command {quoted(name)} gets")
        return
    check_arguments(survey, given, declared(known[name].value), entry, f"the command {quoted(name)}")


def _check_job(survey: Survey, name: str, entry: Entry) -> None:
    where, node = f"the job {quoted(name)}", entry.value
    survey.keys(node, places.JOB, where)
    survey.values(node, dict(places.JOB), where)
    _check_declared(survey, node, places.PARAMETER_TYPES)
    _check_word(survey, child(node, "type"), places.JOB_TYPES, f"'type' of {where}")
    kind = text(child(node, "type")) or "build"
    if kind == "build":
        if not any(not is_nothing(child(node, key)) for key in _XCODE):
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


def _check_declared(survey: Survey, node: Node, types: frozenset[str]) -> None:
    for name, entry in entries(child(node, "parameters")).items():
        check_parameter(survey, name, entry, types)


def check_parameter(survey: Survey, name: str, entry: Entry, types: frozenset[str]) -> None:
    """See that a parameter is declared as one."""
    where = f"the parameter {quoted(name)}"
    if not isinstance(entry.value, Mapping):
        survey.add(
            "shape",
            entry.spot,
            f"{where} is a mapping with its type, not {kind_of(entry.value)}",
            "Write its type below it.",
        )
        return
    survey.keys(entry.value, places.PARAMETER, where)
    survey.needs(entry.value, ["type"], where)
    kind = child(entry.value, "type")
    _check_word(survey, kind, types, f"'type' of {where}")
    if text(kind) == "enum":
        survey.needs(entry.value, ["enum"], where)
    (parameter,) = declared(
        Mapping(entry.spot, {"parameters": Entry(entry.spot, Mapping(entry.spot, {name: entry}))})
    ).values()
    default = child(entry.value, "default")
    if default is not None and (problem := _misfit(default, parameter)):
        survey.add(
            "bad-argument",
            default.spot,
            f"the default of {where} is {problem}",
            "Give it a default of its type.",
        )


def _misfit(node: Node, parameter: Parameter) -> str:
    """What is wrong with a value of a parameter; empty for nothing, and for what CircleCI fills in first."""
    if is_templated(node):
        return ""
    match parameter.kind:
        case "boolean" if not (
            isinstance(node, Scalar)
            and (isinstance(node.value, bool) or text(node) in ("yes", "no", "on", "off"))
        ):
            return f"true or false, not {kind_of(node)}"
        case "integer" if not (
            isinstance(node, Scalar)
            and isinstance(node.value, Number)
            and node.value.value == int(node.value.value)
        ):
            return f"a whole number, not {kind_of(node)}"
        case "enum" if parameter.choices and text(node) not in parameter.choices:
            return f"one of {', '.join(parameter.choices)}, not {quoted(text(node))}"
        case "steps" if not isinstance(node, Sequence):
            return f"a list of steps, not {kind_of(node)}"
        case "string" if isinstance(node, (Mapping, Sequence)):
            return f"a text, not {kind_of(node)}"
        case _:
            return ""


def _check_word(survey: Survey, node: Node | None, words: frozenset[str], where: str) -> None:
    if node is None or is_templated(node) or text(node) in words:
        return
    near = suggestion(text(node), words)
    survey.add(
        "shape",
        node.spot,
        f"{where} is {quoted(text(node))}{near}",
        f"Write one of {', '.join(sorted(words))}.",
    )


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


def _unknown_orb(survey: Survey, node: Node, name: str) -> None:
    alias = name.partition("/")[0]
    known = survey.named("orbs")
    survey.add(
        "unknown-orb",
        node.spot,
        f"there is no orb {quoted(alias)}{suggestion(alias, known)}, from which {quoted(name)} would come",
        "Declare it below `orbs`, or correct its name.",
    )


def _list(node: Node | None) -> Iterator[Node]:
    yield from node.items if isinstance(node, Sequence) else []
