"""Owns the cluster's keys, certificates and kubeconfigs, made with the ``openssl`` command."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from dev.cluster.settings import API_SERVICE_ADDRESS, Settings
from dev.process import run

# Certificates are made anew at every start, so they need to last no longer than a long project.
_DAYS = "365"


def create(settings: Settings) -> None:
    """Make every key, certificate and kubeconfig that the servers and the administrator need."""
    folder = settings.pki
    folder.mkdir(parents=True)
    _authority(folder)
    _key(folder, "service-account")
    run(
        [
            "openssl",
            "pkey",
            "-in",
            folder / "service-account.key",
            "-pubout",
            "-out",
            folder / "service-account.pub",
        ]
    )
    names = ["DNS:localhost", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"]
    addresses = [f"IP:{address}" for address in ("127.0.0.1", API_SERVICE_ADDRESS, settings.node_address)]
    _certificate(folder, "kube-apiserver", "/CN=kube-apiserver", [*names, *addresses])
    clients = {
        "admin": "/O=system:masters/CN=admin",
        "kubelet": f"/O=system:nodes/CN=system:node:{settings.name}",
        "kube-controller-manager": "/CN=system:kube-controller-manager",
        "kube-scheduler": "/CN=system:kube-scheduler",
        "kube-proxy": "/CN=system:kube-proxy",
    }
    for name, subject in clients.items():
        _certificate(folder, name, subject, [])
        path = settings.kubeconfig if name == "admin" else folder / f"{name}.kubeconfig"
        path.touch(mode=0o600)
        path.write_text(_kubeconfig(settings, name), encoding="utf-8")


def _openssl(folder: Path, words: str) -> None:
    run(["openssl", *words.split()], cwd=folder)


def _key(folder: Path, name: str) -> None:
    # RSA keys of the usual size would take seconds; these take milliseconds.
    _openssl(folder, f"genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out {name}.key")


def _authority(folder: Path) -> None:
    _key(folder, "ca")
    usage = "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"
    _openssl(
        folder,
        f"req -x509 -new -key ca.key -subj /CN=trunkline-dev -days {_DAYS} -addext {usage} -out ca.crt",
    )


def _certificate(folder: Path, name: str, subject: str, alternatives: list[str]) -> None:
    """A key and a certificate that works for a server and for a client."""
    _key(folder, name)
    lines = ["keyUsage=critical,digitalSignature,keyEncipherment", "extendedKeyUsage=serverAuth,clientAuth"]
    if alternatives:
        lines.append(f"subjectAltName={','.join(alternatives)}")
    (folder / "request.ext").write_text("\n".join(lines) + "\n", encoding="utf-8")
    _openssl(folder, f"req -new -key {name}.key -subj {subject} -out request.csr")
    signer = f"-CA ca.crt -CAkey ca.key -CAcreateserial -days {_DAYS}"
    _openssl(folder, f"x509 -req -in request.csr {signer} -extfile request.ext -out {name}.crt")


def _kubeconfig(settings: Settings, name: str) -> str:
    """A kubeconfig that carries its keys, so that it can be copied; JSON is YAML."""

    def data(file: str) -> str:
        return base64.b64encode((settings.pki / file).read_bytes()).decode()

    cluster = {"server": settings.api_url, "certificate-authority-data": data("ca.crt")}
    user = {"client-certificate-data": data(f"{name}.crt"), "client-key-data": data(f"{name}.key")}
    context = {"cluster": "trunkline-dev", "user": name, "namespace": "default"}
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "trunkline-dev", "cluster": cluster}],
            "users": [{"name": name, "user": user}],
            "contexts": [{"name": "trunkline-dev", "context": context}],
            "current-context": "trunkline-dev",
        },
        indent=2,
    )
