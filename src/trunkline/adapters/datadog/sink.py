"""When measurements are sent to Datadog, how often that is tried again, and when it is given up.

One daemon thread sends while the deployment goes on, so that nothing waits for it before `close`. Trouble is
tried again with growing, jittered pauses; once `close` was called, five times in a row at most and never past
the deadline. Whatever happens, a deployment is told of it in one sentence and goes on.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from typing import Any

from trunkline.adapters.datadog.lanes import Lane, MetricLane, NoticeLane
from trunkline.adapters.datadog.wire import Api, Meaning, Verdict
from trunkline.config.project import MeasureSettings
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.events import Event, Failed, Finished, Started
from trunkline.ports import Clock, Http

_TIMEOUT_S = 5.0
_FIRST_PAUSE_S = 0.2
_LONGEST_PAUSE_S = 30.0
_TRIES = 5
_BAD_KEY = "The Datadog API key is empty or has characters that no key has"


class DatadogSink:
    """Implements the port `Listener`: sends what `domain.measurements` makes of events.

    Args:
        settings: bears the API key; without one, don't make a sink.
        warn: takes the one sentence about what could not be sent, during `close`.
        environments: the `environment` tag for each environment's name.
        link: the CI job's page, or empty.
    """

    def __init__(
        self,
        settings: MeasureSettings,
        http: Http,
        clock: Clock,
        redactor: Redactor,
        warn: Callable[[str], None],
        *,
        environments: Mapping[str, str] | None = None,
        link: str = "",
    ) -> None:
        redactor.learn(settings.api_key.strip())
        self._api = Api(settings, redactor)
        self._http = http
        self._clock = clock
        self._redactor = redactor
        self._warn = warn
        self._labels = Labels(
            prefix=settings.prefix,
            role=settings.role,
            metric_version=settings.metric_version,
            event_version=settings.event_version,
            environments=environments or {},
            link=link,
        )
        # `_changed` guards everything below.
        self._changed = threading.Condition()
        self._metrics = MetricLane()
        self._notices = NoticeLane()
        self._refusal = "" if self._api.key_is_sendable else _BAD_KEY
        self._deadline: float | None = None
        self._thread: threading.Thread | None = None
        self._done = threading.Event()

    def on_event(self, event: Event) -> None:
        """See the port: takes note of starts and ends, ignores the rest, comes back at once."""
        if not isinstance(event, (Started, Finished, Failed)):
            return
        try:
            self._take(event)
        except Exception as error:  # noqa: BLE001 - a fault in measuring must never stop a deployment
            with self._changed:
                self._notices.lost += 1
                self._notices.cause = f"a fault of Trunkline, {type(error).__name__}"

    def close(self, deadline_s: float) -> None:
        """See the port: warns once if something is not confirmed by then, and forgets it."""
        with self._changed:
            if self._deadline is not None:
                return
            self._deadline = self._clock.monotonic() + deadline_s
            for lane in self._lanes:
                lane.tries = min(lane.tries, _TRIES - 1)
                if not lane.told_to_wait:
                    lane.not_before = 0.0
            self._changed.notify_all()
        if self._thread is not None:
            self._done.wait(deadline_s)
        with self._changed:
            sentence = self._account()
        if sentence:
            self._warn(self._redactor.text(sentence))

    def check(self) -> str:
        """One sentence on how Datadog answered, for `check --online`.

        Raises:
            Unreachable: it does not answer, or does not accept the key.
        """
        server = self._api.server
        mend = (
            "Set DD_API_KEY to a valid key of your organisation, and DD_SITE (or DD_URL) to where it lives."
        )
        if not self._api.key_is_sendable:
            raise Unreachable(f"{_BAD_KEY}.", mend)
        try:
            verdict = self._api.judge(self._http.send(self._api.validate(_TIMEOUT_S)))
        except Unreachable as error:
            raise Unreachable(
                f"Datadog does not answer: {error.message}",
                "Check DD_SITE (or DD_URL), the network and any proxy, then run the command again.",
            ) from error
        if verdict.meaning is Meaning.TAKEN:
            return f"Datadog at {server} accepts the API key."
        if verdict.meaning is Meaning.KEY_REFUSED:
            raise Unreachable(f"Datadog at {server} refuses the API key.", mend)
        raise Unreachable(
            f"Datadog at {server} did not check the API key: {verdict.cause}.",
            "Check DD_SITE (or DD_URL), or try again later.",
        )

    @property
    def _lanes(self) -> tuple[Lane[Any], ...]:
        return self._metrics, self._notices

    def _take(self, event: Started | Finished | Failed) -> None:
        ending = None if isinstance(event, Started) else event.ending
        made = measurements(event.attempt, ending, self._labels, self._redactor)
        with self._changed:
            if self._deadline is not None or not made.notices:
                return
            for metric in made.metrics:
                self._metrics.add(metric)
            for notice in made.notices:
                self._notices.add(notice)
            if self._thread is None and not self._refusal:
                # Made only now, so that a command that measures nothing has no thread.
                self._thread = threading.Thread(target=self._work, name="datadog", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _work(self) -> None:
        try:
            while (job := self._next()) is not None:
                lane, batch, timeout_s = job
                verdict = self._send(lane, batch, timeout_s)
                with self._changed:
                    self._settle(lane, batch, verdict)
        finally:
            self._done.set()

    def _next(self) -> tuple[Lane[Any], Any, float] | None:
        """What to send, and how long that may take. Waits for something; None when there will be nothing more."""
        with self._changed:
            while not self._refusal:
                now = self._clock.monotonic()
                for lane in self._lanes:
                    lane.drop_stale(self._clock.now().timestamp())
                lanes = [lane for lane in self._lanes if lane.waiting and self._hopeful(lane)]
                if self._deadline is not None and (not lanes or now >= self._deadline):
                    return None
                soonest = min(lanes, key=lambda lane: lane.not_before) if lanes else None
                if soonest is not None and soonest.not_before <= now:
                    # A lane that hangs while we close must leave time for the other one.
                    left_s = _TIMEOUT_S if self._deadline is None else (self._deadline - now) / len(lanes)
                    return soonest, soonest.batch(), left_s
                self._changed.wait(soonest.not_before - now if soonest else None)
            return None

    def _hopeful(self, lane: Lane[Any]) -> bool:
        """Whether trying again makes sense: always while the deployment goes on, in the end only for a while."""
        return self._deadline is None or (lane.tries < _TRIES and lane.not_before < self._deadline)

    def _send(self, lane: Lane[Any], batch: Any, timeout_s: float) -> Verdict:
        try:
            return self._api.judge(self._http.send(lane.request(self._api, batch, timeout_s)))
        except Unreachable as error:
            return Verdict(Meaning.AGAIN, error.message.rstrip("."))
        except Exception as error:  # noqa: BLE001 - it may quote a header, hence the key: only its name is told
            return Verdict(Meaning.REJECTED, f"the request could not be made, {type(error).__name__}")

    def _settle(self, lane: Lane[Any], batch: Any, verdict: Verdict) -> None:
        match verdict.meaning:
            case Meaning.TAKEN:
                lane.succeed(batch)
            case Meaning.KEY_REFUSED:
                self._refusal = f"Datadog at {self._api.server} refuses the API key"
            case Meaning.REJECTED:
                lane.lose(batch, verdict.cause)
            case Meaning.SPLIT:
                lane.shrink(batch, verdict.cause)
            case Meaning.AGAIN:
                pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** min(lane.tries, 10))
                # Jitter, so that the jobs of a busy CI do not come back all at once.
                pause_s *= random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it
                lane.told_to_wait = verdict.wait_s is not None
                lane.not_before = self._clock.monotonic() + (
                    pause_s if verdict.wait_s is None else verdict.wait_s
                )
                lane.tries += 1
                lane.cause = verdict.cause

    def _account(self) -> str:
        """The sentence about everything that Datadog has not confirmed; empty if there is nothing."""
        counted = ((self._metrics.missing, "metric"), (self._notices.missing, "event"))
        what = " and ".join(f"{n} {word}{'s' if n > 1 else ''}" for n, word in counted if n)
        if not what:
            return ""
        if self._refusal:
            told = f"{self._refusal}, so it did not take {what}: check DD_API_KEY and DD_SITE"
        else:
            cause = self._metrics.cause or self._notices.cause or "no answer in time"
            told = f"Datadog at {self._api.server} did not confirm {what} ({cause})"
        return f"{told}; the deployment is not affected."
