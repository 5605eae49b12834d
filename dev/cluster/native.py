"""Owns the cluster that this package builds itself: its start, its state, and its end without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from dev import cache, debian
from dev.cluster import api, build, cgroups, configs, isolation, life, node, pause, pki, servers
from dev.cluster.reach import Reach
from dev.cluster.settings import Settings
from dev.errors import DevError
from dev.process import run
from dev.progress import Progress
from dev.ready import http_status, wait
from dev.server import claim_port

PACKAGES = ("conntrack", "iproute2", "iptables", "libseccomp2", "openssl")

_REPOSITORY = Path(__file__).resolve().parents[2]
_UNSHARE = ("unshare", "--pid", "--mount", "--net", "--fork", "--kill-child")
_OK = 200


def up(settings: Settings, progress: Progress) -> Reach:
    """Start the cluster, unless it runs already; what an unclean end left behind is cleared away first."""
    with cache.lock(settings.name):
        if not is_up(settings):
            _refuse_strangers()
            _down(settings)
            binaries = prepare(progress)
            claim_port(settings.registry_port, "the cluster's registry")
            try:
                _start(settings, binaries, progress)
            except BaseException:
                # The state folder stays: its logs are what the error speaks of.
                _end(settings)
                raise
            progress.say("The cluster is up")
    return reach(settings)


def down(settings: Settings) -> None:
    """End the cluster and remove all that it left, the cache excepted."""
    with cache.lock(settings.name):
        _down(settings)


def is_up(settings: Settings) -> bool:
    """Whether the node lives and its API server and registry answer."""
    return life.living(settings) is not None and api.is_ready(settings) and _registry_answers(settings)


def reach(settings: Settings) -> Reach:
    """What a test needs to know."""
    return Reach(settings.kubeconfig, settings.registry, settings.node_address, settings.host_address)


def status(settings: Settings) -> str:
    """One sentence about how the cluster is."""
    if is_up(settings):
        return f"up: node {settings.name}, API {settings.api_url}, registry {settings.registry}"
    if life.living(settings) is not None:
        return f"unwell: the node lives, but its API server or registry does not answer, see {settings.logs}"
    log = settings.logs / "node.log"
    if log.exists() and (said := log.read_text(encoding="utf-8").splitlines()):
        return f"down: {said[-1].removeprefix('error: ')}"
    return "down"


def restart_api(settings: Settings) -> None:
    """Kill the API server; its node starts it again. Return when it has been away and answers again."""
    pid = life.living(settings)
    if pid is None:
        raise DevError("no cluster is up: run `python -m dev.cluster up` first.")
    os.kill(pid, signal.SIGUSR1)
    for state, seconds in ((False, 10), (True, 60)):
        wait(
            lambda wanted=state: api.is_ready(settings) is wanted,  # type: ignore[misc]
            seconds=seconds,
            failure=lambda: f"the API server did not restart: see {settings.logs / 'kube-apiserver.log'}.",
        )


def prepare(progress: Progress) -> Path:
    """Fetch and build what a cluster needs; return the folder of Kubernetes' binaries."""
    debian.install(*PACKAGES)
    for name in ("etcd", "containerd", "runc", "cni"):
        servers.binary(name)
    debian.program("docker-registry", "docker-registry")
    return build.kubernetes(progress)


def _refuse_strangers() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise DevError(
            "a cluster of our own needs root on Linux: use sudo, install Docker and kind, "
            "or set TRUNKLINE_TEST_KUBECONFIG to a cluster that you may use."
        )


def _start(settings: Settings, binaries: Path, progress: Progress) -> None:
    progress.say("Writing keys and configuration")
    settings.state.mkdir(parents=True)
    settings.logs.mkdir()
    pki.create(settings)
    configs.write(settings, servers.binary("cni"))
    pause.write_archive(binaries / "pause", settings.config / "pause.tar")
    cgroups.create(settings)
    progress.say("Starting the node")
    _start_node(settings, progress)
    wait(
        lambda: _registry_answers(settings),
        seconds=20,
        failure=lambda: (
            f"the registry at {settings.registry} does not answer: see {settings.logs / 'registry.log'}."
        ),
    )


def _start_node(settings: Settings, progress: Progress) -> None:
    """Start the node's first process, and pass on what it says until it is ready."""
    network = os.open("/proc/self/ns/net", os.O_RDONLY)
    try:
        with (settings.logs / "node.log").open("wb") as log:
            process = subprocess.Popen(
                [*_UNSHARE, sys.executable, "-m", "dev.cluster.node", str(network)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, **settings.environment()},
                cwd=_REPOSITORY,
                pass_fds=[network],
                start_new_session=True,
                text=True,
            )
    finally:
        os.close(network)
    try:
        _relay(process, settings, progress)
    except BaseException:
        # Its child, the node, goes with it, whether the node has made itself known yet or not.
        process.kill()
        process.wait()
        raise


def _relay(process: subprocess.Popen[str], settings: Settings, progress: Progress) -> None:
    assert process.stdout is not None
    with process.stdout as said:
        for line in said:
            if line.startswith("error:"):
                raise DevError(line.removeprefix("error: ").strip())
            progress.say(line.strip())
            if line.strip() == node.READY:
                return
    raise DevError(
        f"the node ended with {process.wait()} before it was ready: see {settings.logs / 'node.log'}."
    )


def _registry_answers(settings: Settings) -> bool:
    return http_status(f"http://{settings.registry}/v2/") == _OK


def _end(settings: Settings) -> None:
    life.end(settings)
    isolation.unplug(settings)
    cgroups.remove(settings)


def _down(settings: Settings) -> None:
    _end(settings)
    shutil.rmtree(settings.state, ignore_errors=True)
    if settings.state.exists():
        run(["rm", "-rf", settings.state])
