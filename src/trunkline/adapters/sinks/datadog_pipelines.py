"""Runs and stages as Datadog's CI Visibility knows them: a pipeline, and jobs in it.

A stage is a job as soon as it has ended; the run is a pipeline once it is over, which is when a stage of it failed or
the last environment was reached. See https://docs.datadoghq.com/api/latest/ci-visibility-pipelines/.
"""

from __future__ import annotations

from trunkline.domain.attempts import Attempt, Ending, Outcome, Run
from trunkline.domain.parcels import Parcel
from trunkline.domain.records import dump_moment

_STATUSES = {Outcome.SUCCEEDED: "success", Outcome.FAILED: "error", Outcome.INTERRUPTED: "canceled"}


def pipeline(parcel: Parcel) -> dict[str, object]:
    """The body that sends what a parcel tells of a stage, and of its run where that is over.

    Raises:
        ValueError: it tells of no stage that has ended.
    """
    run, attempt, ending = parcel.run, parcel.attempt, parcel.ending
    if run is None or attempt is None or ending is None:
        raise ValueError("it is about no stage that has ended")
    resources = [_job(parcel, run, attempt, ending)]
    if parcel.ends_run:
        resources.append(_pipeline(parcel, run, ending))
    return {
        "data": [
            {"type": "cipipeline_resource_request", "attributes": {"resource": resource}}
            for resource in resources
        ]
    }


def page_of(parcel: Parcel) -> str:
    """Where a person can look at the run: Datadog takes nothing without."""
    if parcel.origin.link:
        return parcel.origin.link
    return parcel.origin.repository_url if parcel.origin.repository_url.startswith("https://") else ""


def _job(parcel: Parcel, run: Run, attempt: Attempt, ending: Ending) -> dict[str, object]:
    name = " ".join(filter(None, (attempt.stage.value, attempt.environment)))
    job: dict[str, object] = {
        "level": "job",
        "id": attempt.id,
        "name": name,
        "pipeline_unique_id": run.id,
        "pipeline_name": run.service,
        "start": dump_moment(attempt.started_at),
        "end": dump_moment(ending.finished_at),
        "status": _STATUSES[ending.outcome],
        "url": page_of(parcel),
    }
    if ending.outcome is Outcome.FAILED:
        job["error"] = {"type": ending.cause or "failed", "message": ending.reason, "domain": "provider"}
    return job


def _pipeline(parcel: Parcel, run: Run, ending: Ending) -> dict[str, object]:
    return {
        "level": "pipeline",
        "unique_id": run.id,
        "name": run.service,
        "start": dump_moment(run.started_at),
        "end": dump_moment(max(run.started_at, ending.finished_at)),
        "status": _STATUSES[ending.outcome],
        "partial_retry": False,
        "url": page_of(parcel),
        "tags": [f"commit:{run.commit}", f"branch:{run.branch}"] if run.branch else [f"commit:{run.commit}"],
    }
