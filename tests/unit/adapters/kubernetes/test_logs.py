"""Reading and following logs: no line twice, none lost, whatever happens to pods and connections."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.clock import FakeClock
from tests.fakes.kubernetes_api import FakeKubernetesApi
from tests.unit.adapters.kubernetes.support import make_client
from trunkline.adapters.clock import SystemClock
from trunkline.adapters.kubernetes.container_log import parse_stamp
from trunkline.adapters.kubernetes.following import follow_logs
from trunkline.adapters.kubernetes.logs import last_log, read_logs
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.ports import LogLine

CORE = "/api/v1/namespaces/qa"
APP = [{"app": "web"}]


@pytest.fixture
def api() -> Iterator[FakeKubernetesApi]:
    made = FakeKubernetesApi()
    made.put(CORE, {"metadata": {}})
    yield made
    made.close()


def stamp(number: int, text: str) -> str:
    return f"2026-03-01T12:00:00.{number:09d}Z {text}"


def put_pod(
    api: FakeKubernetesApi, name: str, *, life: int = 0, phase: str = "Running", ended: bool = False
) -> None:
    """A pod with one container in its life number `life` (none at all if negative)."""
    status: dict[str, Any] = {"phase": phase}
    if life >= 0:
        container = {
            "name": "main",
            "containerID": f"id-{life}",
            "state": {"terminated" if ended else "running": {}},
            "lastState": {"terminated": {"containerID": f"id-{life - 1}"}} if life else {},
        }
        status["containerStatuses"] = [container]
        if not ended:
            api.running.add((name, "main", life))
    spec = {"initContainers": [{"name": "prepare"}], "containers": [{"name": "main"}]}
    api.put(f"{CORE}/pods/{name}", {"metadata": {"labels": {"app": "web"}}, "spec": spec, "status": status})


def read(api: FakeKubernetesApi, selectors: Any = APP, tail: int | None = None) -> list[LogLine]:
    return list(read_logs(make_client(api), Redactor(["s3cret-value"]), "qa", selectors, tail))


@contextlib.contextmanager
def following(api: FakeKubernetesApi, tail: int | None = None) -> Iterator[Iterator[str]]:
    """The followed lines as `pod: text`."""
    clock = SystemClock()
    client = make_client(api, clock=clock)
    lines = follow_logs(client, clock, Redactor(["s3cret-value"]), "qa", APP, tail)
    with contextlib.closing(lines):  # type: ignore[type-var]  # it is a generator
        yield (f"{line.pod}: {line.text}" for line in lines)


def test_reading(api: FakeKubernetesApi) -> None:
    """All containers of all pods are read in order, secrets are hidden, and what never started is passed over."""
    put_pod(api, "a")
    put_pod(api, "b")
    put_pod(api, "c", life=-1)
    api.write("a", "prepare", stamp(1, "preparing"))
    api.write("a", "main", stamp(2, "one"), stamp(3, "two s3cret-value"))
    api.write("b", "main", stamp(1, "three"))
    assert read(api) == [
        LogLine("a", "prepare", "preparing"),
        LogLine("a", "main", "one"),
        LogLine("a", "main", "two *****"),
        LogLine("b", "main", "three"),
    ]
    assert read(api, [*APP, *APP], tail=1) == [
        LogLine("a", "prepare", "preparing"),
        LogLine("a", "main", "two *****"),
        LogLine("b", "main", "three"),
    ]


def test_reading_what_is_forbidden(api: FakeKubernetesApi) -> None:
    """Credentials that may not read logs are told so."""
    put_pod(api, "a")
    api.denied.add(("GET", "log"))
    with pytest.raises(Unreachable, match="does not allow it: log"):
        read(api)


def test_last_log(api: FakeKubernetesApi) -> None:
    """The life before the last restart speaks first; without one, the present life."""
    put_pod(api, "a", life=1)
    api.write("a", "main", stamp(1, "old"), stamp(2, "why it died s3cret-value"), life=0)
    api.write("a", "main", stamp(3, "new"), life=1)
    client, redactor = make_client(api), Redactor(["s3cret-value"])
    assert last_log(client, redactor, "qa", "a", "main", 1) == ("why it died *****",)
    put_pod(api, "b")
    api.write("b", "main", stamp(1, "new"))
    assert last_log(client, redactor, "qa", "b", "main", 9) == ("new",)


def test_last_log_never_fails(api: FakeKubernetesApi) -> None:
    """No log, no pod and no API are all no lines."""
    put_pod(api, "a", life=-1)
    clock = FakeClock()
    client = make_client(api, clock=clock)
    assert last_log(client, Redactor(), "qa", "a", "main", 5) == ()
    assert last_log(client, Redactor(), "qa", "nobody", "main", 5) == ()
    api.faults = [Unreachable("away")] * 99
    assert last_log(client, Redactor(), "qa", "a", "main", 5) == ()


def test_following_new_lines(api: FakeKubernetesApi) -> None:
    """Lines come as they are written, from where the reader wanted to begin."""
    put_pod(api, "a")
    api.write("a", "main", stamp(1, "one"), stamp(2, "two"))
    with following(api, tail=1) as lines:
        assert next(lines) == "a: two"
        api.write("a", "main", stamp(3, "three s3cret-value"))
        assert next(lines) == "a: three *****"


def test_following_new_pods(api: FakeKubernetesApi) -> None:
    """A pod that comes later is followed from its first line, whatever the tail."""
    put_pod(api, "a")
    api.write("a", "main", stamp(1, "one"))
    with following(api, tail=1) as lines:
        assert next(lines) == "a: one"
        api.write("b", "main", stamp(1, "first"), stamp(2, "second"))
        put_pod(api, "b", life=-1)
        put_pod(api, "b")
        assert [next(lines), next(lines)] == ["b: first", "b: second"]


def test_following_a_broken_connection(api: FakeKubernetesApi) -> None:
    """After a broken connection no line is repeated and none is lost, not even of the same moment."""
    put_pod(api, "a")
    api.write("a", "main", stamp(1, "one"), stamp(1, "one again"))
    with following(api) as lines:
        assert [next(lines), next(lines)] == ["a: one", "a: one again"]
        api.cut()
        api.write("a", "main", stamp(1, "and again"), stamp(2, "two"))
        assert [next(lines), next(lines)] == ["a: and again", "a: two"]


def test_following_restarts(api: FakeKubernetesApi) -> None:
    """A restarted container goes on under the same name, and the lines of its last moments come first."""
    put_pod(api, "a")
    api.write("a", "main", stamp(1, "one"))
    with following(api) as lines:
        assert next(lines) == "a: one"
        api.write("a", "main", stamp(2, "dying"))
        api.write("a", "main", stamp(3, "born again"), life=1)
        put_pod(api, "a", life=1)
        api.stop("a", "main", life=0)
        assert [next(lines), next(lines)] == ["a: dying", "a: born again"]


def test_following_a_life_that_was_missed(api: FakeKubernetesApi) -> None:
    """A container that lived and died while the connection was away is read afterwards, in order."""
    put_pod(api, "a")
    api.write("a", "main", stamp(1, "one"))
    with following(api) as lines:
        assert next(lines) == "a: one"
        api.write("a", "main", stamp(2, "short life"), life=1)
        api.write("a", "main", stamp(3, "third life"), life=2)
        put_pod(api, "a", life=2)
        api.stop("a", "main", life=0)
        assert [next(lines), next(lines)] == ["a: short life", "a: third life"]


def test_lives_before_the_reader_came(api: FakeKubernetesApi) -> None:
    """What a container said before its last restart is not dug out when following begins."""
    api.write("a", "main", stamp(1, "old"), life=0)
    api.write("a", "main", stamp(2, "new"), life=1)
    put_pod(api, "a", life=1)
    with following(api) as lines:
        assert next(lines) == "a: new"
        api.stop("a", "main", life=1)
        api.write("a", "main", stamp(3, "newer"), life=2)
        put_pod(api, "a", life=2)
        assert next(lines) == "a: newer"


def test_following_a_finished_pod(api: FakeKubernetesApi) -> None:
    """A pod that has ended is read to its end, once; the others go on."""
    api.write("job", "main", stamp(1, "done"))
    put_pod(api, "job", phase="Succeeded", ended=True)
    with following(api) as lines:
        assert next(lines) == "job: done"
        put_pod(api, "job", phase="Succeeded", ended=True)
        api.write("a", "main", stamp(1, "one"))
        put_pod(api, "a")
        assert next(lines) == "a: one"


def test_following_a_deleted_pod(api: FakeKubernetesApi) -> None:
    """A pod that is deleted is read to its end and let go of; a new one of the same name is another."""
    put_pod(api, "web-0")
    api.write("web-0", "main", stamp(1, "one"))
    with following(api) as lines:
        assert next(lines) == "web-0: one"
        api.write("web-0", "main", stamp(2, "goodbye"))
        api.stop("web-0", "main")
        assert next(lines) == "web-0: goodbye"
        api.remove(f"{CORE}/pods/web-0")
        api.logs.clear()
        api.write("web-0", "main", stamp(1, "one"))
        put_pod(api, "web-0")
        assert next(lines) == "web-0: one"


def test_following_what_is_forbidden(api: FakeKubernetesApi) -> None:
    """Credentials that may not list pods, or may not read logs, end the following with a sentence."""
    put_pod(api, "a")
    for resource in ("log", "pods"):
        api.denied = {("GET", resource)}
        with following(api) as lines, pytest.raises(Unreachable, match=f"does not allow it: {resource}"):
            next(lines)


def test_following_survives_trouble(api: FakeKubernetesApi) -> None:
    """An API that is away when following begins is asked again."""
    put_pod(api, "a")
    api.write("a", "main", stamp(1, "one"))
    api.faults = [Unreachable("away")]
    with following(api) as lines:
        assert next(lines) == "a: one"


def test_stamps() -> None:
    """A line's moment is read in any zone and to the nanosecond, and lines without one are whole."""
    assert parse_stamp("2026-03-01T12:00:00.000000009Z hello  world") == ((1772366400, 9), "hello  world")
    assert parse_stamp("2026-03-01T13:00:00.5+01:00 hello") == ((1772366400, 500_000_000), "hello")
    assert parse_stamp("2026-03-01T12:00:00Z ") == ((1772366400, 0), "")
    assert parse_stamp("2026-99-01T12:00:00Z x") == (None, "2026-99-01T12:00:00Z x")
    assert parse_stamp("rpc error: no such container") == (None, "rpc error: no such container")


@given(st.text())
def test_any_text_is_a_line(text: str) -> None:
    """A line that does not begin with a moment is kept as it is."""
    moment, rest = parse_stamp(text)
    assert rest == text
    assert moment is None
