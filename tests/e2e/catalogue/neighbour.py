"""Puts the ill-tempered neighbour of `standin` on the node: a pod in the node's own network, as a node's registry is."""

from __future__ import annotations

import base64
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dev.process import run
from tests.e2e.catalogue.hands import Hands

# Below the ports that the kernel gives away, and those of NodePorts.
_PORTS = range(20_000, 30_000, 2)


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Where it answers, seen from the node.

    Attributes:
        registry: `host:port` of the registry of many moods.
        webhooks: `host:port` of the webhooks.
        authority: the certificate that vouches for the webhooks, in base64 as a `caBundle` wants it.
    """

    registry: str
    webhooks: str
    authority: str


def settle(hands: Hands, base_image: str, upstream: str, scratch: Path) -> Neighbour:
    """Start it in the namespace of `hands`; it leaves with the namespace."""
    authority = make_certificate(scratch)
    port = random.choice(_PORTS)
    names = {
        "standin.py": Path(__file__).with_name("standin.py"),
        "key.pem": scratch / "key.pem",
        "certificate.pem": scratch / "certificate.pem",
    }
    data = {name: path.read_text(encoding="utf-8") for name, path in names.items()}
    metadata = {"name": "neighbour", "labels": {"app": "neighbour"}}
    hands.client.create(
        hands.path("secrets"),
        {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data},
    )
    hands.client.create(hands.path("pods"), _pod(metadata, base_image, port, upstream))

    def ready() -> bool:
        found = hands.client.get(hands.path("pods/neighbour"))["status"]
        assert not any(
            (each.get("state") or {}).get("terminated") for each in found.get("containerStatuses", ())
        ), json.dumps(found)
        return any(
            each["type"] == "Ready" and each["status"] == "True" for each in found.get("conditions", ())
        )

    hands.until("the ill-tempered neighbour is ready", ready)
    return Neighbour(f"127.0.0.1:{port}", f"127.0.0.1:{port + 1}", authority)


def make_certificate(folder: Path) -> str:
    """Make `key.pem` and `certificate.pem` for loopback; the certificate in base64, as a `caBundle` wants it."""
    certificate = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=catalogue"
    files = "-addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out certificate.pem"
    run(["openssl", *certificate.split(), *files.split()], cwd=folder)
    return base64.b64encode((folder / "certificate.pem").read_bytes()).decode()


def _pod(metadata: dict[str, Any], image: str, port: int, upstream: str) -> dict[str, Any]:
    main = {
        "name": "main",
        "image": image,
        "command": [
            *("python3", "/standin/standin.py", str(port), upstream),
            *("/standin/certificate.pem", "/standin/key.pem"),
        ],
        "volumeMounts": [{"name": "standin", "mountPath": "/standin"}],
        "readinessProbe": {
            "httpGet": {"host": "127.0.0.1", "port": port, "path": "/v2/"},
            "periodSeconds": 1,
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {
            "hostNetwork": True,
            # It needs no token, and a new namespace has none to give for a moment.
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "restartPolicy": "Never",
            "containers": [main],
            "volumes": [{"name": "standin", "secret": {"secretName": "neighbour"}}],
        },
    }
