"""Owns the names, numbers and folders of one cluster; everything follows from its state folder.

A cluster in another folder gets another network, interface and control group, so two can run side by side.
"""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

_DEFAULT_STATE = Path("/var/lib/trunkline-dev")
_DEFAULT_REGISTRY_PORT = 5000

POD_NETWORK = "10.244.0.0/24"
SERVICE_NETWORK = "10.96.0.0/16"
API_SERVICE_ADDRESS = "10.96.0.1"
# Nothing answers there: the cluster has no DNS, yet kubelet warns at every pod without an address.
DNS_ADDRESS = "10.96.0.10"
API_PORT = 6443


@dataclass(frozen=True)
class Settings:
    """Where one cluster lives."""

    state: Path
    registry_port: int

    @property
    def name(self) -> str:
        """The node's name, and the control group's."""
        return "trunkline-dev" if self.state == _DEFAULT_STATE else f"trunkline-dev-{self._number}"

    @property
    def interface(self) -> str:
        """The machine's end of the wire to the node; the kernel allows fifteen characters."""
        return f"trunkline{self._number}"

    @property
    def host_address(self) -> str:
        """The machine as pods see it."""
        return f"198.18.{self._number}.1"

    @property
    def node_address(self) -> str:
        """The node as the machine sees it: the API server and the NodePorts are here."""
        return f"198.18.{self._number}.2"

    @property
    def api_url(self) -> str:
        """The API server's address for whoever is on this machine."""
        return f"https://{self.node_address}:{API_PORT}"

    @property
    def registry(self) -> str:
        """The registry's name, the same for this machine and for the node."""
        return f"127.0.0.1:{self.registry_port}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig."""
        return self.state / "kubeconfig"

    @property
    def pki(self) -> Path:
        """Keys and certificates."""
        return self.state / "pki"

    @property
    def config(self) -> Path:
        """The servers' configuration files."""
        return self.state / "config"

    @property
    def logs(self) -> Path:
        """One log file for each server."""
        return self.state / "logs"

    def environment(self) -> dict[str, str]:
        """The variables that make another process have these settings."""
        return {
            "TRUNKLINE_DEV_STATE": str(self.state),
            "TRUNKLINE_DEV_REGISTRY_PORT": str(self.registry_port),
        }

    @property
    def _number(self) -> int:
        # 198.18.0.0/15 is set aside for test networks, so no office network uses it.
        return zlib.crc32(str(self.state).encode()) % 256


def from_environment() -> Settings:
    """The settings that the environment variables ask for."""
    state = os.environ.get("TRUNKLINE_DEV_STATE")
    port = os.environ.get("TRUNKLINE_DEV_REGISTRY_PORT")
    return Settings(
        Path(state).absolute() if state else _DEFAULT_STATE,
        int(port) if port else _DEFAULT_REGISTRY_PORT,
    )
