"""Owns the node's first process: it sets the node up, starts the servers, and is the parent of all.

Started by ``dev.cluster.native`` inside fresh namespaces. Until it says that it is ready, each line on
its stdout is progress; a line that begins with ``error:`` is its last. When it ends, or a server does,
the whole node ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from dev import cache
from dev.cluster import api, isolation, life, servers
from dev.cluster.build import kubernetes
from dev.cluster.servers import Part
from dev.cluster.settings import Settings, from_environment
from dev.errors import DevError
from dev.process import run
from dev.progress import Progress
from dev.ready import wait

READY = "The node is ready"

_START_SECONDS = 90


class Node:
    """The servers that were started, and how they are."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._env = servers.environment(settings)
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._again: Part | None = None

    def start(self, part: Part, *prefix: str) -> None:
        """Start a server; `prefix` is the argv of a program that starts it."""
        if part.name == servers.API_SERVER:
            # Tests ask for it: what is a rollout to do while the API server is restarted?
            signal.signal(signal.SIGUSR1, lambda *_: self._restart(part))
        with self._log(part.name).open("ab") as log:
            self._running[part.name] = subprocess.Popen(
                [*prefix, *(str(word) for word in part.argv)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._env,
                cwd=self._settings.state,
            )

    def await_ready(self, *parts: Part) -> None:
        """Wait until the servers answer."""
        for part in parts:
            wait(
                lambda each=part: self._all_live() and each.ready(),  # type: ignore[misc]
                seconds=_START_SECONDS,
                failure=lambda each=part: self._trouble(each.name, f"is not ready after {_START_SECONDS} s"),  # type: ignore[misc]
            )
            _say(f"{part.name} is ready")

    def watch(self) -> str:
        """Take leave of every process that ends; return when a server did, saying which."""
        while True:
            pid, status = os.wait()
            names = {process.pid: name for name, process in self._running.items()}
            if pid in names and self._again is not None and names[pid] == self._again.name:
                part, self._again = self._again, None
                self.start(part)
            elif pid in names:
                return self._trouble(names[pid], f"ended with {os.waitstatus_to_exitcode(status)}")

    def _restart(self, part: Part) -> None:
        self._again = part
        self._running[part.name].kill()

    def _all_live(self) -> bool:
        for name, process in self._running.items():
            if process.poll() is not None:
                raise DevError(self._trouble(name, f"ended with {process.returncode}"))
        return True

    def _trouble(self, name: str, what: str) -> str:
        lines = self._log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        return (
            f"{name} {what}, its last word was: {lines[-1] if lines else 'nothing'} - see {self._log(name)}."
        )

    def _log(self, name: str) -> Path:
        return self._settings.logs / f"{name}.log"


def _start(settings: Settings, node: Node, machine: Path) -> None:
    outside = servers.registry_part(settings, "registry")
    inside = servers.registry_part(settings, "registry-in-node")
    # The same folder behind the same name on both sides of the wire: what is pushed can be pulled.
    node.start(outside, "nsenter", f"--net={machine}")
    early = [*servers.first(settings), inside]
    for part in early:
        node.start(part)
    node.await_ready(*early)
    run([servers.binary("ctr"), "-n", "k8s.io", "images", "import", settings.config / "pause.tar"])
    _start_kubernetes(settings, node)


def _start_kubernetes(settings: Settings, node: Node) -> None:
    binaries = kubernetes(Progress())
    api_server = servers.api_server(settings, binaries)
    node.start(api_server)
    node.await_ready(api_server)
    controllers = servers.controllers(settings, binaries)
    for part in controllers:
        node.start(part)
    node.await_ready(*controllers)
    proxy = servers.proxy(settings, binaries)
    node.start(proxy)
    node.await_ready(proxy, Part("kubelet's node", [], lambda: api.node_is_ready(settings)))


def _say(line: str) -> None:
    # A reader that is gone raises here, and ends the node: nobody starts a cluster without waiting for it.
    print(line, flush=True)


def main(argv: list[str]) -> int:
    """The node's life; `argv` is the number of a file handle on the machine's network namespace."""
    settings = from_environment()
    life.record(settings)
    # /proc will be mounted anew, and in it this process is the first.
    machine = Path(f"/proc/1/fd/{argv[0]}")
    node = Node(settings)
    try:
        isolation.mounts(settings, [settings.state, cache.root()])
        isolation.network(settings, machine)
        _start(settings, node, machine)
    except DevError as error:
        _say(f"error: {error}")
        return 1
    _say(READY)
    log = os.open(settings.logs / "node.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, sys.stdout.fileno())
    os.dup2(log, sys.stderr.fileno())
    _say(f"error: {node.watch()}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
