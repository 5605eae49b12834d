"""The end of a cluster leaves nothing behind, and an end without warning is no hindrance to the next start.

These tests run a cluster of their own, beside the one that other tests use.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from dev import cache, oci, tools
from dev.cluster import build, cgroups, life
from dev.cluster.settings import Settings, from_environment
from dev.progress import Progress
from dev.ready import free_port, wait

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(os.geteuid() != 0, reason="a cluster of our own needs root"),
]

# Where Kubernetes, containerd and CNI are wont to leave things.
HAUNTS = (
    "/dev/shm",
    "/etc/cni",
    "/opt/cni",
    "/run/containerd/s",
    "/run/containerd/io.containerd.runtime.v2.task",
    "/run/netns",
    "/run/kubernetes",
    "/run/xtables.lock",
    "/usr/libexec/kubernetes",
    "/var/lib/cni",
    "/var/lib/containerd",
    "/var/lib/etcd",
    "/var/lib/kubelet",
    "/var/log/containers",
    "/var/log/pods",
)
KERNEL = (
    "vm/overcommit_memory",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/ip_forward",
    "net/netfilter/nf_conntrack_max",
)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Settings]:
    """A cluster of our own, which shares neither network nor names with the default one."""
    taken = from_environment().interface
    candidates = (Settings(tmp_path / f"state{number}", free_port()) for number in range(9))
    ours = next(each for each in candidates if each.interface != taken)
    yield ours
    cluster(ours, "down")


def cluster(settings: Settings, command: str) -> None:
    env = {name: value for name, value in os.environ.items() if name != "TRUNKLINE_TEST_KUBECONFIG"}
    env |= settings.environment()
    done = subprocess.run(
        [sys.executable, "-m", "dev.cluster", command], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def kubectl(settings: Settings, *argv: str, stdin: str | None = None) -> str:
    done = subprocess.run(
        [tools.kubectl(), "--kubeconfig", settings.kubeconfig, *argv],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_pods(settings: Settings) -> None:
    """Have two pods run behind a NodePort: shims, interfaces, mounts, rules and control groups."""
    key = "test-images/pause"

    def fill(work: Path) -> None:
        tree = work / "tree"
        tree.mkdir()
        (tree / "pause").write_bytes((build.kubernetes(Progress()) / "pause").read_bytes())
        (tree / "pause").chmod(0o755)
        oci.write_layer(tree, work)

    layer = oci.Layer(cache.folder(key, fill))
    image = oci.push(settings.registry, "test/pause", "1", [layer], {"Entrypoint": ["/pause"]})
    kubectl(settings, "create", "deployment", "idle", f"--image={image}", "--replicas=2")
    kubectl(settings, "expose", "deployment", "idle", "--type=NodePort", "--port=80")
    kubectl(settings, "rollout", "status", "deployment/idle", "--timeout=60s")


def in_node(settings: Settings) -> dict[int, str]:
    """Every process of the node, by number, with what tells it apart from a later one."""
    node = life.living(settings)
    assert node is not None
    home = Path(f"/proc/{node}/ns/pid").readlink()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            status = (folder / "status").read_text()
            nested = len(next(line for line in status.splitlines() if line.startswith("NSpid:")).split()) > 2
            if (folder / "ns/pid").readlink() == home or (nested and belongs(settings, folder)):
                found[int(folder.name)] = (folder / "stat").read_text().rpartition(")")[2].split()[19]
    return found


def belongs(settings: Settings, folder: Path) -> bool:
    return f"/{settings.name}/" in (folder / "cgroup").read_text()


def alive(pid: int, started: str) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19] == started
    return False


def names(pids: dict[int, str]) -> set[str]:
    found = set()
    for pid in pids:
        # A short-lived helper (runc, iptables) may end between being listed and being read.
        with suppress(OSError):
            found.add(Path(f"/proc/{pid}/comm").read_text().strip())
    return found


def traces(settings: Settings) -> dict[str, Any]:
    """What a cluster could change on the machine."""
    interfaces = [path.name for path in Path("/sys/class/net").iterdir()]
    rules = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True).stdout
    return {
        # Others may be at work on this machine: what is not a cluster's is not looked at.
        "interfaces": sorted(name for name in interfaces if name.startswith("trunkline") or name == "cni0"),
        "rules": [
            line for line in rules.splitlines() if "KUBE" in line or "10.244." in line or "10.96." in line
        ],
        "mounts": [
            line for line in Path("/proc/mounts").read_text().splitlines() if str(settings.state) in line
        ],
        "files": {haunt: listing(Path(haunt)) for haunt in HAUNTS},
        "groups": cgroups.remaining(settings),
        "kernel": {name: setting(name) for name in KERNEL},
        "state": settings.state.exists(),
    }


def listing(haunt: Path) -> list[str] | None:
    if haunt.is_dir():
        return sorted(path.name for path in haunt.iterdir())
    return [] if haunt.exists() else None


def setting(name: str) -> str | None:
    path = Path("/proc/sys") / name
    return path.read_text() if path.exists() else None


def test_down_leaves_nothing_behind(settings: Settings) -> None:
    before = traces(settings)
    cluster(settings, "up")
    run_pods(settings)
    processes = in_node(settings)
    assert {"etcd", "kubelet", "containerd", "docker-registry", "pause"} <= names(processes)
    during = traces(settings)
    assert settings.interface in during["interfaces"]
    assert during["groups"]
    cluster(settings, "down")
    assert [pid for pid, started in processes.items() if alive(pid, started)] == []
    assert traces(settings) == before


def test_a_second_start_changes_nothing_and_a_death_without_warning_hinders_nobody(
    settings: Settings,
) -> None:
    before = traces(settings)
    cluster(settings, "up")
    first = life.living(settings)
    cluster(settings, "up")
    assert life.living(settings) == first
    run_pods(settings)
    processes = in_node(settings)
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait(
        lambda: not any(alive(pid, started) for pid, started in processes.items()),
        seconds=20,
        failure=lambda: "the node's processes outlived SIGKILL",
    )
    cluster(settings, "up")
    assert life.living(settings) not in {None, first}
    run_pods(settings)
    cluster(settings, "down")
    assert traces(settings) == before
