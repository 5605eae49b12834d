"""What is measured of an attempt, and that the reference page says so."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.attempts import Attempt, Ending, Kind, Outcome, Stage
from trunkline.domain.measurements import (
    TEXT_BYTES,
    Labels,
    MetricKind,
    describe,
    measurements,
    metric_prefix,
    tag,
)
from trunkline.domain.redaction import Redactor

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMMIT = "3f2a1bc" + "0" * 33
PAGE = Path(__file__).parents[3] / "docs/reference/measurements.md"
DEPLOY = Attempt(
    id="a1",
    run_id="run-1",
    service="shop",
    stage=Stage.DEPLOY,
    commit=COMMIT,
    actor="ana",
    started_at=START,
    environment="prod",
    image=f"quay.io/acme/shop:3f2a1bc@sha256:{'a' * 64}",
    release="shop-prod",
)
BUILD = replace(DEPLOY, stage=Stage.BUILD, environment="", release="", image="quay.io/acme/shop:3f2a1bc")
LABELS = Labels(prefix="sentinelsix", role="backend", environments={"prod": "production"})


def ending(outcome: Outcome = Outcome.SUCCEEDED, seconds: float = 42.0, reason: str = "") -> Ending:
    return Ending("a1", START + timedelta(seconds=seconds), outcome, reason=reason)


@pytest.mark.parametrize("attempt", [BUILD, DEPLOY])
@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_ending_counts_and_takes_its_time(attempt: Attempt, outcome: Outcome) -> None:
    """A failure and an interruption are counted and timed like a success, under the same names."""
    made = measurements(attempt, ending(outcome), LABELS)
    word = "build" if attempt is BUILD else "release"
    assert [(m.name, m.kind, m.value) for m in made.metrics] == [
        (f"sentinelsix.{word}.count", MetricKind.COUNT, 1.0),
        (f"sentinelsix.{word}.elapsed_time", MetricKind.GAUGE, 42.0),
    ]
    assert {m.at for m in made.metrics} == {START + timedelta(seconds=42)}


def test_no_metric_bears_what_grows_without_end() -> None:
    """Commit, digest, image tag and run id are in no metric's tags: each value would be a billed series."""
    made = measurements(DEPLOY, ending(), LABELS), measurements(BUILD, ending(), LABELS)
    tags = " ".join(tag for one in made for metric in one.metrics for tag in metric.tags)
    assert not any(word in tags for word in (COMMIT[:7], "sha256", "run-1", "a1"))
    assert "image:quay.io/acme/shop" in tags.split()


@pytest.mark.parametrize(
    ("kind", "said"),
    [(Kind.RELEASE, "Release of"), (Kind.PROMOTION, "Promotion of"), (Kind.ROLLBACK, "Rollback to")],
)
def test_kinds_of_deployment_differ_in_text_only(kind: Kind, said: str) -> None:
    """Promotions and rollbacks are releases by name and tags; the event's text says what they are."""
    made = measurements(replace(DEPLOY, kind=kind), ending(), LABELS)
    plain = measurements(DEPLOY, ending(), LABELS)
    assert made.metrics == plain.metrics
    assert made.notices[0].tags == plain.notices[0].tags
    assert made.notices[0].text.startswith(
        f"{said} shop 3f2a1bc in prod succeeded after 42s; started by ana."
    )


@pytest.mark.parametrize("stage", [Stage.TEST, Stage.APPROVAL])
def test_stages_that_are_not_measured(stage: Stage) -> None:
    """Tests and approvals yield nothing."""
    made = measurements(replace(DEPLOY, stage=stage), ending(), LABELS)
    assert (made.metrics, made.notices) == ((), ())


def test_what_is_unknown_is_left_out() -> None:
    """A role or environment that nobody named makes no tag, and an environment without a tag is its own."""
    metric = measurements(DEPLOY, ending(), Labels()).metrics[0]
    assert metric.tags == ("environment:prod", "status:success", "release:shop-prod", "version:1")
    metric = measurements(replace(DEPLOY, environment=""), ending(), Labels()).metrics[0]
    assert metric.tags == ("status:success", "release:shop-prod", "version:1")


def test_a_clock_set_back_wins_no_time() -> None:
    """An attempt that ended before it began, by the wall clock, took no time at all."""
    assert measurements(DEPLOY, ending(seconds=-5), LABELS).metrics[1].value == 0.0


def test_long_reasons_leave_room_for_the_rest() -> None:
    """However long a reason is, the text keeps its limit and still says where to look."""
    labels = replace(LABELS, link="https://ci.example/job/7")
    (notice,) = measurements(DEPLOY, ending(Outcome.FAILED, reason="Ä" * 9000), labels).notices
    assert len(notice.text.encode()) <= TEXT_BYTES
    assert notice.text.endswith("CI job: https://ci.example/job/7")


@pytest.mark.parametrize("padding", range(2485, 2500))
def test_secrets_are_masked_before_texts_are_cut(padding: int) -> None:
    """A secret that lies across the cut leaves no readable half."""
    redactor = Redactor(["hunter2-hunter2"])
    reason = "x" * padding + " hunter2-hunter2 was refused"
    (notice,) = measurements(
        replace(DEPLOY, release="hunter2-hunter2"), ending(Outcome.FAILED, reason=reason), LABELS, redactor
    ).notices
    assert "hun" not in notice.text + notice.title + "".join(notice.tags)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Front End", "role:Front_End"),
        ("a,b|c#d", "role:a_b_c_d"),
        ("quay.io/acme/shop:1.0-rc_1", "role:quay.io/acme/shop:1.0-rc_1"),
        ("trailing:", "role:trailing"),
        ("x" * 300, "role:" + "x" * 195),
    ],
)
def test_tags_are_what_datadog_would_make_of_them(value: str, expected: str) -> None:
    """Characters that Datadog replaces are replaced, letter case is kept, 200 characters at most."""
    assert tag("role", value) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_prefixes_are_always_names(text: str) -> None:
    """Any prefix becomes the beginning of a valid metric name, and a valid one is kept."""
    made = metric_prefix(text)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]{0,99}", made)
    assert metric_prefix(made) == made


def test_reference_page_says_what_is_sent() -> None:
    """The table in docs/reference/measurements.md is exactly what `describe` makes of the code."""
    rows = [f"| `{r.name}` | {r.kind} | {r.value} | {r.sent} | {r.tags} |" for r in describe()]
    page = PAGE.read_text(encoding="utf-8")
    assert [line for line in page.splitlines() if line.startswith("| `<")] == rows


def test_describe_is_what_is_measured() -> None:
    """Names, types and tags in `describe` are those of real measurements."""
    rows = {row.name: row for row in describe("sentinelsix")}
    for attempt in (BUILD, DEPLOY):
        made = measurements(attempt, ending(), LABELS)
        for metric in made.metrics:
            assert rows[metric.name].kind == metric.kind.value
            assert [tag.partition(":")[0] for tag in metric.tags] == rows[metric.name].tags.split(", ")
        title = made.notices[0].title.replace("3f2a1bc", "<sha7>")
        assert title.replace("shop-prod", "<release>").replace(": shop ", ": <service> ") in rows
