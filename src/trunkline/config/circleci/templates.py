"""What CircleCI fills in before it reads a configuration: whether `<<` is closed, and what stands inside is there."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.config.circleci import expressions
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, scalars, spot_in, text
from trunkline.config.mistakes import Spot, quoted, suggestion
from trunkline.config.yaml_positions import Node

_ESCAPE = "Write \\<< where the shell is to see <<."
_PARTS = ("jobs", "commands", "executors")


def check_templates(survey: Survey) -> None:
    """Look at all that is filled in: in what the file declares, and in its workflows."""
    pipeline = entries(child(survey.root, "parameters"))
    for kind in _PARTS:
        for name, entry in survey.named(kind).items():
            known = entries(child(entry.value, "parameters"))
            what = f"the {kind.removesuffix('s')} {quoted(name)}"
            _check(survey, entry.value, known, pipeline, what)
    _check(survey, child(survey.root, "workflows"), None, pipeline, "a workflow")


def _check(
    survey: Survey, node: Node | None, known: Iterable[str] | None, pipeline: Iterable[str], what: str
) -> None:
    for scalar in scalars(node):
        written = text(scalar)
        if "<<" not in written:
            continue
        if left := expressions.unclosed(written):
            spot = spot_in(scalar, survey.source, left[:6].rstrip())
            survey.add("unclosed", spot, f"{quoted(left)} begins what nothing ends", _ESCAPE)
        for spelled, inner in expressions.references(written):
            spot = spot_in(scalar, survey.source, spelled)
            if not expressions.is_expression(inner):
                survey.add(
                    "unclosed", spot, f"{quoted(spelled)} is taken for an expression, and is none", _ESCAPE
                )
            if known is not None:
                used = (name.partition(".")[0] for name in expressions.parameters_in(inner))
                _check_names(survey, spot, what, used, known)
            _check_names(survey, spot, "the pipeline", expressions.pipeline_parameters_in(inner), pipeline)


def _check_names(survey: Survey, spot: Spot, what: str, used: Iterable[str], known: Iterable[str]) -> None:
    place = "`parameters` at the top" if what == "the pipeline" else "`parameters`"
    for name in used:
        if name not in known:
            survey.add(
                "unknown-parameter",
                spot,
                f"{what} has no parameter {quoted(name)}{suggestion(name, known)}",
                f"Declare it below {place}, or correct its name.",
            )
