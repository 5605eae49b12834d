"""Owns the configuration files of containerd, its network, kubelet and kube-proxy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dev.cluster import pause
from dev.cluster.settings import DNS_ADDRESS, POD_NETWORK, Settings

# Seen inside the node alone, where /run is its own.
SOCKET = Path("/run/containerd/containerd.sock")


def write(settings: Settings, plugins: Path) -> None:
    """Write every configuration file; `plugins` is the folder of the CNI plugins."""
    settings.config.mkdir(parents=True)
    network = settings.config / "cni"
    network.mkdir()
    _json(network / "10-trunkline.conflist", _network(settings))
    _json(settings.config / "kubelet.json", _kubelet(settings))
    _json(settings.config / "kube-proxy.json", _proxy(settings))
    text = _containerd(settings, network, plugins)
    (settings.config / "containerd.toml").write_text(text, encoding="utf-8")
    # Pods would otherwise inherit a resolver that they cannot reach, and wait for it.
    (settings.config / "resolv.conf").write_text("options timeout:1 attempts:1\n", encoding="utf-8")


def _json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2), encoding="utf-8")


def _containerd(settings: Settings, network: Path, plugins: Path) -> str:
    """Quotes in TOML's basic strings follow JSON's rules."""

    def quoted(value: object) -> str:
        return json.dumps(str(value))

    return f"""\
version = 2
root = {quoted(settings.state / "containerd")}
state = "/run/containerd"

[grpc]
address = {quoted(SOCKET)}

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = {quoted(pause.IMAGE)}
# Without CAP_SYS_RESOURCE nobody may lower an OOM score, and runc dies trying.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = {quoted(plugins)}
conf_dir = {quoted(network)}

[plugins."io.containerd.grpc.v1.cri".registry.mirrors."{settings.registry}"]
endpoint = [{quoted(f"http://{settings.registry}")}]
"""


def _network(settings: Settings) -> dict[str, Any]:
    leases = str(settings.state / "pod-addresses")
    ranges = [[{"subnet": POD_NETWORK}]]
    return {
        "cniVersion": "0.4.0",
        "name": "trunkline-dev",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "dataDir": leases,
                    "ranges": ranges,
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def _kubelet(settings: Settings) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "x509": {"clientCAFile": str(settings.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(settings.pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(settings.pki / "kubelet.key"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{settings.name}",
        "clusterDNS": [DNS_ADDRESS],
        "clusterDomain": "cluster.local",
        "resolvConf": str(settings.config / "resolv.conf"),
        "failSwapOn": False,
        # A developer's full disk must not evict the pods under test, nor collect the pause image.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "0%", "imagefs.available": "0%"},
        "imageGCHighThresholdPercent": 100,
        # The node is ready sooner; nothing else depends on it.
        "nodeStatusUpdateFrequency": "2s",
        # The node tells of all its images, however many tests have left on it.
        "nodeStatusMaxImages": -1,
        # Later versions' defaults: with this one's, secrets reach new pods late and events go missing.
        "kubeAPIQPS": 50,
        "kubeAPIBurst": 100,
        "eventRecordQPS": 50,
        "volumePluginDir": str(settings.state / "volume-plugins"),
    }


def _proxy(settings: Settings) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": str(settings.pki / "kube-proxy.kubeconfig")},
        "hostnameOverride": settings.name,
        "mode": "iptables",
        "clusterCIDR": POD_NETWORK,
        "healthzBindAddress": "127.0.0.1:10256",
        "metricsBindAddress": "127.0.0.1:10249",
        # The connection table's size belongs to the machine; a node in a namespace may not set it.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
    }
