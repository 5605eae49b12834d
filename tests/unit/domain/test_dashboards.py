"""Dashboards and alerts speak of what is really sent, in a form that Datadog's own client takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.v1.model.dashboard import Dashboard
from datadog_api_client.v1.model.monitor import Monitor

from tests.fakes.records import an_attempt, an_ending
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.dashboards import datadog_dashboard, datadog_monitors
from trunkline.domain.measurements import Labels, measurements

PREFIX = "sentinelsix"
_QUERY = re.compile(r"(?:sum|avg|max):(?P<metric>[a-z_.]+)\{(?P<scope>[^}]*)\}(?: by \{(?P<by>[^}]*)\})?")


def sent() -> dict[str, set[str]]:
    """The metrics that are sent, each with the keys of its tags."""
    labels = Labels(prefix=PREFIX, role="backend")
    found: dict[str, set[str]] = {}
    for stage in Stage:
        for outcome in Outcome:
            ending = an_ending(outcome=outcome)
            for metric in measurements(an_attempt(stage=stage, environment="qa"), ending, labels).metrics:
                found.setdefault(metric.name, set()).update(tag.split(":")[0] for tag in metric.tags)
    return found


def queries(value: Any) -> Iterator[str]:
    """Every query in a dashboard or a monitor."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "query" and isinstance(item, str) and "tags:(" not in item:
                yield item
            else:
                yield from queries(item)
    elif isinstance(value, list):
        for item in value:
            yield from queries(item)


@pytest.mark.parametrize(
    "made", [datadog_dashboard(PREFIX), datadog_monitors(PREFIX)], ids=["dashboard", "monitors"]
)
def test_what_is_asked_for_is_sent(made: Any) -> None:
    """Every metric of a query is one that is sent, with every tag that it is narrowed or grouped by."""
    known = sent()
    asked = [found for query in queries(made) for found in _QUERY.finditer(query)]
    assert len(asked) >= len(list(queries(made)))
    for found in asked:
        scope = [item.lstrip("$").split(":")[0] for item in found["scope"].split(",") if item != "*"]
        tags = {*scope, *(found["by"].split(",") if found["by"] else ())}
        assert found["metric"] in known, found["metric"]
        assert tags <= known[found["metric"]], found.group()


def test_every_metric_has_its_place() -> None:
    """Nothing is sent that nobody can see."""
    shown = {
        found["metric"] for query in queries(datadog_dashboard(PREFIX)) for found in _QUERY.finditer(query)
    }
    assert shown == set(sent())


@pytest.mark.parametrize(
    ("made", "model"),
    [(datadog_dashboard(PREFIX), Dashboard), *((monitor, Monitor) for monitor in datadog_monitors(PREFIX))],
)
def test_datadog_s_own_client_understands_it(made: Any, model: Any) -> None:
    """It finds nothing in it that it does not know."""
    assert not list(unknown(understood(made, model)))


def test_datadog_s_own_client_would_tell() -> None:
    """The look at what it does not know finds something where there is something."""
    made = json.loads(json.dumps(datadog_dashboard(PREFIX)))
    made["widgets"][0]["definition"]["type"] = "crystal_ball"
    assert list(unknown(understood(made, Dashboard)))


def understood(made: Any, model: Any) -> Any:
    return ApiClient(Configuration()).deserialize(json.dumps(made), (model,), True)


def unknown(value: Any, path: str = "") -> Iterator[str]:
    """Where the client met something that it has no model for."""
    if getattr(value, "_unparsed", False):
        yield path
    store = getattr(value, "_data_store", None)
    if isinstance(store, dict):
        for key, item in store.items():
            yield from unknown(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown(item, f"{path}[{index}]")
