"""``python -m dev.demo``: runs the story and says what it does as it goes; exit code 1 if anything differs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from dev.demo.stage import Stage, prepared
from dev.demo.story import tell
from dev.errors import exit_code


def main(argv: list[str]) -> int:
    """Prepare the machine, tell the story, leave the cluster up."""
    parser = argparse.ArgumentParser(prog="python -m dev.demo", description=__doc__)
    parser.add_argument(
        "--directory", type=Path, help="where the sample's repository is made (default: temporary)"
    )
    asked = parser.parse_args(argv)
    if asked.directory:
        return _run(asked.directory)
    with TemporaryDirectory(prefix="trunkline-demo-") as directory:
        return _run(Path(directory))


def _run(directory: Path) -> int:
    with prepared(directory) as stage:
        _tell(stage)
    return 0


def _tell(stage: Stage) -> None:
    tell(stage)
    print(
        "\nThe cluster is still up. Look around with\n"
        f"  export KUBECONFIG={stage.environment['KUBECONFIG']}\n"
        "  .venv/bin/python -m dev.cluster status\n"
        "and take it down with `make clean`."
    )


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
