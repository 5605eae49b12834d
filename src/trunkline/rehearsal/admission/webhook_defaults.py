"""What a configuration of webhooks leaves to be concluded."""

from __future__ import annotations

from typing import Any

from trunkline.rehearsal.controllers.reading import entries
from trunkline.rehearsal.objects import Object

_ANY = "*"


def fill_webhooks(value: Object) -> None:
    """Fill it in, in place."""
    for hook in entries(value, "webhooks"):
        defaults: dict[str, Any] = {
            "failurePolicy": "Fail",
            "matchPolicy": "Equivalent",
            "timeoutSeconds": 10,
        }
        defaults |= {"namespaceSelector": {}, "objectSelector": {}}
        if value.get("kind") == "MutatingWebhookConfiguration":
            defaults["reinvocationPolicy"] = "Never"
        hook |= {key: item for key, item in defaults.items() if hook.get(key) is None}
        for rule in entries(hook, "rules"):
            rule.setdefault("scope", _ANY)
        client = hook.get("clientConfig")
        service = client.get("service") if isinstance(client, dict) else None
        if isinstance(service, dict):
            service.setdefault("port", 443)
