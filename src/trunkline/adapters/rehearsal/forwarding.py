"""A way to the stubs that answer for a simulated cluster's pods."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

from trunkline.errors import Unreachable
from trunkline.ports import Http, Request

Reach = Callable[[str, str, str], tuple[str, int] | None]
_ASK_S = 5.0
_OK = 200


class StubForwarding:
    """The port `Forwarding`: the stubs listen on loopback already.

    Args:
        reach: where a Service's port is answered, by namespace, name and port; None if nowhere.
    """

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    @contextmanager
    def to_service(self, namespace: str, service: str, port: str) -> Iterator[int]:
        """See the port."""
        found = self._reach(namespace, service, port)
        if found is None:
            raise Unreachable(
                f"No ready pod stands behind port {port} of service/{service} in namespace {namespace}.",
                "Look at the Service's selector and its ports.",
            )
        yield found[1]


def asking(url: str, http: Http) -> Reach:
    """Asks a simulated cluster in another process where its stubs are."""

    def reach(namespace: str, service: str, port: str) -> tuple[str, int] | None:
        path = "/".join(quote(part, safe="") for part in (namespace, service, port))
        response = http.send(Request("GET", f"{url}/rehearsal/services/{path}", timeout_s=_ASK_S))
        if response.status != _OK:
            return None
        found = json.loads(response.body)
        return str(found["host"]), int(found["port"])

    return reach
