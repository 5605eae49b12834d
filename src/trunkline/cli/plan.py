"""`trunkline plan`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session
from trunkline.plan.steps import Plan, describe


@click.command("plan", short_help="Print exactly what `release` would do.")
@click.argument("environment")
@config_option
@output_option
def command(environment: str, config: Path | None) -> None:
    """Print exactly what `trunkline release ENVIRONMENT` would do now, and change nothing."""
    from trunkline.app.release import plan

    with session(config) as world:
        decided = plan(world, environment)
    facts = {
        "environment": decided.environment,
        "release": decided.release,
        "deed": decided.deed,
        "commit": decided.commit,
        "image": decided.image,
        "digest": decided.digest,
        "ingredients": decided.ingredients,
        "steps": [{"step": type(step).__name__, "text": describe(step)} for step in decided.steps],
        "notes": decided.notes,
    }
    show(facts, lambda: _text(decided))


def _text(plan: Plan) -> str:
    lines = [
        f"{plan.deed} {plan.release} in {plan.environment}",
        f"  commit {plan.commit}",
        f"  image  {plan.image}",
    ]
    if plan.ingredients is not None:
        lines.append(f"  chart  {plan.ingredients.chart} (sha256:{plan.ingredients.chart.digest})")
        lines += [f"  values {layer.address} (sha256:{layer.digest})" for layer in plan.ingredients.layers]
    lines += [f"  note   {note}" for note in plan.notes]
    lines += [f"{number:>3}. {describe(step)}" for number, step in enumerate(plan.steps, 1)]
    return "\n".join(lines)
