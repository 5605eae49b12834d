"""``python -m dev.demo``: runs the story and says what it does as it goes; exit code 1 if anything differs.

On a simulated cluster, which takes nothing but Python; with --real on a real one.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.demo.simulated import prepared_simulated
from dev.demo.stage import Stage, prepared
from dev.demo.story import tell
from dev.errors import exit_code


def main(argv: list[str]) -> int:
    """Prepare the machine, tell the story, leave the cluster up."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, help="where the sample's repository is made (default: temporary)"
    )
    parser.add_argument("--real", action="store_true", help="play on a real cluster, brought up for it")
    asked = parser.parse_args(argv)
    if asked.directory:
        return _run(asked.directory, real=asked.real)
    with TemporaryDirectory(prefix="trunkline-demo-") as directory:
        return _run(Path(directory), real=asked.real)


def _run(directory: Path, *, real: bool) -> int:
    if not real:
        with prepared_simulated(directory) as stage:
            tell(stage)
            print(f"The pipeline of three commits took {sum(stage.took_s):.1f} s in all.")
        return 0
    with prepared(directory) as stage:
        tell(stage)
        _say_goodbye(stage)
    return 0


def _say_goodbye(stage: Stage) -> None:
    print(
        "\nThe cluster is still up. Look around with\n"
        f"  export KUBECONFIG={stage.environment['KUBECONFIG']}\n"
        "  .venv/bin/python -m dev.cluster status\n"
        "and take it down with `make clean`."
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
