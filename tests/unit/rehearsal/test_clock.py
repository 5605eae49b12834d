"""The clock that skips what everybody only waits for."""

from __future__ import annotations

import threading
import time

from trunkline.rehearsal.clock import FastClock


def wait(clock: FastClock, seconds: float) -> bool:
    condition = threading.Condition()
    with condition:
        return clock.wait(condition, seconds)


def test_ten_minutes_pass_in_a_moment() -> None:
    """What nobody disturbs is skipped, and the clock shows that the time has passed."""
    clock, began = FastClock(), time.monotonic()
    before = clock.now()
    assert not wait(clock, 600)
    assert (clock.now() - before).total_seconds() >= 600
    assert time.monotonic() - began < 10


def test_the_earliest_deadline_comes_first() -> None:
    """Who waits for less is never overtaken by who waits for more."""
    clock, order = FastClock(), []

    def sleep(seconds: float) -> None:
        wait(clock, seconds)
        order.append(seconds)

    threads = [threading.Thread(target=sleep, args=(seconds,)) for seconds in (300, 20, 100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert order == [20, 100, 300]


def test_who_is_busy_is_not_overtaken_by_far() -> None:
    """While somebody is busy, time leaps a second at most for each silence."""
    clock = FastClock()
    began = clock.monotonic()
    stop = threading.Event()

    def idle() -> None:
        wait(clock, 1000)
        stop.set()

    thread = threading.Thread(target=idle, daemon=True)
    with clock.busy():
        thread.start()
        assert not stop.wait(0.5)
        assert clock.monotonic() - began < 10
    thread.join(30)
    assert stop.is_set()


def test_a_notified_wait_ends_at_once() -> None:
    """What is waited for may come earlier than its time."""
    clock, condition = FastClock(), threading.Condition()

    def notify() -> None:
        with condition:
            condition.notify_all()

    with clock.busy(), condition:
        threading.Timer(0.05, notify).start()
        assert clock.wait(condition, 30)
