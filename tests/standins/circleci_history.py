"""What the stand-in for CircleCI knows: pipelines, their workflows and jobs, and what may be asked and said of them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

KEPT = timedelta(days=90)
Item = dict[str, Any]


class Refusal(Exception):
    """What is asked or said is not possible, as HTTP has it."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def spelled(moment: datetime) -> str:
    """As the API writes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


@dataclass(slots=True)
class CircleHistory:
    """One project's past and present.

    Attributes:
        slug: the project.
        me: the user that the token belongs to.
        users: logins by user id.
    """

    slug: str
    me: str = "11111111-1111-4111-8111-111111111111"
    users: dict[str, str] = field(default_factory=lambda: {"11111111-1111-4111-8111-111111111111": "ada"})
    pipelines: dict[str, Item] = field(default_factory=dict)
    workflows: dict[str, Item] = field(default_factory=dict)
    jobs: dict[str, list[Item]] = field(default_factory=dict)

    def person(self, login: str) -> str:
        """Somebody of that login; their id."""
        made = str(uuid.uuid5(uuid.NAMESPACE_DNS, login))
        self.users[made] = login
        return made

    def start(
        self, commit: str, at: datetime, *, branch: str = "main", login: str = "ada", name: str = "deliver"
    ) -> str:
        """A pipeline with one workflow; the workflow's id."""
        number = len(self.pipelines) + 1
        pipeline, workflow = (str(uuid.uuid5(uuid.NAMESPACE_URL, f"{kind}/{number}")) for kind in "pw")
        self.pipelines[pipeline] = {
            "id": pipeline,
            "number": number,
            "project_slug": self.slug,
            "state": "created",
            "errors": [],
            "created_at": spelled(at),
            "updated_at": spelled(at),
            "trigger": {
                "type": "webhook",
                "received_at": spelled(at),
                "actor": {"login": login, "avatar_url": None},
            },
            "vcs": {
                "provider_name": "GitHub",
                "revision": commit,
                "branch": branch,
                "origin_repository_url": "https://git.example/acme/sample",
            },
        }
        self.workflows[workflow] = {
            "id": workflow,
            "name": name,
            "pipeline_id": pipeline,
            "pipeline_number": number,
            "project_slug": self.slug,
            "status": "running",
            "started_by": self.me,
            "created_at": spelled(at),
            "stopped_at": None,
        }
        self.jobs[workflow] = []
        return workflow

    def job(
        self,
        workflow: str,
        name: str,
        status: str = "success",
        *,
        began: datetime | None = None,
        ended: datetime | None = None,
        after: tuple[str, ...] = (),
    ) -> str:
        """A job that runs or ran; its id."""
        ident = str(uuid.uuid5(uuid.UUID(workflow), name))
        made: Item = {
            "id": ident,
            "name": name,
            "type": "build",
            "status": status,
            "job_number": sum(map(len, self.jobs.values())) + 1,
            "project_slug": self.slug,
            "dependencies": list(after),
        }
        if began is not None:
            made["started_at"] = spelled(began)
        if ended is not None:
            made["stopped_at"] = spelled(ended)
        self.jobs[workflow].append(made)
        return ident

    def hold(self, workflow: str, name: str, *, after: tuple[str, ...] = (), approved_by: str = "") -> str:
        """An approval that waits or, with somebody's login, was given; its id."""
        ident = str(uuid.uuid5(uuid.UUID(workflow), name))
        made: Item = {
            "id": ident,
            "name": name,
            "type": "approval",
            "status": "success" if approved_by else "on_hold",
            "approval_request_id": ident,
            "project_slug": self.slug,
            "dependencies": list(after),
        }
        if approved_by:
            made["approved_by"] = self.person(approved_by)
        else:
            self.workflows[workflow]["status"] = "on_hold"
        self.jobs[workflow].append(made)
        return ident

    def stop(self, workflow: str, at: datetime, status: str = "success") -> None:
        """The workflow is over."""
        self.workflows[workflow] |= {"status": status, "stopped_at": spelled(at)}

    def approve(self, workflow: str, request: str) -> None:
        """As `POST /workflow/{id}/approve/{approval_request_id}`."""
        found = [item for item in self._jobs(workflow) if item.get("approval_request_id") == request]
        if not found:
            raise Refusal(404, "Approval job not found.")
        if found[0]["status"] != "on_hold":
            raise Refusal(400, "Job already approved.")
        found[0] |= {"status": "success", "approved_by": self.me}
        if not any(item["status"] == "on_hold" for item in self.jobs[workflow]):
            self.workflows[workflow]["status"] = "running"

    def cancel(self, workflow: str, at: datetime) -> None:
        """As `POST /workflow/{id}/cancel`."""
        jobs = self._jobs(workflow)
        if self.workflows[workflow]["stopped_at"]:
            raise Refusal(400, "Workflow is already over.")
        for item in jobs:
            if item["status"] in ("on_hold", "running", "blocked"):
                item |= {"status": "canceled", "canceled_by": self.me}
        self.stop(workflow, at, "canceled")

    def insights(self, query: dict[str, str], name: str = "") -> list[Item]:
        """Names with figures, or the runs of one workflow; only what ended is there."""
        chosen = self._chosen(query)
        if not name:
            return [
                {"name": each, "metrics": {"total_runs": sum(item["name"] == each for item in chosen)}}
                for each in sorted({item["name"] for item in chosen})
            ]
        return [
            {
                "id": item["id"],
                "branch": self.pipelines[item["pipeline_id"]]["vcs"]["branch"],
                "status": item["status"],
                "duration": int((_read(item["stopped_at"]) - _read(item["created_at"])).total_seconds()),
                "created_at": item["created_at"],
                "stopped_at": item["stopped_at"],
                "credits_used": 10,
                "is_approval": False,
            }
            for item in chosen
            if item["name"] == name
        ]

    def _chosen(self, query: dict[str, str]) -> list[Item]:
        if query.get("branch") and query.get("all-branches") == "true":
            raise Refusal(400, "branch and all-branches exclude each other.")
        branch = query.get("branch") or ("" if query.get("all-branches") == "true" else "main")
        return [
            item
            for item in sorted(
                self.workflows.values(), key=lambda item: str(item["created_at"]), reverse=True
            )
            if item["stopped_at"] and branch in {"", self.pipelines[item["pipeline_id"]]["vcs"]["branch"]}
        ]

    def _jobs(self, workflow: str) -> list[Item]:
        if workflow not in self.jobs:
            raise Refusal(404, "Workflow not found.")
        return self.jobs[workflow]


def in_window(items: list[Item], query: dict[str, str], now: datetime) -> list[Item]:
    """The runs of a window that Insights still keep; any other window is refused."""
    if "start-date" not in query:
        raise Refusal(400, "start-date is required.")
    begin = _read(query["start-date"])
    end = _read(query["end-date"]) if "end-date" in query else now
    if begin < now - KEPT:
        raise Refusal(400, "start-date must be within the last 90 days.")
    if not timedelta(0) <= end - begin <= KEPT:
        raise Refusal(400, "end-date must be at most 90 days after start-date.")
    return [item for item in items if begin <= _read(item["created_at"]) < end]


def _read(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"{text} is no date.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def webhook(history: CircleHistory, kind: str, workflow: str, job: str, now: datetime) -> bytes:
    """The body of a webhook, as https://circleci.com/docs/reference/webhooks/ has it."""
    whole = history.workflows[workflow]
    pipeline = history.pipelines[whole["pipeline_id"]]
    about: Item = {
        "id": str(uuid.uuid5(uuid.UUID(workflow), f"{kind}/{job}")),
        "type": kind,
        "happened_at": spelled(now),
        "webhook": {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, history.slug)), "name": "trunkline"},
        "project": {
            "id": str(uuid.uuid5(uuid.NAMESPACE_DNS, history.slug)),
            "name": "sample",
            "slug": history.slug,
        },
        "organization": {"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "acme")), "name": "acme"},
        "pipeline": {name: pipeline[name] for name in ("id", "number", "created_at", "trigger", "vcs")},
        "workflow": {name: whole[name] for name in ("id", "name", "status", "created_at", "stopped_at")},
    }
    if job:
        found = next(item for item in history.jobs[workflow] if item["id"] == job)
        names = {"job_number": "number", "started_at": "started_at", "stopped_at": "stopped_at"}
        about["job"] = {"id": job, "name": found["name"], "status": found["status"]} | {
            to: found[name] for name, to in names.items() if name in found
        }
    return json.dumps(about).encode()
