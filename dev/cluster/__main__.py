"""The command line of the cluster: ``python -m dev.cluster up | down | status | env | run | enter | restart-api``.

A cluster that ``TRUNKLINE_TEST_KUBECONFIG`` names is used as it is; otherwise kind where a Docker engine
is, otherwise one built from Debian's packages, which needs root.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

from dev.cluster import given, kind, life, native
from dev.cluster.reach import Reach
from dev.cluster.settings import Settings, from_environment
from dev.errors import DevError, exit_code
from dev.progress import Progress


def main(argv: list[str]) -> int:
    """Do what the arguments ask."""
    parser = argparse.ArgumentParser(prog="python -m dev.cluster", description="A real cluster for tests.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up", help="start the cluster, unless it runs")
    commands.add_parser("down", help="end the cluster and remove every trace")
    commands.add_parser("status", help="say how the cluster is; the exit code is 0 if it is up")
    env = commands.add_parser("env", help="print the environment that tests need")
    env.add_argument("--output", choices=["shell", "json"], default="shell")
    with_it = commands.add_parser(
        "run", help="bring a cluster up where none is, and run a program with its environment"
    )
    with_it.add_argument("argv", nargs=argparse.REMAINDER)
    enter = commands.add_parser("enter", help="run a program inside the node (default: a shell)")
    enter.add_argument("argv", nargs=argparse.REMAINDER)
    commands.add_parser("restart-api", help="end the API server of our own cluster and start it again")
    asked = parser.parse_args(argv)
    settings = from_environment()
    if asked.command == "up":
        return _up(settings)
    if asked.command == "down":
        return _down(settings)
    if asked.command == "status":
        return _status(settings)
    if asked.command == "env":
        return _env(settings, as_json=asked.output == "json")
    if asked.command == "restart-api":
        return _restart_api(settings)
    if asked.command == "run":
        return _run(settings, [word for word in asked.argv if word != "--"])
    return _enter(settings, [word for word in asked.argv if word != "--"])


def _up(settings: Settings) -> int:
    progress = Progress()
    borrowed = _given()
    if borrowed:
        reach = given.reach(borrowed)
    elif kind.available():
        reach = kind.up(settings.registry_port, progress)
    else:
        reach = native.up(settings, progress)
    print(f"kubeconfig: {reach.kubeconfig}")
    print(f"registry: {reach.registry or 'none'}")
    print(f"node (API, NodePorts): {reach.node_address}")
    return 0


def _down(settings: Settings) -> int:
    if _given():
        print("The cluster of TRUNKLINE_TEST_KUBECONFIG is not ours, so it stays.")
    elif kind.available():
        kind.down()
    else:
        native.down(settings)
    return 0


def _status(settings: Settings) -> int:
    said = "up: given by TRUNKLINE_TEST_KUBECONFIG" if _given() else native.status(settings)
    if not _given() and kind.available():
        said = "up: kind" if kind.is_up() else "down"
    print(said)
    return 0 if said.startswith("up") else 1


def _env(settings: Settings, *, as_json: bool) -> int:
    env = _reach(settings).env()
    if as_json:
        print(json.dumps(env, indent=2))
    else:
        print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in env.items()))
    return 0


def _reach(settings: Settings) -> Reach:
    if borrowed := _given():
        return given.reach(borrowed)
    if kind.available():
        return kind.reach(settings.registry_port)
    if not native.is_up(settings):
        raise DevError("no cluster is up: run `python -m dev.cluster up` first.")
    return native.reach(settings)


def _given() -> Path | None:
    """The cluster that somebody gives us; ours, whose variables `env` prints, does not count as such."""
    named = os.environ.get("TRUNKLINE_TEST_KUBECONFIG")
    return Path(named) if named and Path(named) != from_environment().kubeconfig else None


def _run(settings: Settings, argv: list[str]) -> int:
    """What was up before stays up, what was not is taken down again."""
    was_up = _is_up(settings)
    if not was_up:
        _up(settings)
    try:
        env = {**os.environ, **_reach(settings).env()}
        return subprocess.run(argv, env=env, check=False).returncode
    finally:
        if not was_up:
            _down(settings)


def _is_up(settings: Settings) -> bool:
    if _given():
        return True
    return kind.is_up() if kind.available() else native.is_up(settings)


def _restart_api(settings: Settings) -> int:
    if _given() or kind.available():
        raise DevError("only the API server of a cluster that was built here can be restarted.")
    native.restart_api(settings)
    return 0


def _enter(settings: Settings, argv: list[str]) -> int:
    pid = life.living(settings)
    if pid is None:
        raise DevError("no node is there to enter: run `python -m dev.cluster up` first.")
    os.execvp("nsenter", ["nsenter", "--all", f"--target={pid}", *(argv or ["/bin/sh"])])


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
