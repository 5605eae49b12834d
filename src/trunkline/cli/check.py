"""`trunkline check`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from trunkline.app.check import Finding
from trunkline.cli.output import output_option, show, table
from trunkline.cli.session import config_option, project_file, session
from trunkline.cli.style import Style
from trunkline.errors import ExitCode


@click.command("check", short_help="Validate the configuration.")
@click.option("--online", is_flag=True, help="Also try the cluster, registry, storage and sinks.")
@config_option
@output_option
def command(online: bool, config: Path | None) -> None:
    """Validate trunkline.yaml: all mistakes at once, with file, line and column.

    With --online, everything that it names is tried, too; exit code 7 when something does not work.
    """
    if not online:
        from trunkline.config.load import load_project

        path = project_file(config)
        project = load_project(path, os.environ)
        names = [item.name for item in project.environments]
        facts = {"file": str(path), "service": project.service, "environments": names}
        show(facts, lambda: f"{path} is valid: {project.service} in {', '.join(names)}")
        return
    from trunkline.app.check import check_online
    from trunkline.bootstrap.world import sink_check

    with session(config) as world:
        findings = check_online(world, sink_check(world))
    show(findings, lambda: _text(findings))
    if not all(finding.good for finding in findings):
        raise click.exceptions.Exit(ExitCode.UNREACHABLE)


def _text(findings: tuple[Finding, ...]) -> str:
    style = Style(sys.stdout)
    rows = []
    for finding in findings:
        rows.append(
            (style.good("ok") if finding.good else style.bad("bad"), finding.role, finding.name, finding.text)
        )
        if finding.mend:
            rows.append(("", "", "", style.warning(f"mend: {finding.mend}")))
    return table(("", "WHAT", "WHICH", "ANSWER"), rows)
