"""An ill-tempered neighbour, run as a pod on the node: a registry of many moods, and admission webhooks.

`python3 standin.py PORT REGISTRY CERTIFICATE KEY` serves the registry in plain http on 127.0.0.1:PORT and the webhooks
in https one port further. Only the standard library is there: the pod has no more. The first component of a
repository's name is the registry's mood: `denied` (401), `forbidden` (403) and `broken` (500);
any other name answers its first request with 500 and is from then on the catalogue's own repository in REGISTRY.
"""

from __future__ import annotations

import json
import ssl
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

OURS = "catalogue/tools"


class MoodyRegistry(BaseHTTPRequestHandler):
    """Answers as the repository's name says."""

    protocol_version = "HTTP/1.1"
    upstream = ""
    seen: ClassVar[set[str]] = set()

    def do_GET(self) -> None:
        """Answer a pull."""
        _, _, mood, *rest = [*self.path.split("/"), "", "", ""]
        if mood == "denied":
            self._answer(
                401, {"WWW-Authenticate": 'Basic realm="catalogue"'}, b'{"errors":[{"code":"UNAUTHORIZED"}]}'
            )
        elif mood == "forbidden":
            self._answer(403, {}, b'{"errors":[{"code":"DENIED","message":"requested access is denied"}]}')
        elif mood == "broken" or (mood and self._first(mood)):
            self._answer(500, {}, b'{"errors":[{"code":"UNKNOWN","message":"out of order"}]}')
        elif mood:
            self._pass_on("/".join(("", "v2", OURS, *(part for part in rest[1:] if part))))
        else:
            self._answer(200, {}, b"{}")

    do_HEAD = do_GET  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """Requests are of no interest."""

    def _first(self, mood: str) -> bool:
        known = mood in self.seen
        self.seen.add(mood)
        return not known

    def _pass_on(self, path: str) -> None:
        accept = {"Accept": ", ".join(self.headers.get_all("Accept", []))}
        asked = urllib.request.Request(f"http://{self.upstream}{path}", headers=accept, method=self.command)
        try:
            with urllib.request.urlopen(asked) as answer:
                headers = {
                    name: answer.headers[name]
                    for name in ("Content-Type", "Docker-Content-Digest")
                    if name in answer.headers
                }
                length = answer.headers.get("Content-Length", "0")
                self._answer(answer.status, headers, answer.read(), length if self.command == "HEAD" else "")
        except urllib.error.HTTPError as error:
            self._answer(error.code, {}, error.read())

    def _answer(self, status: int, headers: dict[str, str], body: bytes, length: str = "") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Webhooks(BaseHTTPRequestHandler):
    """Refuses whatever it is asked to admit."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answer an AdmissionReview."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refusal = {"message": "images of this team must be signed", "code": 403}
        response = {"uid": asked["request"]["uid"], "allowed": False, "status": refusal}
        review = {"apiVersion": asked["apiVersion"], "kind": asked["kind"], "response": response}
        body = json.dumps(review).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as above
        """As above."""


def main(port: int, upstream: str, certificate: str, key: str) -> None:
    """Serve until killed."""
    MoodyRegistry.upstream = upstream
    registry = ThreadingHTTPServer(("127.0.0.1", port), MoodyRegistry)
    webhooks = ThreadingHTTPServer(("127.0.0.1", port + 1), Webhooks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    webhooks.socket = context.wrap_socket(webhooks.socket, server_side=True)
    threading.Thread(target=webhooks.serve_forever, daemon=True).start()
    registry.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:5])
