"""`trunkline run`."""

from __future__ import annotations

from pathlib import Path

import click

from trunkline.cli.deployments import duration, wait_option
from trunkline.cli.output import output_option, show
from trunkline.cli.session import config_option, session


@click.command("run", short_help="Take the commit all the way.")
@config_option
@output_option
@click.option("--until", metavar="ENV", default="", help="Stop after this environment.")
@click.option(
    "--approve", "approved", metavar="ENV", multiple=True, help="Approve this environment now; repeatable."
)
@click.option("--reason", default="", help="Why it is approved, for the record.")
@click.option(
    "--resume",
    metavar="[RUN]",
    is_flag=False,
    flag_value="newest",
    default=None,
    help="Go on with a run (the newest, if none is named), without doing again what is done.",
)
@click.option(
    "--wait-for-approval",
    "wait_s",
    type=duration,
    default="0s",
    help="Without a terminal, wait this long for `trunkline approve`.",
)
@wait_option
def command(
    config: Path | None,
    until: str,
    approved: tuple[str, ...],
    reason: str,
    resume: str | None,
    wait_s: float,
    wait_for_lock_s: float,
) -> None:
    """Take the commit that is checked out all the way: test, build, deploy, approval, deploy.

    Approvals are asked for at the terminal, or given elsewhere with `trunkline approve RUN ENV`. An interrupted or
    killed run goes on with --resume.
    """
    from trunkline.app.approvals import Consent
    from trunkline.app.pipeline import resume_pipeline, run_pipeline

    with session(config) as world:
        consent = Consent(frozenset(approved), reason, wait_s)
        if resume is None:
            way = run_pipeline(world, until, consent, wait_for_lock_s)
        else:
            way = resume_pipeline(world, "" if resume == "newest" else resume, consent, wait_for_lock_s)
    facts = {
        "run": way.run.id,
        "commit": way.run.commit,
        "done": [str(stage) for stage in way.done],
        "done_before": [str(stage) for stage in way.done_before],
    }
    show(
        facts,
        lambda: (
            f"run {way.run.id} of {way.run.commit[:7]} is done: {', '.join(map(str, way.done)) or 'nothing was left'}"
        ),
    )
