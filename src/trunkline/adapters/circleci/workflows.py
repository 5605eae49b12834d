"""The port `Workflows` over CircleCI's API v2: Insights for what was, the pipelines for what is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

from trunkline.adapters.circleci.client import CircleClient
from trunkline.domain.workflows import Pipeline, Workflow, WorkflowJob
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Clock

# Insights remember so long, and refuse a question for an earlier day.
KEPT = timedelta(days=90)
_MARGIN = timedelta(minutes=5)
_NEWEST_PIPELINES = 30
_T = TypeVar("_T")


class CircleWorkflows:
    """Implements the port `Workflows` for one project.

    Args:
        client: how CircleCI is asked.
        clock: what time it is.
        slug: the project: `gh/organisation/repository`, `bb/...`, or `circleci/ID/ID`.
    """

    def __init__(self, client: CircleClient, clock: Clock, slug: str) -> None:
        self._client = client
        self._clock = clock
        self._slug = quote(slug)
        self._logins: dict[str, str] = {}

    def finished(self, since: datetime, branch: str = "") -> Iterator[Workflow]:
        """See the port. Insights are up to a day late: who asks again tomorrow hears of the rest."""
        now = self._clock.now()
        begin = max(since, now - KEPT + _MARGIN)
        chosen = {"branch": branch} if branch else {"all-branches": "true"}
        names = [
            str(item.get("name", ""))
            for item in self._client.pages(
                f"/insights/{self._slug}/workflows", {"reporting-window": "last-90-days", **chosen}
            )
        ]
        window = {"start-date": _spelled(begin), "end-date": _spelled(now), **chosen}
        for name in names:
            path = f"/insights/{self._slug}/workflows/{quote(name, safe='')}"
            for item in self._client.pages(path, window):
                found = self._read(path, _insight, {**item, "name": name})
                if found.over and found.created_at >= begin:
                    yield found

    def recent(self, branch: str = "") -> Iterator[tuple[Pipeline, Workflow]]:
        """See the port."""
        path = f"/project/{self._slug}/pipeline"
        pipelines = self._client.pages(path, {"branch": branch} if branch else {})
        for item in islice(pipelines, _NEWEST_PIPELINES):
            pipeline = self._read(path, _pipeline, item)
            below = f"/pipeline/{quote(pipeline.id)}/workflow"
            for found in self._client.pages(below):
                yield pipeline, self._read(below, _workflow, found)

    def workflow(self, workflow_id: str) -> Workflow:
        """See the port."""
        path = f"/workflow/{quote(workflow_id)}"
        return self._read(path, _workflow, self._client.get(path))

    def pipeline(self, pipeline_id: str) -> Pipeline:
        """See the port."""
        path = f"/pipeline/{quote(pipeline_id)}"
        return self._read(path, _pipeline, self._client.get(path))

    def jobs(self, workflow_id: str) -> tuple[WorkflowJob, ...]:
        """See the port."""
        path = f"/workflow/{quote(workflow_id)}/job"
        return tuple(self._read(path, _job, item) for item in self._client.pages(path))

    def login(self, user_id: str) -> str:
        """See the port."""
        if user_id not in self._logins:
            try:
                known = self._client.get(f"/user/{quote(user_id)}").get("login")
            except Refused:
                known = None
            self._logins[user_id] = known if isinstance(known, str) and known else user_id
        return self._logins[user_id]

    def approve(self, workflow_id: str, request: str) -> None:
        """See the port."""
        self._client.post(f"/workflow/{quote(workflow_id)}/approve/{quote(request)}")

    def cancel(self, workflow_id: str) -> None:
        """See the port."""
        self._client.post(f"/workflow/{quote(workflow_id)}/cancel")

    def _read(self, path: str, reader: Callable[[Mapping[str, Any]], _T], item: Mapping[str, Any]) -> _T:
        try:
            return reader(item)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unreachable(
                f"The answer of {self._client.name} to {path} makes no sense: {type(error).__name__} {error}.",
                "Check that CIRCLECI_CLI_HOST names CircleCI or a server of it.",
            ) from None


def _workflow(item: Mapping[str, Any]) -> Workflow:
    return Workflow(
        _text(item["id"]),
        _text(item["name"]),
        _text(item["status"]),
        _text(item["pipeline_id"]),
        int(item["pipeline_number"]),
        _moment(item["created_at"]),
        _moment_or_none(item.get("stopped_at")),
    )


def _insight(item: Mapping[str, Any]) -> Workflow:
    """Insights know neither the pipeline nor its number: whoever wants them asks for the workflow."""
    return Workflow(
        _text(item["id"]),
        _text(item["name"]),
        _text(item["status"]),
        "",
        0,
        _moment(item["created_at"]),
        _moment_or_none(item.get("stopped_at")),
    )


def _pipeline(item: Mapping[str, Any]) -> Pipeline:
    source = item.get("vcs") or {}
    actor = (item.get("trigger") or {}).get("actor") or {}
    return Pipeline(
        _text(item["id"]),
        int(item["number"]),
        _text(source.get("revision") or ""),
        _text(source.get("branch") or ""),
        _text(actor.get("login") or ""),
        _moment(item["created_at"]),
    )


def _job(item: Mapping[str, Any]) -> WorkflowJob:
    return WorkflowJob(
        _text(item["id"]),
        _text(item["name"]),
        _text(item["status"]),
        item.get("type") == "approval",
        int(item.get("job_number") or 0),
        _moment_or_none(item.get("started_at")),
        _moment_or_none(item.get("stopped_at")),
        tuple(_text(name) for name in item.get("dependencies") or ()),
        _text(item.get("approval_request_id") or ""),
        _text(item.get("approved_by") or ""),
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"no text but {type(value).__name__}")
    return value


def _moment(value: object) -> datetime:
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC)


def _moment_or_none(value: object) -> datetime | None:
    return None if value is None or value == "" else _moment(value)


def _spelled(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
