"""What every outbox must do; the ledgers that hold one pass the same cases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.ledgers import a_ledger
from tests.fakes.records import a_deployment, a_run, an_attempt, an_ending, at
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.parcels import Fate, Message, Origin, Parcel, Queue, Settlement, message, of_attempt
from trunkline.domain.redaction import Redactor
from trunkline.ports import Ledger

SINK = "graphite 127.0.0.1:2003"
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["fake", "sqlite", "postgresql", "s3"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    redactor = Redactor()
    redactor.learn("hunter2hunter2")
    made = a_ledger(request, tmp_path, redactor)
    made.open_run(a_run())
    yield made
    made.close()


def parcel(attempt_id: str = "attempt-1", seconds: float = 30) -> Parcel:
    """What is told of an attempt that ended so many seconds after noon."""
    attempt, ending = an_attempt(attempt_id), an_ending(attempt_id, seconds)
    made = measurements(attempt, ending, Labels())
    deployment = a_deployment(f"deployment-{attempt_id}", attempt_id=attempt_id)
    return of_attempt(a_run(), attempt, Origin("ci"), ending, deployment, made)


def a_message(attempt_id: str = "attempt-1", seconds: float = 30, sink: str = SINK) -> Message:
    return message(sink, parcel(attempt_id, seconds), one_per_second=True)


def write(ledger: Ledger, *messages: Message) -> None:
    """Record the attempts that the messages are of."""
    for item in messages:
        attempt, ending = item.parcel.attempt, item.parcel.ending
        assert attempt is not None
        assert ending is not None
        ledger.begin(attempt)
        ledger.end(ending, None, [item])


def claim(ledger: Ledger, seconds: float = 60, limit: int = 10) -> tuple[Message, ...]:
    return ledger.claim(SINK, at(seconds), at(seconds) + MINUTE, limit)


def test_round_trip(ledger: Ledger) -> None:
    """A message comes back as it was written, with everything in its parcel."""
    sent = a_message()
    write(ledger, sent)
    assert claim(ledger) == (sent,)


def test_written_with_the_beginning(ledger: Ledger) -> None:
    """What is told of a beginning is there as soon as the attempt is."""
    told = message(SINK, of_attempt(a_run(), an_attempt(), Origin()))
    ledger.begin(an_attempt(), [told])
    assert claim(ledger) == (told,)


def test_an_attempt_that_is_refused_leaves_no_message(ledger: Ledger) -> None:
    """Where an attempt cannot be written down, nothing is told of it."""
    with pytest.raises(ValueError, match="refuses"):
        ledger.begin(an_attempt(run_id="nobody's"), [a_message()])
    assert claim(ledger) == ()


def test_claimed_once(ledger: Ledger) -> None:
    """A claimed message is nobody else's until the claim is over: then whoever asks gets it, as its owner died."""
    write(ledger, a_message())
    assert len(claim(ledger, 60)) == 1
    assert claim(ledger, 60 + 59) == ()
    assert len(claim(ledger, 60 + 60)) == 1


def test_claims_of_many(ledger: Ledger) -> None:
    """However many ask at once, each message goes to one of them."""
    messages = [a_message(f"attempt-{number}", number) for number in range(40)]
    write(ledger, *messages)
    with ThreadPoolExecutor(8) as pool:
        claimed = [item.id for got in pool.map(lambda _: claim(ledger, 60, 3), range(20)) for item in got]
    assert Counter(claimed) == Counter(item.id for item in messages)


def test_claims_are_of_one_sink_and_oldest_first(ledger: Ledger) -> None:
    """A sink gets its own messages, in the order in which they were written, and no more than it asks for."""
    write(ledger, *(a_message(f"attempt-{number}", number) for number in range(4)))
    write(ledger, a_message("attempt-9", 9, "statsd 127.0.0.1:8125"))
    assert [item.parcel.at for item in claim(ledger, limit=3)] == [at(0), at(1), at(2)]
    assert claim(ledger, limit=0) == ()


def test_delivered(ledger: Ledger) -> None:
    """A delivered message does not come back, also not when somebody later says that it failed."""
    write(ledger, a_message())
    [sent] = claim(ledger)
    ledger.settle([Settlement(sent.id, Fate.DELIVERED)], at(61))
    ledger.settle([Settlement(sent.id, Fate.WAITING, "no answer", at(61))], at(62))
    assert claim(ledger, 3600) == ()
    assert ledger.queues() == (Queue(SINK, delivered=1),)


def test_tried_again(ledger: Ledger) -> None:
    """What a sink did not take waits as long as was said, and knows how often it was tried."""
    write(ledger, a_message())
    [sent] = claim(ledger)
    ledger.settle([Settlement(sent.id, Fate.WAITING, "it answered 503", at(90))], at(61))
    assert claim(ledger, 89) == ()
    [again] = claim(ledger, 90)
    assert (again.id, again.tries) == (sent.id, 1)
    assert ledger.queues() == (Queue(SINK, 1, reason="it answered 503", oldest=at(30)),)


def test_undeliverable(ledger: Ledger) -> None:
    """What cannot be delivered is listed with the reason and all that it was about, newest first."""
    write(ledger, a_message("attempt-1"), a_message("attempt-2", 40))
    first, second = claim(ledger)
    ledger.settle([Settlement(first.id, Fate.UNDELIVERABLE, "too old")], at(61))
    ledger.settle([Settlement(second.id, Fate.UNDELIVERABLE, "it answered 400")], at(62))
    assert claim(ledger, 3600) == ()
    lost = ledger.lost()
    assert [(item.id, item.reason, item.settled_at) for item in lost] == [
        (second.id, "it answered 400", at(62)),
        (first.id, "too old", at(61)),
    ]
    assert lost[1].parcel.attempt == an_attempt()
    assert ledger.lost("statsd 127.0.0.1:8125") == ()
    assert len(ledger.lost(SINK, 1)) == 1
    assert ledger.queues() == (Queue(SINK, undeliverable=2, reason="it answered 400"),)


def test_two_that_end_at_once(ledger: Ledger) -> None:
    """Messages of one series have a second each, the nearest that is free: no value overwrites another."""
    write(ledger, *(a_message(f"attempt-{number}", 30) for number in range(3)))
    moments = [item.parcel.metrics[0].at for item in claim(ledger)]
    assert moments == [at(30), at(31), at(32)]


def test_a_second_stays_taken(ledger: Ledger) -> None:
    """Also the second of a message that was delivered is not given away again."""
    write(ledger, a_message("attempt-1"))
    [sent] = claim(ledger)
    ledger.settle([Settlement(sent.id, Fate.DELIVERED)], at(61))
    write(ledger, a_message("attempt-2"))
    [other] = claim(ledger)
    assert {metric.at for metric in other.parcel.metrics} == {at(31)}


def test_only_the_same_series_share_seconds(ledger: Ledger) -> None:
    """Other tags or another sink do not push a message out of its second."""
    elsewhere = a_message("attempt-2", 30, "statsd 127.0.0.1:8125")
    other = parcel("attempt-3")
    tagged = tuple(replace(metric, tags=("role:other",)) for metric in other.metrics)
    write(
        ledger,
        a_message(),
        elsewhere,
        message(SINK, replace(other, metrics=tagged), one_per_second=True),
    )
    assert {metric.at for item in claim(ledger) for metric in item.parcel.metrics} == {at(30)}


def test_no_second_left(ledger: Ledger) -> None:
    """Where more end at once than there are seconds near, the rest is listed as undeliverable, not overwritten."""
    write(ledger, *(a_message(f"attempt-{number}", 30) for number in range(2103)))
    [queue] = ledger.queues()
    assert (queue.waiting, queue.undeliverable) == (300 + 1 + 1800, 2)
    assert "no second left" in queue.reason


def test_delivered_messages_are_forgotten_after_a_day(ledger: Ledger) -> None:
    """The outbox does not grow for ever: what was delivered goes after a day, what could not be delivered stays."""
    write(ledger, a_message("attempt-1"), a_message("attempt-2", 31))
    first, second = claim(ledger)
    ledger.settle(
        [Settlement(first.id, Fate.DELIVERED), Settlement(second.id, Fate.UNDELIVERABLE, "too old")], at(61)
    )
    write(ledger, a_message("attempt-3", 25 * 3600))
    [queue] = ledger.queues()
    assert (queue.waiting, queue.delivered, queue.undeliverable) == (1, 0, 1)
