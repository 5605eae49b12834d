"""Owns the few questions that starting a cluster asks its API server."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from dev.cluster.settings import API_PORT, Settings

_OK = 200


def get(settings: Settings, path: str) -> dict[str, Any] | None:
    """What the API server answers to the administrator, None while it does not."""
    said = _get(settings, path)
    return json.loads(said) if said is not None else None


def is_ready(settings: Settings) -> bool:
    """Whether the API server serves, with its bootstrapped roles in place."""
    return _get(settings, "/readyz") is not None


def node_is_ready(settings: Settings) -> bool:
    """Whether pods can be scheduled on the node, and can have the service account that they need."""
    node = get(settings, f"/api/v1/nodes/{settings.name}")
    account = get(settings, "/api/v1/namespaces/default/serviceaccounts/default")
    if node is None or account is None or "taints" in node["spec"]:
        return False
    conditions = {each["type"]: each["status"] for each in node["status"].get("conditions", [])}
    return conditions.get("Ready") == "True" and bool(account.get("secrets"))


def _get(settings: Settings, path: str) -> bytes | None:
    pki = settings.pki
    try:
        trust = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        trust.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        connection = http.client.HTTPSConnection(settings.node_address, API_PORT, timeout=5, context=trust)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            said = answer.read()
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return None
    return said if answer.status == _OK else None
