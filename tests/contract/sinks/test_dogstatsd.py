"""DogStatsD over UDP and Unix sockets, against a stand-in that the vendor's own client passes first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from datadog.dogstatsd import DogStatsd as VendorClient
from hypothesis import example, given
from hypothesis import strategies as st

from tests.fakes.telling import Bench, an_attempt, began, ended, send
from tests.standins.dogstatsd import DogStatsdStandin, Value
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.sinks.dogstatsd import DogStatsd, check_line, event_line, metric_line
from trunkline.adapters.sinks.sockets import UDP_BYTES, UNIX_BYTES
from trunkline.config.sinks import DogStatsdSettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.parcels import Origin, of_attempt

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
TAGS = frozenset(
    {"environment:production", "status:success", "role:backend", "release:shop-prod", "version:1"}
)


@pytest.fixture(params=["udp", "unix"])
def standin(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DogStatsdStandin]:
    with DogStatsdStandin(tmp_path / "dsd.socket" if request.param == "unix" else None) as server:
        yield server


def a_sink(standin: DogStatsdStandin, *, timestamps: bool = True) -> DogStatsd:
    return DogStatsd(DogStatsdSettings(standin.address, timestamps), SystemClock(), "sentinelsix")


def vendor(standin: DogStatsdStandin) -> VendorClient:
    path = standin.address.removeprefix("unix://") if standin.address.startswith("unix://") else None
    return VendorClient(
        host="127.0.0.1", port=0 if path else standin.port, socket_path=path,
        disable_telemetry=True, disable_buffering=True, origin_detection_enabled=False,
    )  # fmt: skip


def test_the_vendors_client_passes(standin: DogStatsdStandin) -> None:
    """What Datadog's own client sends is read without a complaint, and means what it said."""
    client = vendor(standin)
    at = int(time.time()) - 60
    client.count_with_timestamp("acme.release.count", 1, at, tags=["env:prod", "role:a/b"])
    client.gauge_with_timestamp("acme.release.elapsed_time", 42.5, at, tags=["env:prod"])
    client.increment("acme.plain")
    client.histogram("acme.timer", 3.5, tags=["env:prod"])
    client.event(
        "Käse", "two\nlines | bar", alert_type="error", aggregation_key="run-1", hostname="ci", date_happened=at,
        priority="low", tags=["env:prod"],
    )  # fmt: skip
    client.service_check(
        "acme.deploy", 2, tags=["env:prod"], timestamp=at, hostname="ci", message="it\nfailed"
    )
    assert standin.wait_for(lambda seen: len(seen.values) == 4 and bool(seen.events) and bool(seen.checks))
    client.close_socket()
    assert standin.mistakes == []
    assert Value("acme.release.count", "c", 1.0, frozenset({"env:prod", "role:a/b"}), at) in standin.values
    [event] = standin.events
    assert (event.title, event.text, event.fields["t"], event.fields["k"]) == (
        "Käse", "two\nlines | bar", "error", "run-1",
    )  # fmt: skip
    [check] = standin.checks
    assert (check.status, check.message, check.at) == (2, "it\nfailed", at)


def test_a_pipeline(standin: DogStatsdStandin) -> None:
    """Values bear their second, so that two deployments of one second both count; events and checks go with them."""
    one = an_attempt(started_at=BEGAN)
    parcels = [
        began(one),
        ended(one),
        ended(replace(one, id="a2")),
        ended(replace(one, id="a3"), Outcome.FAILED, "Why."),
    ]
    send(a_sink(standin), parcels)
    assert standin.wait_for(lambda seen: len(seen.checks) == 3)
    assert standin.mistakes == []
    second = int(BEGAN.timestamp()) + 42
    assert {
        key: value for key, value in standin.stored.items() if key[0].endswith("count") and key[1] == TAGS
    } == {
        ("sentinelsix.release.count", TAGS, second): 1.0,
        ("sentinelsix.release.count", TAGS, second + 1): 1.0,
    }
    assert [value.value for value in standin.values if value.name.endswith("_time")] == [42.0] * 3
    assert [event.fields["t"] for event in standin.events] == ["info", "success", "success", "error"]
    assert {event.fields["h"] for event in standin.events} == {"release.circleci"}
    checks = [(check.name, check.status, check.message) for check in standin.checks]
    assert checks == [("sentinelsix.deploy", 0, "well")] * 2 + [("sentinelsix.deploy", 2, "Why.")]


def test_an_older_agent(standin: DogStatsdStandin) -> None:
    """Where the agent knows no moments, values go without."""
    send(a_sink(standin, timestamps=False), [ended(an_attempt())])
    assert standin.wait_for(lambda seen: len(seen.checks) == 1)
    assert {value.at for value in standin.values} == {None}


def test_packets_are_filled_but_not_over(standin: DogStatsdStandin) -> None:
    """Many values share a packet, and no packet is larger than a network or the agent takes in one piece."""
    bench = Bench(a_sink(standin))
    bench.write(*(ended(an_attempt(id=f"a{number}", release=f"r{number}")) for number in range(100)))
    assert bench.flush()[0].delivered == 100
    assert standin.wait_for(lambda seen: len(seen.checks) == 100)
    most = UNIX_BYTES if standin.address.startswith("unix") else UDP_BYTES
    assert max(standin.packets) <= most
    assert len(standin.packets) < 100 * 4
    assert len(standin.stored) == 200


def test_nobody_listens(tmp_path: Path) -> None:
    """An agent that is not there is noticed on this machine, what was to be sent stays, and arrives when it is back."""
    path = tmp_path / "dsd.socket"
    bench = Bench()
    for address in (f"unix://{path}", "udp://127.0.0.1:9"):
        bench = Bench(DogStatsd(DogStatsdSettings(address), SystemClock(), "x"))
        bench.tell(ended(an_attempt()))
        bench.close(0.5)
        [warning] = bench.warnings
        assert "there is no such socket" in warning or "nobody listens there" in warning
        assert bench.left() == (1, 0)
    bench.sinks = (DogStatsd(DogStatsdSettings(f"unix://{path}"), SystemClock(), "x"),)
    bench.write(ended(an_attempt(id="a2")))
    with DogStatsdStandin(path) as standin:
        assert bench.flush()[0].delivered == 1
        assert standin.wait_for(lambda seen: len(seen.checks) == 1)


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@example(
    texts=dict.fromkeys(
        ("service", "release", "environment", "actor", "branch", "image", "run_id"), "é" * 300
    ),
    labels=Labels("é" * 300, "é" * 300, "é" * 300, "é" * 300),
    origin=Origin("é" * 300, "é" * 300),
    reason="ü\n" * 3000,
    most=UDP_BYTES,
)
@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(("service", "release", "environment", "actor", "branch", "image", "run_id"), ANY_TEXT)
    ),
    labels=st.builds(Labels, prefix=ANY_TEXT, role=ANY_TEXT, metric_version=ANY_TEXT, event_version=ANY_TEXT),
    origin=st.builds(Origin, host=ANY_TEXT, environment=ANY_TEXT),
    reason=ANY_TEXT.map(lambda text: text * 40),
    most=st.sampled_from([UDP_BYTES, UNIX_BYTES]),
)
def test_any_text_makes_lines_that_the_agent_reads(
    texts: dict[str, str], labels: Labels, origin: Origin, reason: str, most: int
) -> None:
    """Whatever names, hosts and reasons hold, each line is read, and an event or check fits into its packet."""
    attempt = an_attempt(Stage.DEPLOY, **texts)
    ending = ended(an_attempt(), Outcome.FAILED, reason).ending
    measured = measurements(attempt, ending, labels)
    parcel = of_attempt(began(attempt).run, attempt, origin, ending, measured=measured)  # type: ignore[arg-type] # it has one
    lines = [event_line(measured.notices[0], origin.host, most), check_line(parcel, labels.prefix, most)]
    assert all(len(line) <= most for line in lines)
    standin = DogStatsdStandin()
    for line in (*lines, *(metric_line(metric) for metric in measured.metrics)):
        standin._take(line)
    standin._socket.close()
    assert standin.mistakes == []
    assert (len(standin.events), len(standin.checks), len(standin.values)) == (1, 1, 2)
