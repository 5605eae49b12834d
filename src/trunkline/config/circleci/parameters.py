"""Parameters: how they are declared, and whether what is given for them fits."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Mapping as Map
from typing import NamedTuple

from trunkline.config.circleci import places
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, is_templated, kind_of, text
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Entry, Mapping, Node, Number, Scalar, Sequence


class Parameter(NamedTuple):
    """A declared parameter."""

    kind: str
    optional: bool
    choices: tuple[str, ...]


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


def check_declared(survey: Survey, node: Node, types: frozenset[str]) -> None:
    """See that all parameters of a part are declared as such."""
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
    check_word(survey, kind, types, f"'type' of {where}")
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


def check_word(survey: Survey, node: Node | None, words: frozenset[str], where: str) -> None:
    """See that a value is one of the words that there are."""
    if node is None or is_templated(node) or text(node) in words:
        return
    near = suggestion(text(node), words)
    survey.add(
        "shape",
        node.spot,
        f"{where} is {quoted(text(node))}{near}",
        f"Write one of {', '.join(sorted(words))}.",
    )


def _list(node: Node | None) -> Iterator[Node]:
    yield from node.items if isinstance(node, Sequence) else []
