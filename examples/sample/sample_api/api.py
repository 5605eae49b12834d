"""Owns the HTTP interface."""

from __future__ import annotations

import falcon

from sample_api.settings import Settings


class _Answer:
    """A resource whose answer does not change while the service runs."""

    def __init__(self, answer: dict[str, str]) -> None:
        self._answer = answer

    def on_get(self, _request: falcon.Request, response: falcon.Response) -> None:
        response.media = self._answer


def create(settings: Settings) -> falcon.App[falcon.Request, falcon.Response]:
    """The application with all its routes."""
    app = falcon.App()
    app.add_route("/healthz", _Answer({"status": "ok"}))
    app.add_route("/sample", _Answer({"greeting": f"{settings.greeting} from {settings.environment}"}))
    app.add_route(
        "/version",
        _Answer({"service": "sample", "commit": settings.commit, "environment": settings.environment}),
    )
    return app
