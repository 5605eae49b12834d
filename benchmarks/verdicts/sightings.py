"""When each namespace's fault could first be read from the API: one watch of all pods and one of all events."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

Seen = Callable[[dict[str, Any]], bool]


class Sightings:
    """By namespace, the moment (monotonic seconds) in which its fault was first to be seen."""

    def __init__(self, wanted: Mapping[str, Seen]) -> None:
        self.at: dict[str, float] = {}
        self._wanted = wanted

    def see(self, thing: dict[str, Any]) -> None:
        """Take note of an object that the API showed now."""
        namespace = str((thing.get("metadata") or {}).get("namespace"))
        seen = self._wanted.get(namespace)
        if seen is not None and namespace not in self.at and seen(thing):
            self.at[namespace] = time.monotonic()


@contextmanager
def sightings(wanted: Mapping[str, Seen], environment: Mapping[str, str]) -> Iterator[Sightings]:
    """Watch until the block is left, with kubectl: independent of Trunkline's own client."""
    found = Sightings(wanted)
    processes = []
    threads = []
    for kind in ("pods", "events"):
        argv = ["kubectl", "get", kind, "--all-namespaces", "--watch", "--output", "json"]
        process = subprocess.Popen(argv, env=dict(environment), stdout=subprocess.PIPE, text=True)
        processes.append(process)
        threads.append(threading.Thread(target=_read, args=(process, found), daemon=True))
        threads[-1].start()
    try:
        yield found
    finally:
        for process in processes:
            process.terminate()
            process.wait(10)
        for thread in threads:
            thread.join(10)
        for process in processes:
            if process.stdout is not None:
                process.stdout.close()


def _read(process: subprocess.Popen[str], found: Sightings) -> None:
    """Split what kubectl writes: one indented JSON object after the other, each ended by a line `}`."""
    assert process.stdout is not None
    lines: list[str] = []
    for line in process.stdout:
        lines.append(line)
        if line.rstrip() == "}":
            found.see(json.loads("".join(lines)))
            lines = []
