"""Steps of jobs and commands: CircleCI's own, conditions, and commands that the file or an orb declares."""

from __future__ import annotations

from trunkline.config.circleci import places
from trunkline.config.circleci.conditions import check_logic
from trunkline.config.circleci.parameters import check_arguments, check_word, declared
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, is_nothing, is_templated, kind_of, text
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Entry, Mapping, Node, Scalar, Sequence


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
    check_word(survey, child(node, "when"), places.STEP_TIMES, f"'when' of {where}")
    if name == "checkout":
        check_word(survey, child(node, "method"), places.CHECKOUTS, f"'method' of {where}")
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
        survey.unknown_orb(entry.spot, name)
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
