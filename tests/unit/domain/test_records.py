"""Records as JSON and back."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.records import (
    INGREDIENTS,
    a_deployment,
    a_gate,
    a_run,
    an_approval,
    an_attempt,
    an_ending,
    at,
)
from trunkline.domain.attempts import Approval, Attempt, Deployment, Ending, Run
from trunkline.domain.gates import GateRecord
from trunkline.domain.ingredients import Ingredients
from trunkline.domain.records import dump, dump_moment, load, load_moment

KINDS = [Run, Attempt, Ending, Approval, Deployment, GateRecord, Ingredients]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.text(), below),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "record",
    [a_run(), an_attempt(), an_ending(), an_approval(), a_gate(), a_deployment(), INGREDIENTS],
    ids=lambda record: type(record).__name__,
)
def test_there_and_back(record: Any) -> None:
    """A record comes back from its JSON as it was."""
    assert load(type(record), json.loads(json.dumps(dump(record)))) == record


@given(st.data(), st.sampled_from(KINDS))
def test_any_record_comes_back(data: st.DataObject, kind: type[Any]) -> None:
    """Whatever texts, numbers and moments a record holds, none is lost or changed."""
    moments = st.datetimes(timezones=st.just(UTC))
    with_moments = st.from_type(datetime).flatmap(lambda _: moments)
    record = data.draw(
        st.builds(kind, **{name: with_moments for name in kind.__annotations__ if name.endswith("_at")})
    )
    again = load(kind, json.loads(json.dumps(dump(record))))
    assert again == record


@given(st.sampled_from(KINDS), JSON)
def test_anything_else_is_refused(kind: type[Any], content: Any) -> None:
    """Whatever a file holds, it is a record or a ValueError."""
    with contextlib.suppress(ValueError):
        assert isinstance(load(kind, content), kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"revision": "4"}, "Deployment.revision: a text where a whole number belongs"),
        ({"revision": True}, "Deployment.revision: a truth value where a whole number belongs"),
        ({"kind": "magic"}, "Deployment.kind: 'magic' is none of 'release', 'promotion', 'rollback'"),
        ({"deployed_at": "noon"}, "Deployment.deployed_at: 'noon' is no moment"),
        ({"deployed_at": "2026-03-01T12:00:00"}, "Deployment.deployed_at: '2026-03-01T12:00:00' has no time zone"),
        ({"deployed_at": 5}, "Deployment.deployed_at: a whole number where a text belongs"),
        ({"commit": None}, "Deployment.commit: nothing where a text belongs"),
    ],
)  # fmt: skip
def test_what_is_wrong(change: dict[str, Any], message: str) -> None:
    """The message names the field, what stands there and what belongs there."""
    with pytest.raises(ValueError, match=r".") as caught:
        load(Deployment, dump(a_deployment()) | change)
    assert str(caught.value) == message


def test_what_is_missing() -> None:
    """All fields that are needed and not there are named at once; an unknown one is a newer Trunkline's."""
    content = dump(a_deployment()) | {"later": 1}
    assert load(Deployment, content) == a_deployment()
    del content["id"], content["service"]
    with pytest.raises(ValueError, match=r"^Deployment lacks id, service$"):
        load(Deployment, content)


def test_moments() -> None:
    """Moments are told in UTC to the microsecond, and read from any zone."""
    assert dump_moment(at(0.5)) == "2026-03-01T12:00:00.500000Z"
    east = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert dump_moment(east) == "2026-03-01T12:00:00.000000Z"
    assert load_moment("2026-03-01T14:00:00+02:00") == at(0)
    with pytest.raises(ValueError, match="has no time zone"):
        dump_moment(datetime(2026, 3, 1))  # noqa: DTZ001 - it is about that
    for text in ("0001-01-01T00:00:00+23:00", "", "x" * 100):
        with pytest.raises(ValueError, match="is no moment"):
            load_moment(text)
