"""A ledger in memory, which passes the same contract tests as the real one."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from tests.fakes.outbox import FakeOutbox
from trunkline.domain.attempts import (
    Approval,
    Arrival,
    Attempt,
    AttemptRecord,
    Deployment,
    Ending,
    Outcome,
    Run,
    Stage,
    StepBegun,
)
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.gates import GateRecord
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.parcels import Lost, Message, Queue, Settlement
from trunkline.domain.totals import Tally
from trunkline.errors import Unreachable
from trunkline.ports.ledger import Added


class FakeLedger:
    """Implements the port `Ledger`. A test sets `trouble` to make every call fail with that sentence."""

    def __init__(self) -> None:
        self.trouble = ""
        self._lock = threading.Lock()
        self._runs: dict[str, Run] = {}
        self._attempts: dict[str, Attempt] = {}
        self._endings: dict[str, Ending] = {}
        self._approvals: dict[str, Approval] = {}
        self._deployments: dict[str, Deployment] = {}
        self._gates: dict[str, GateRecord] = {}
        self._marks: dict[str, Mark] = {}
        self._steps: list[tuple[str, str, datetime]] = []
        self._outbox = FakeOutbox()

    def open_run(self, run: Run) -> None:
        with self._lock:
            self._check()
            self._runs.setdefault(run.id, run)

    def run(self, run_id: str) -> Run | None:
        with self._lock:
            self._check()
            if run_id in self._runs:
                return self._runs[run_id]
            found = [run for key, run in self._runs.items() if run_id and key.startswith(run_id)]
            return found[0] if len(found) == 1 else None

    def runs(self, service: str, limit: int = 20) -> tuple[Run, ...]:
        with self._lock:
            self._check()
            ours = [run for run in self._runs.values() if run.service == service]
            ours.sort(key=lambda run: (run.started_at, run.id), reverse=True)
            return tuple(ours[: max(limit, 0)])

    def begin(self, attempt: Attempt, messages: Iterable[Message] = ()) -> None:
        with self._lock:
            self._check(attempt.id not in self._attempts, attempt.run_id in self._runs)
            self._attempts[attempt.id] = attempt
            self._outbox.post(messages)

    def intend(self, attempt_id: str, step: str, at: datetime) -> None:
        with self._lock:
            self._check(attempt_id in self._attempts)
            self._steps.append((attempt_id, step, at))

    def end(
        self, ending: Ending, deployment: Deployment | None = None, messages: Iterable[Message] = ()
    ) -> None:
        with self._lock:
            self._check(ending.attempt_id in self._attempts, ending.attempt_id not in self._endings)
            if deployment is not None:
                self._check(
                    deployment.id not in self._deployments,
                    deployment.attempt_id in self._attempts,
                    deployment.run_id in self._runs,
                )
                self._deployments[deployment.id] = deployment
            self._endings[ending.attempt_id] = ending
            self._outbox.post(messages)

    def claim(self, sink: str, now: datetime, until: datetime, limit: int) -> tuple[Message, ...]:
        with self._lock:
            self._check()
            return self._outbox.claim(sink, now, until, limit)

    def settle(self, settlements: Iterable[Settlement], now: datetime) -> None:
        with self._lock:
            self._check()
            self._outbox.settle(settlements, now)

    def queues(self) -> tuple[Queue, ...]:
        with self._lock:
            self._check()
            return self._outbox.queues()

    def lost(self, sink: str = "", limit: int = 50) -> tuple[Lost, ...]:
        with self._lock:
            self._check()
            return self._outbox.lost(sink, limit)

    def decide(self, approval: Approval) -> None:
        with self._lock:
            self._check(approval.id not in self._approvals, approval.run_id in self._runs)
            self._approvals[approval.id] = approval

    def judge(self, gate: GateRecord) -> None:
        with self._lock:
            self._check(
                gate.id not in self._gates, gate.attempt_id in self._attempts, gate.run_id in self._runs
            )
            self._gates[gate.id] = gate

    def gates(self, *, digest: str = "", service: str = "", limit: int = 50) -> tuple[GateRecord, ...]:
        with self._lock:
            self._check()
            ours = [
                gate
                for gate in self._gates.values()
                if digest in {"", gate.digest} and service in {"", gate.service}
            ]
            ours.sort(key=lambda gate: (gate.judged_at, gate.id), reverse=True)
            return tuple(ours[: max(limit, 0)])

    def mark(self, mark: Mark, messages: Iterable[Message] = ()) -> None:
        with self._lock:
            self._check(mark.id not in self._marks)
            self._marks[mark.id] = mark
            self._outbox.post(messages)

    def marks(self, *, service: str = "", environment: str = "", limit: int = 50) -> tuple[Mark, ...]:
        with self._lock:
            self._check()
            ours = [
                mark
                for mark in self._marks.values()
                if service in {"", mark.service} and environment in {"", mark.environment}
            ]
            ours.sort(key=lambda mark: (mark.said_at, mark.id), reverse=True)
            return tuple(ours[: max(limit, 0)])

    def approvals(self, run_id: str, environment: str = "") -> tuple[Approval, ...]:
        with self._lock:
            self._check()
            ours = [
                approval
                for approval in self._approvals.values()
                if approval.run_id == run_id and environment in {"", approval.environment}
            ]
            return tuple(sorted(ours, key=lambda approval: (approval.decided_at, approval.id)))

    def attempts(
        self,
        *,
        run_id: str = "",
        service: str = "",
        environment: str = "",
        since: datetime | None = None,
        limit: int = 50,
    ) -> tuple[AttemptRecord, ...]:
        with self._lock:
            self._check()
            ours = [
                attempt
                for attempt in self._attempts.values()
                if run_id in {"", attempt.run_id}
                and service in {"", attempt.service}
                and environment in {"", attempt.environment}
                and (since is None or attempt.started_at >= since)
            ]
            ours.sort(key=lambda attempt: (attempt.started_at, attempt.id), reverse=True)
            return tuple(AttemptRecord(item, self._endings.get(item.id)) for item in ours[: max(limit, 0)])

    def tallies(self, service: str, environment: str) -> tuple[Tally, ...]:
        with self._lock:
            self._check()
            found: dict[tuple[Stage, Outcome], list[tuple[datetime, float]]] = {}
            for attempt in self._attempts.values():
                ending = self._endings.get(attempt.id)
                if ending and (attempt.service, attempt.environment) == (service, environment):
                    took_s = (ending.finished_at - attempt.started_at).total_seconds()
                    found.setdefault((attempt.stage, ending.outcome), []).append((ending.finished_at, took_s))
            return tuple(
                Tally(*key, len(ends), sum(took_s for _, took_s in ends), *max(ends))
                for key, ends in sorted(found.items())
            )

    def steps(self, attempt_id: str) -> tuple[tuple[str, datetime], ...]:
        with self._lock:
            self._check()
            return tuple((step, at) for owner, step, at in self._steps if owner == attempt_id)

    def forget_deployments(self) -> None:
        """As another machine's ledger, which never knew of them."""
        self._deployments.clear()

    def deployments(
        self, *, service: str = "", environment: str = "", limit: int = 50
    ) -> tuple[Deployment, ...]:
        with self._lock:
            self._check()
            ours = [
                deployment
                for deployment in self._deployments.values()
                if service in {"", deployment.service} and environment in {"", deployment.environment}
            ]
            ours.sort(key=lambda deployment: (deployment.deployed_at, deployment.id), reverse=True)
            return tuple(ours[: max(limit, 0)])

    def arrivals(self, *, service: str = "", environment: str = "") -> tuple[Arrival, ...]:
        found = self.deployments(service=service, environment=environment, limit=2**62)
        return tuple(Arrival(*(getattr(item, name) for name in Arrival._fields)) for item in found)

    def entries(self) -> Iterator[LedgerRecord]:
        with self._lock:
            self._check()
            kept: list[LedgerRecord] = [*self._runs.values(), *self._attempts.values()]
            kept += [StepBegun(*step) for step in self._steps]
            kept += [*self._endings.values(), *self._approvals.values()]
            kept += [*self._deployments.values(), *self._gates.values(), *self._marks.values()]
        return iter(kept)

    def add(self, records: Iterable[LedgerRecord]) -> Added:
        with self._lock:
            self._check()
            before = [dict(kept) for kept in self._tables()]
            steps = list(self._steps)
            try:
                new = [self._add(record) for record in records]
            except ValueError:
                for kept, earlier in zip(self._tables(), before, strict=True):
                    kept.clear()
                    kept.update(earlier)
                self._steps = steps
                raise
        return Added(sum(new), len(new) - sum(new))

    def _tables(self) -> list[dict[str, Any]]:
        return [
            self._runs, self._attempts, self._endings, self._approvals, self._deployments, self._gates,
            self._marks,
        ]  # fmt: skip

    def _add(self, record: LedgerRecord) -> bool:
        """Whether it is new."""
        if isinstance(record, StepBegun):
            self._check(record.attempt_id in self._attempts)
            step = (record.attempt_id, record.step, record.at)
            if step in self._steps:
                return False
            self._steps.append(step)
            return True
        kinds = (Run, Attempt, Ending, Approval, Deployment, GateRecord, Mark)
        kept = self._tables()[kinds.index(type(record))]
        key = record.attempt_id if isinstance(record, Ending) else record.id
        if key in kept:
            self._check(kept[key] == record)
            return False
        if not isinstance(record, Run):
            owner = getattr(record, "attempt_id", None)
            run = getattr(record, "run_id", None)
            self._check(owner is None or owner in self._attempts, run is None or run in self._runs)
        kept[key] = record
        return True

    def faults(self) -> tuple[str, ...]:
        self._check()
        return ()

    def close(self) -> None:
        pass

    def _check(self, *conditions: bool) -> None:
        if self.trouble:
            raise Unreachable(self.trouble, "Mend the fake.")
        if not all(conditions):
            raise ValueError("The ledger refuses a row.")
