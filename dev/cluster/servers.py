"""Owns the servers of the node: the command line of each, what must answer before it starts, and when it is ready."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dev import debian, registry
from dev.cluster import api, configs
from dev.cluster.settings import API_PORT, SERVICE_NETWORK, Settings
from dev.ready import http_status, listens

API_SERVER = "kube-apiserver"
_OK = 200
_ETCD_PORT = 2379
_PROXY_HEALTH_PORT = 10256
_KUBELET_HEALTH_PORT = 10248


@dataclass(frozen=True)
class Part:
    """One server of the node."""

    name: str
    argv: list[str | Path]
    ready: Callable[[], bool]


def registry_part(settings: Settings, name: str) -> Part:
    """A registry on loopback; the machine's and the node's serve the same folder."""
    root = settings.state / "registry"
    root.mkdir(exist_ok=True)
    url = f"http://{settings.registry}/v2/"
    return Part(name, registry.command(root, settings.registry_port), lambda: http_status(url) == _OK)


def first(settings: Settings) -> list[Part]:
    """The servers that need nobody else."""
    return [
        Part("etcd", _etcd(settings), lambda: http_status(f"http://127.0.0.1:{_ETCD_PORT}/health") == _OK),
        Part(
            "containerd",
            [binary("containerd"), "--config", settings.config / "containerd.toml"],
            configs.SOCKET.exists,
        ),
    ]


def api_server(settings: Settings, kubernetes: Path) -> Part:
    """The API server, which needs etcd."""
    return Part(API_SERVER, _api_server(settings, kubernetes), lambda: api.is_ready(settings))


def controllers(settings: Settings, kubernetes: Path) -> list[Part]:
    """The servers that need the API server, and the kubelet, which makes this a node."""
    return [
        Part("kube-controller-manager", _controller_manager(settings, kubernetes), lambda: listens(10257)),
        Part("kube-scheduler", _scheduler(settings, kubernetes), lambda: listens(10259)),
        Part("kubelet", _kubelet(settings, kubernetes), lambda: _healthy(_KUBELET_HEALTH_PORT)),
    ]


def proxy(settings: Settings, kubernetes: Path) -> Part:
    """The proxy, which waits in growing pauses for a node that is not there yet."""
    argv: list[str | Path] = [kubernetes / "kube-proxy", f"--config={settings.config / 'kube-proxy.json'}"]
    return Part("kube-proxy", argv, lambda: _healthy(_PROXY_HEALTH_PORT))


def binary(name: str) -> Path:
    """A server out of Debian's packages: unpacked, so that no service manager ever starts a second one."""
    package, path = {
        "etcd": ("etcd-server", "usr/bin/etcd"),
        "containerd": ("containerd", "usr/bin/containerd"),
        "ctr": ("containerd", "usr/bin/ctr"),
        "runc": ("runc", "usr/sbin/runc"),
        "cni": ("containernetworking-plugins", "usr/lib/cni"),
    }[name]
    return debian.unpack(package) / path


def environment(settings: Settings) -> dict[str, str]:
    """What the servers find on PATH: our containerd with its shims, our runc, the machine's iptables."""
    folders = [str(binary(name).parent) for name in ("containerd", "runc")]
    path = os.pathsep.join([*folders, "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    return {"PATH": path, "HOME": str(settings.state)}


def _healthy(port: int) -> bool:
    return http_status(f"http://127.0.0.1:{port}/healthz") == _OK


def _etcd(settings: Settings) -> list[str | Path]:
    url = f"http://127.0.0.1:{_ETCD_PORT}"
    return [
        binary("etcd"),
        f"--data-dir={settings.state / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        # The data never outlive the cluster, so waiting for the disk buys nothing.
        "--unsafe-no-fsync",
    ]


def _api_server(settings: Settings, kubernetes: Path) -> list[str | Path]:
    pki = settings.pki
    return [
        kubernetes / "kube-apiserver",
        f"--etcd-servers=http://127.0.0.1:{_ETCD_PORT}",
        f"--advertise-address={settings.node_address}",
        f"--secure-port={API_PORT}",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--tls-cert-file={pki / 'kube-apiserver.crt'}",
        f"--tls-private-key-file={pki / 'kube-apiserver.key'}",
        f"--kubelet-client-certificate={pki / 'admin.crt'}",
        f"--kubelet-client-key={pki / 'admin.key'}",
        # The node's name is in no DNS.
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={pki / 'service-account.pub'}",
        f"--service-account-signing-key-file={pki / 'service-account.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
    ]


def _controller_manager(settings: Settings, kubernetes: Path) -> list[str | Path]:
    pki = settings.pki
    return [
        kubernetes / "kube-controller-manager",
        f"--kubeconfig={pki / 'kube-controller-manager.kubeconfig'}",
        "--leader-elect=false",
        "--use-service-account-credentials",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--service-account-private-key-file={pki / 'service-account.key'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        f"--flex-volume-plugin-dir={settings.state / 'volume-plugins'}",
    ]


def _scheduler(settings: Settings, kubernetes: Path) -> list[str | Path]:
    return [
        kubernetes / "kube-scheduler",
        f"--kubeconfig={settings.pki / 'kube-scheduler.kubeconfig'}",
        "--leader-elect=false",
    ]


def _kubelet(settings: Settings, kubernetes: Path) -> list[str | Path]:
    return [
        kubernetes / "kubelet",
        f"--config={settings.config / 'kubelet.json'}",
        f"--kubeconfig={settings.pki / 'kubelet.kubeconfig'}",
        f"--hostname-override={settings.name}",
        f"--node-ip={settings.node_address}",
        f"--root-dir={settings.state / 'kubelet'}",
        "--container-runtime=remote",
        f"--container-runtime-endpoint=unix://{configs.SOCKET}",
    ]
