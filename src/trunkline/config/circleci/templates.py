"""What CircleCI fills in before it reads a configuration: whether `<<` is closed, and what stands inside is there."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.config.circleci import expressions
from trunkline.config.circleci.survey import Survey
from trunkline.config.circleci.tree import child, entries, scalars, spot_in, text
from trunkline.config.mistakes import quoted, suggestion
from trunkline.config.yaml_positions import Node

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
            survey.add(
                "unclosed",
                spot,
                f"{quoted(left)} begins what nothing ends",
                "Write \\<< where the shell is to see <<.",
            )
        for spelled, inner in expressions.references(written):
            spot = spot_in(scalar, survey.source, spelled)
            if not inner:
                survey.add(
                    "unclosed",
                    spot,
                    f"nothing stands between << and >> in {what}",
                    "Write what is to be filled in.",
                )
            for name in expressions.parameters_in(inner):
                if known is not None and name.partition(".")[0] not in known:
                    survey.add(
                        "unknown-parameter",
                        spot,
                        f"{what} has no parameter {quoted(name)}{suggestion(name, known)}",
                        "Declare it below `parameters`, or correct its name.",
                    )
            for name in expressions.pipeline_parameters_in(inner):
                if name not in pipeline:
                    survey.add(
                        "unknown-parameter",
                        spot,
                        f"the pipeline has no parameter {quoted(name)}{suggestion(name, pipeline)}",
                        "Declare it below `parameters` at the top, or correct its name.",
                    )
