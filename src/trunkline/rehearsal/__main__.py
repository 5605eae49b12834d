"""``python -m trunkline.rehearsal``: serves a simulated cluster until it is told to stop.

`trunkline cluster up` starts it in the background; its one line of output, a JSON object, says where it is.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from trunkline.rehearsal.cluster import SimulatedCluster


def main(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT; 2 when the state cannot be read."""
    parser = argparse.ArgumentParser(prog="python -m trunkline.rehearsal", description=__doc__)
    parser.add_argument("--state", type=Path, help="the file that keeps the state (default: memory)")
    parser.add_argument("--port", type=int, default=0, help="of 127.0.0.1 (default: any that is free)")
    asked = parser.parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        cluster = SimulatedCluster(path=asked.state, port=asked.port)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    with cluster:
        sys.stdout.write(json.dumps({"url": cluster.url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
