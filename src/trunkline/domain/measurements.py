"""What is measured of an attempt, under which names and tags: the same for every sink.

The names, types and tags are those of the two scripts that Trunkline replaces, so that dashboards made for
them go on working: two metrics (`count`, `elapsed_time`) for a build and for a release, and an event when one
begins, succeeds or fails. Unlike the scripts, a failure says so, takes its time along and bears its commit.
A commit is in events only: as a tag of a metric, each one would be a new series (and is billed as one).

Tags follow https://docs.datadoghq.com/getting_started/tagging/, metric names
https://docs.datadoghq.com/metrics/custom_metrics/, events https://docs.datadoghq.com/api/latest/events/.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Attempt, Ending, Kind, Outcome, Stage
from trunkline.domain.commits import SHORT_LENGTH
from trunkline.domain.delivery.marks import Mark, Says
from trunkline.domain.durations import format_duration
from trunkline.domain.images import parse_image
from trunkline.domain.redaction import Redactor
from trunkline.domain.texts import clean, cut, one_line
from trunkline.expressions import expression

TAG_LENGTH = 200
TITLE_BYTES = 500
TEXT_BYTES = 4000
# A quoted crash may be long; what was undone and where to look must still fit behind it.
LINE_BYTES = 2500
# The metric that `trunkline sinks test` sends.
TEST = "sinks.test"
_NOT_IN_TAGS = expression(r"[^\w\-:/.]")
_NOT_IN_NAMES = expression(r"[^A-Za-z0-9_.]")
_Hide = Callable[[str], str]


class MetricKind(StrEnum):
    """How a backend adds a metric up."""

    COUNT = "count"
    GAUGE = "gauge"


class Status(StrEnum):
    """The `status` tag, and in brackets the end of an event's title."""

    INFO = "info"
    SUCCESS = "success"
    FAILURE = "failure"

    @property
    def alert_type(self) -> str:
        """What Datadog calls it."""
        return "error" if self is Status.FAILURE else self.value


@dataclass(frozen=True, slots=True)
class Metric:
    """One value at a moment in UTC; `tags` are `key:value`."""

    name: str
    kind: MetricKind
    value: float
    at: datetime
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """One event for a person to read beside the curves.

    Attributes:
        aggregation_key: notices with the same key belong together: the run's id.
    """

    title: str
    text: str
    alert_type: str
    tags: tuple[str, ...]
    at: datetime
    aggregation_key: str = ""
    priority: str = "normal"


@dataclass(frozen=True, slots=True)
class Measurements:
    """All that is to be sent about one event; empty for stages that are not measured."""

    metrics: tuple[Metric, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True)
class Labels:
    """What a project and its surroundings add to what an attempt knows of itself.

    Attributes:
        metric_version: the `version` tag of metrics.
        event_version: the `version` tag of events.
        environments: the `environment` tag for each environment's name; a missing one is its own tag.
        link: the CI job's page, or empty.
    """

    prefix: str = "trunkline"
    role: str = ""
    metric_version: str = "1"
    event_version: str = "1"
    environments: Mapping[str, str] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True, slots=True)
class _Family:
    """How the scripts spelled one stage."""

    word: str
    tags: tuple[str, ...]

    @property
    def title(self) -> str:
        return self.word.capitalize()


_FAMILIES = {
    Stage.BUILD: _Family("build", ("status", "role", "image", "version")),
    Stage.DEPLOY: _Family("release", ("environment", "status", "role", "release", "version")),
}
_COUNT, _ELAPSED = "count", "elapsed_time"


def measurements(
    attempt: Attempt, ending: Ending | None, labels: Labels, redactor: Redactor | None = None
) -> Measurements:
    """What is to be sent when `attempt` begins (no `ending`) or has ended.

    Rollbacks and promotions are releases: they count like them, and their event says what they are. Secrets are
    masked here, before anything is cut: half a secret would not be known as one.
    """
    family = _FAMILIES.get(attempt.stage)
    if family is None:
        return Measurements()
    status = _status(ending)
    hide = redactor.text if redactor else str
    values = {
        "environment": labels.environments.get(attempt.environment) or attempt.environment,
        "status": status.value,
        "role": labels.role,
        "image": _repository(attempt.image),
        "release": attempt.release or attempt.service,
    }
    values = {key: hide(value) for key, value in values.items()}
    notice = Notice(
        title=_title(attempt, family, status, labels.prefix, hide),
        text=cut(_text(attempt, ending, labels, hide), TEXT_BYTES),
        alert_type=status.alert_type,
        tags=_tags(family, values | {"version": labels.event_version}),
        at=ending.finished_at if ending else attempt.started_at,
        aggregation_key=clean(attempt.run_id)[:100],
    )
    if ending is None:
        return Measurements(notices=(notice,))
    tags = _tags(family, values | {"version": labels.metric_version})
    count, elapsed = (metric_name(labels.prefix, attempt.stage, what) for what in (_COUNT, _ELAPSED))
    return Measurements(
        metrics=(
            Metric(count, MetricKind.COUNT, 1.0, ending.finished_at, tags),
            Metric(elapsed, MetricKind.GAUGE, _elapsed_s(attempt, ending), ending.finished_at, tags),
        ),
        notices=(notice,),
    )


def incident_notice(mark: Mark, labels: Labels, redactor: Redactor) -> Notice:
    """What is told of an incident that was opened or closed."""
    over = mark.says is Says.CLOSED
    status = Status.SUCCESS if over else Status.FAILURE
    environment = labels.environments.get(mark.environment) or mark.environment
    pairs = (
        ("environment", environment),
        ("status", status.value),
        ("role", labels.role),
        ("service", mark.service),
    )
    title = redactor.text(mark.title) or "something is wrong"
    text = f"{'It is over' if over else 'It began'} at {mark.at:%Y-%m-%d %H:%M:%S} UTC; said by {mark.actor or 'nobody known'}."
    facts = {"Incident": mark.subject, "Deployment": mark.deployment}
    lines = [title, text, *(f"{name}: {value}" for name, value in facts.items() if value)]
    return Notice(
        title=(
            f"{one_line(_capitalised(labels.prefix), TITLE_BYTES // 4)} Incident: "
            f"{one_line(f'{mark.service} in {environment}: {title}', TITLE_BYTES // 2)} ({'Closed' if over else 'Opened'})"
        ),
        text=cut(redactor.text("\n".join(lines)), TEXT_BYTES),
        alert_type=status.alert_type,
        tags=tuple(tag(*pair) for pair in pairs if pair[1].strip(":")),
        at=mark.said_at,
        aggregation_key=clean(mark.subject)[:100],
    )


def trial_measurements(labels: Labels, at: datetime, marker: str) -> Measurements:
    """What is sent to see whether a sink takes anything: under a name that nothing else has."""
    tags = tuple(tag(*pair) for pair in (("status", Status.INFO.value), ("role", labels.role)) if pair[1])
    return Measurements(
        metrics=(Metric(f"{metric_prefix(labels.prefix)}.{TEST}", MetricKind.COUNT, 1.0, at, tags),),
        notices=(
            Notice(
                title=f"{one_line(_capitalised(labels.prefix), TITLE_BYTES // 4)} Test: {marker}",
                text="A test of this sink by `trunkline sinks test`; nothing was deployed.",
                alert_type=Status.INFO.alert_type,
                tags=tags,
                at=at,
                aggregation_key=marker[:100],
            ),
        ),
    )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the reference: what is sent, as what, when and with which tags."""

    name: str
    kind: str
    value: str
    sent: str
    tags: str


def describe(prefix: str = "<prefix>") -> list[Row]:
    """Everything that can be sent, for the reference documentation."""
    rows = []
    for stage, family in _FAMILIES.items():
        ends = f"each {family.word} that succeeds or fails"
        tags = ", ".join(family.tags)
        base = f"{prefix}.{family.word}"
        rows.append(Row(f"{base}.{_COUNT}", MetricKind.COUNT.value, "1", ends, tags))
        rows.append(Row(f"{base}.{_ELAPSED}", MetricKind.GAUGE.value, "seconds", ends, tags))
        subject = "<service>" if stage is Stage.BUILD else "<release>"
        verbs = {Status.INFO: "begins", Status.SUCCESS: "succeeds", Status.FAILURE: "fails"}
        rows.extend(
            Row(
                _headline(_capitalised(prefix), family, "<sha7>", subject, status),
                f"event, {status.alert_type}",
                "",
                f"each {family.word} that {verb}",
                tags,
            )
            for status, verb in verbs.items()
        )
    return rows


def metric_name(prefix: str, stage: Stage, what: str) -> str:
    """The name of a measured stage's `count` or `elapsed_time`."""
    return f"{metric_prefix(prefix)}.{_FAMILIES[stage].word}.{what}"


def measured_word(stage: Stage) -> str:
    """What a stage is called in metrics' names; empty for a stage that has none."""
    family = _FAMILIES.get(stage)
    return family.word if family else ""


def metric_prefix(text: str) -> str:
    """`text` as the first part of a metric's name: letters, digits, `_` and `.`, a letter first."""
    cleaned = _NOT_IN_NAMES.sub("_", text).lstrip("0123456789_.").rstrip(".")
    return cleaned[:100] or "trunkline"


def tag(key: str, value: str) -> str:
    """`key:value` with every character that Datadog would replace replaced, at most 200 of them.

    Letter case is kept: Datadog folds it, and other backends want it.
    """
    return _NOT_IN_TAGS.sub("_", f"{key}:{value}")[:TAG_LENGTH].rstrip(":")


def _status(ending: Ending | None) -> Status:
    if ending is None:
        return Status.INFO
    return Status.SUCCESS if ending.outcome is Outcome.SUCCEEDED else Status.FAILURE


def _tags(family: _Family, values: Mapping[str, str]) -> tuple[str, ...]:
    # A tag without a value would merge into one series with every other thing that lacks it.
    return tuple(tag(key, values[key]) for key in family.tags if values[key].strip(":"))


def _repository(image: str) -> str:
    """The image as the scripts tagged it: without tag and digest, which would make a series for each build."""
    try:
        return parse_image(image).repository
    except ValueError:
        return image


def _elapsed_s(attempt: Attempt, ending: Ending) -> float:
    # A wall clock that was set back between start and end must not report time won.
    return max(0.0, round((ending.finished_at - attempt.started_at).total_seconds(), 3))


def _title(attempt: Attempt, family: _Family, status: Status, prefix: str, hide: _Hide) -> str:
    subject = attempt.service if attempt.stage is Stage.BUILD else attempt.release or attempt.service
    return _headline(
        one_line(_capitalised(prefix), TITLE_BYTES // 4),
        family,
        one_line(attempt.commit[:SHORT_LENGTH], TITLE_BYTES // 8),
        one_line(hide(subject), TITLE_BYTES // 2),
        status,
    )


def _capitalised(prefix: str) -> str:
    return re.sub(r"\w", lambda first: first[0].upper(), prefix, count=1)


def _headline(prefix: str, family: _Family, sha: str, subject: str, status: Status) -> str:
    return f"{prefix} {family.title} Tag: {sha} {family.title}: {subject} ({status.value.capitalize()})"


def _text(attempt: Attempt, ending: Ending | None, labels: Labels, hide: _Hide) -> str:
    facts = {
        "Reason": ending.reason if ending else "",
        "Cause": ending.cause if ending else "",
        "Undone": ending.undone if ending else "",
        "Image": attempt.image,
        "Digest": ending.digest if ending and ending.digest not in attempt.image else "",
        "Helm revision": str(ending.revision) if ending and ending.revision else "",
        "Commit": attempt.commit,
        "Branch": attempt.branch,
        "Run": attempt.run_id,
        "CI job": labels.link,
    }
    lines = [f"{_deed(attempt)} {_course(attempt, ending)}; started by {attempt.actor or 'nobody known'}."]
    lines.extend(f"{name}: {value}" for name, value in facts.items() if value)
    return "\n".join(cut(hide(line), LINE_BYTES) for line in lines)


def _deed(attempt: Attempt) -> str:
    what = f"{attempt.service} {attempt.commit[:SHORT_LENGTH]}"
    if attempt.stage is Stage.BUILD:
        return f"Build of {what}"
    words = {Kind.RELEASE: "Release of", Kind.PROMOTION: "Promotion of", Kind.ROLLBACK: "Rollback to"}
    return f"{words[attempt.kind]} {what} in {attempt.environment or 'its environment'}"


def _course(attempt: Attempt, ending: Ending | None) -> str:
    if ending is None:
        return "begins"
    words = {
        Outcome.SUCCEEDED: "succeeded after",
        Outcome.FAILED: "failed after",
        Outcome.INTERRUPTED: "was interrupted after",
    }
    return f"{words[ending.outcome]} {format_duration(_elapsed_s(attempt, ending))}"
