"""The command line's one way in and out.

Commands are looked up by name and imported when called; errors become a sentence, a hint and an exit code;
whatever was not expected goes to a log file.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import click

from trunkline import __version__
from trunkline.cli import interruptions
from trunkline.cli.lazy_group import LazyGroup
from trunkline.errors import ExitCode, TrunklineError

# name: what it does, in the words of `trunkline --help`; the module of that name holds `command`
COMMANDS = {
    "approve": "Say yes to a run's deployment to an environment.",
    "build": "Build and push the commit's image, unless the registry has it.",
    "charts": "Keep a chart repository in S3 or in a directory, with many pushers at once.",
    "ci": "Generate, check and look after the pipeline on CircleCI.",
    "check": "Validate the configuration; with --online, try everything it names.",
    "cluster": "Start and end a simulated cluster, for trying things without a real one.",
    "completion": "Print the shell completion script.",
    "diff": "Show what a release would change, and what was changed behind Helm's back.",
    "gate": "Wait for an image's scan, and judge it by the project's policy.",
    "history": "List the attempts that the ledger remembers.",
    "dashboards": "Print dashboards and alerts to import, for Datadog, Grafana and Prometheus.",
    "deployment": "Say of a deployment what the ledger cannot see by itself.",
    "image": "Show what the registry holds and where it runs; tag, and remove what nobody needs.",
    "sinks": "Look after the sinks: what waits for them, whether they answer.",
    "incident": "Open, close and list incidents, which tell which deployments failed.",
    "init": "Write a first trunkline.yaml, from what is found in the repository.",
    "ledger": "Copy what was written down into a file and back, and check that it is whole.",
    "logs": "Show the logs of all pods of an environment's release.",
    "measure": "Show how fast and how safely commits are delivered (DORA's figures, and more).",
    "plan": "Print exactly what `release` would do.",
    "promote": "Deploy to one environment the very digest that another one runs.",
    "rehearse": "Run the pipeline against a simulated cluster, with chosen failures.",
    "reject": "Say no to a run's deployment to an environment.",
    "release": "Deploy the commit to an environment, watch it, undo it if it fails.",
    "repair": "Return an environment to its last good revision after a deployment was cut off.",
    "rollback": "Return an environment to an earlier good revision.",
    "run": "Take the commit all the way: test, build, deploy, approval, deploy.",
    "schema": "Print the JSON schema of trunkline.yaml, for editors.",
    "status": "Show what runs in every environment.",
    "test": "Run the project's own tests, as `run` does.",
    "values": "Show the merged values of a release, and which layer each one comes from.",
}


class _Commands(LazyGroup):
    """All commands."""

    commands_by_name = COMMANDS
    module = "trunkline.cli.{}"

    def invoke(self, ctx: click.Context) -> Any:
        """As click does it; only, it would end silently at any broken pipe, also one of another program."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            raise RuntimeError(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="trunkline", message="%(prog)s %(version)s")
def trunkline() -> None:
    """Take every commit on trunk to production on Kubernetes, and measure the journey.

    \b
    Exit codes: 0 done, 1 the deployment failed, 2 usage or configuration, 3 a fault of
    Trunkline itself, 4 refused by the vulnerability gate, 5 waiting for approval or
    rejected, 6 locked or overtaken, 7 a needed system cannot be reached, 130 interrupted.
    """  # noqa: D301 - \b is click's mark for text that keeps its lines


def run(arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name.

    Returns:
        The exit code, see `ExitCode`.
    """
    interruptions.listen()
    try:
        # click hands back the code of an Exit, and whatever a command returns: nothing
        left = trunkline.main(args=list(arguments), prog_name="trunkline", standalone_mode=False)
    except TrunklineError as error:
        from trunkline.cli.failures import report

        return report(error)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("Interrupted.\n")
        return ExitCode.INTERRUPTED
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except SystemExit:
        # click's answer where nobody reads its help any more (`| head`).
        return ExitCode.DONE
    except Exception as error:  # noqa: BLE001 - the one place where faults of ours end
        if isinstance(error.__cause__, BrokenPipeError) and _nobody_reads():
            # Somebody has read enough of our output, which comes when all is done.
            return ExitCode.DONE
        from trunkline.cli.failures import report_fault

        return report_fault(error)
    return left if isinstance(left, int) else ExitCode.DONE


def _nobody_reads() -> bool:
    """Whether the other end of our standard output is closed."""
    import select

    poll = select.poll()
    poll.register(sys.__stdout__.fileno() if sys.__stdout__ else 1, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))
