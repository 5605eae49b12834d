"""The same history under the formulas of others: docs/decisions/delivery-formulas.md shows these numbers."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from pathlib import Path
from statistics import median

from tests.unit.domain.delivery.history import DAY, deployed, said, tried
from trunkline.domain.attempts import Kind, Outcome
from trunkline.domain.delivery.marks import Says
from trunkline.domain.delivery.measures import delivery
from trunkline.domain.delivery.stories import stories
from trunkline.domain.delivery.windows import Window

PAGE = Path(__file__).parents[4] / "docs" / "decisions" / "delivery-formulas.md"
HOUR = 3600.0

# When each commit was made, in hours.
MADE = {"a": 0.0, "b": 8.0, "c": 9.0, "d": 13.0, "e": 25.0, "f": 39.5, "g": 55.0}
# Each deployment: its hour, and the commits in it that a CI would name: its own, and those that are new since the last.
SHIPPED = {
    "1": (1.0, ["a"]),
    "2": (10.0, ["c", "b"]),
    "3": (12.0, ["c"]),
    "4": (20.0, ["d"]),
    "5": (24.0, ["c"]),
    "6": (30.0, ["e", "d"]),
    "7": (40.0, ["f"]),
    "8": (55.0, ["g"]),
}
# Each incident: opened, closed, and the commit that caused it.
INCIDENTS = {"i1": (21.0, 23.5, "d"), "i2": (22.0, 22 + 5 / 6, "d"), "i3": (20.5, 21.0, "d")}


def ours() -> dict[str, float]:
    """With the failed attempt, the rollback that was called one, and the hotfix that was marked."""

    def brought(*names: str) -> list[tuple[str, float]]:
        return [(name, MADE[name]) for name in names]

    deployments = [
        deployed("1", 1, "a", base=""),
        deployed("2", 10, "c", base="a", brought=brought("c", "b")),
        deployed("3", 12, "c", base="c"),
        deployed("4", 20, "d", base="c", brought=brought("d")),
        deployed("5", 24, "c", base="d", kind=Kind.ROLLBACK),
        deployed("6", 30, "e", base="c", brought=brought("e", "d")),
        deployed("7", 40, "f", base="e", brought=brought("f")),
        deployed("8", 55, "g", base="f", brought=brought("g")),
    ]
    marks = [said(Says.REMEDIATES, 41, deployment="7", subject="6")]
    for name, (opened, closed, _) in INCIDENTS.items():
        marks.append(said(Says.OPENED, opened, deployment="4", subject=name))
        marks.append(said(Says.CLOSED, closed, subject=name))
    window = Window(DAY, DAY + timedelta(days=7))
    found = delivery(
        "shop", "prod", stories(deployments, marks), [tried("x", 35, Outcome.FAILED)], window, UTC
    )
    assert found.failed.rate is not None
    assert found.lead.p50_s is not None
    assert found.recovery.p50_s is not None
    return {
        "fail rate": found.failed.rate,
        "lead time": found.lead.p50_s / HOUR,
        "recovery": found.recovery.p50_s / HOUR,
    }


def four_keys() -> dict[str, float]:
    """Rows of deployment, change and incident / deployments; pairs of deployment and change; whole hours of incidents.

    A pair that took no time is dropped; an incident begins with the first deployment of its cause.
    """
    rows = sum(cause in changes for _, changes in SHIPPED.values() for _, _, cause in INCIDENTS.values())
    leads = [hour - MADE[change] for hour, changes in SHIPPED.values() for change in changes]
    restored = []
    for opened, closed, cause in INCIDENTS.values():
        first = min(hour for hour, changes in SHIPPED.values() if cause in changes)
        restored.append(int(closed - min(first, opened)))
    return {
        "fail rate": rows / len(SHIPPED),
        "lead time": median(lead for lead in leads if lead > 0),
        "recovery": median(restored),
    }


def devlake() -> dict[str, float]:
    """Deployments that are the last one before an incident / deployments."""
    blamed = {
        max((hour, name) for name, (hour, _) in SHIPPED.items() if hour <= opened)[1]
        for opened, _, _ in INCIDENTS.values()
    }
    return {"fail rate": len(blamed) / len(SHIPPED)}


def gitlab() -> dict[str, float]:
    """Incidents / deployments."""
    return {"fail rate": len(INCIDENTS) / len(SHIPPED)}


def test_the_page_shows_what_comes_out() -> None:
    """Each number of its table is the one that the formula gives."""
    told = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and re.search(r"\d", line):
            told[cells[0]] = cells[1:4]
    for name, figures in {
        "Trunkline": ours(), "Four Keys": four_keys(), "DevLake": devlake(), "GitLab": gitlab()
    }.items():  # fmt: skip
        shown = [
            f"{figures['fail rate']:.1%}",
            *(_hours(figures.get(key)) for key in ("lead time", "recovery")),
        ]
        assert told[name] == shown, name


def _hours(value: float | None) -> str:
    return "-" if value is None else f"{value:g} h"
