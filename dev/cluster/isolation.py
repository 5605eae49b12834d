"""Owns what keeps the node apart from the machine: its own mounts, its own network, harmless kernel settings.

Runs inside the node's fresh namespaces. Whatever is mounted, linked or filtered here ends with the
node, because the kernel takes a namespace apart when its last process is gone.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from dev.cluster.settings import SERVICE_NETWORK, Settings
from dev.process import run, succeeds
from dev.ready import wait

# Servers and plugins write to these places under names that no option changes.
_PRIVATE = ("/run", "/var/lib", "/var/log")

# What kubelet insists on and would set for the whole machine. It reads the values before it writes.
_KERNEL = {
    "vm/overcommit_memory": "1",
    "vm/panic_on_oom": "0",
    "kernel/panic": "10",
    "kernel/panic_on_oops": "1",
    "kernel/keys/root_maxkeys": "1000000",
    "kernel/keys/root_maxbytes": "25000000",
}


def mounts(settings: Settings, keep: Sequence[Path]) -> None:
    """Give the node a /proc and writable system folders of its own; `keep` stay what they are."""
    run(["mount", "--make-rprivate", "/"])
    run(["mount", "-t", "proc", "proc", "/proc"])
    for place in _PRIVATE:
        _hide(place, keep)
    for name, value in _KERNEL.items():
        claimed = settings.config / name.replace("/", "-")
        claimed.write_text(f"{value}\n", encoding="utf-8")
        run(["mount", "--bind", claimed, f"/proc/sys/{name}"])
    # Kubelet's volumes must show in containers that are already running.
    run(["mount", "--make-rshared", "/"])


def network(settings: Settings, machine: Path) -> None:
    """Lay a wire between the node and the machine, whose network namespace is the file `machine`."""
    on_machine = ["nsenter", f"--net={machine}"]
    run(["ip", "link", "set", "lo", "up"])
    run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", settings.interface])
    run(["ip", "link", "set", settings.interface, "netns", machine])
    run([*on_machine, "ip", "address", "add", f"{settings.host_address}/30", "dev", settings.interface])
    run([*on_machine, "ip", "link", "set", settings.interface, "up"])
    run(["ip", "address", "add", f"{settings.node_address}/30", "dev", "eth0"])
    run(["ip", "link", "set", "eth0", "up"])
    _routes()
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    bridge = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if bridge.exists():
        bridge.write_text("1")


def unplug(settings: Settings) -> None:
    """Remove the machine's end of the wire; the kernel would do it too, but in its own time."""
    wire = Path("/sys/class/net") / settings.interface
    if wire.exists():
        succeeds(["ip", "link", "delete", settings.interface])
    wait(
        lambda: not wire.exists(),
        seconds=20,
        failure=lambda: (
            f"the interface {settings.interface} is still there: see who uses it with `ip -d link`."
        ),
    )


def _routes() -> None:
    """Let everything that cannot be reached fail at once: silence would cost its timeout each time."""
    # Kubelet asks a cloud's metadata address at its start, pods ask for whatever they like.
    run(["ip", "route", "add", "unreachable", "default"])
    # The node's own packets to a service need a route before kube-proxy's rules give them a real target.
    run(["ip", "route", "add", SERVICE_NETWORK, "dev", "eth0"])
    # What still has a service's address after those rules has nobody behind it: the missing DNS, first of all.
    for chain in ("FORWARD", "OUTPUT"):
        run(["iptables", "-A", chain, "-d", SERVICE_NETWORK, "-j", "REJECT"])


def _hide(place: str, keep: Sequence[Path]) -> None:
    """Cover a folder with an empty one, in which those of `keep` that lie there show again."""
    inside = [path for path in keep if path.is_relative_to(place)]
    held = [Path(tempfile.mkdtemp(prefix="trunkline-", dir="/dev/shm")) for _ in inside]
    for path, aside in zip(inside, held, strict=True):
        run(["mount", "--bind", path, aside])
    run(["mount", "-t", "tmpfs", "-o", "mode=755", "trunkline-dev", place])
    for path, aside in zip(inside, held, strict=True):
        path.mkdir(parents=True, exist_ok=True)
        run(["mount", "--move", aside, path])
        aside.rmdir()
