"""One of many that push charts to one repository: a process of its own, which starts when it is told to.

``python chart_pusher.py LOCATION NUMBER COUNT``: says that it is ready, awaits a line, and pushes COUNT versions of
its own chart and of one that all share, a command for each.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from trunkline.cli.entry import run
from trunkline.domain.charts.metadata import read_metadata
from trunkline.domain.charts.packing import pack


def main(location: str, number: int, count: int) -> int:
    """The first exit code that is not 0, or 0."""
    with TemporaryDirectory(prefix="trunkline-pusher-") as folder:
        paths = []
        # From 1: Helm's search leaves out 0.0.0.
        for turn in range(1, count + 1):
            # Half of them meet in the block of one chart.
            name = "shared" if turn % 2 else f"own-{number}"
            text = f"apiVersion: v2\nname: {name}\nversion: {number}.{turn}.0\n"
            path = Path(folder) / f"{name}-{turn}.tgz"
            path.write_bytes(pack(read_metadata(text), {"Chart.yaml": text.encode()}))
            paths.append(path)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        for path in paths:
            code = run(["charts", "push", str(path), "--repository", location, "--relative"])
            if code:
                return code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
