"""The lock of a release: acquired by create or by a guarded update, renewed by a thread, given back at the end.

The rules are client-go's leader election: whether a holder is alive is judged by *our* clock since we last saw its
record change, never by comparing two machines' clocks; and whoever renews late enough no longer holds it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import datetime

from trunkline.adapters.kubernetes import incarnation
from trunkline.adapters.kubernetes.client import KubernetesClient, Patience, path_of
from trunkline.adapters.kubernetes.failures import ApiError
from trunkline.adapters.kubernetes.lease_record import (
    DURATION_S,
    LeaseRecord,
    lease_name,
    leases_path,
    new_lease,
)
from trunkline.dataclass import dataclass
from trunkline.domain.releases import ReleaseTarget
from trunkline.errors import Locked, TrunklineError, Unreachable
from trunkline.ports import Clock, LeaseHolder

# A lease that promises more silence than this is not worth being silent for ourselves.
_LONGEST_WATCH_S = 60.0
# Below the shortest silence after which a CI gives a job up, by far.
_TOLD_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """All in seconds: `duration_s` after its last renewal a lease is free; a holder renews every `renew_s`."""

    duration_s: int = DURATION_S
    renew_s: float = 2.0
    poll_s: float = 0.25
    request_s: float = 4.0


class HeldLease:
    """Implements the port `Lease`."""

    def __init__(
        self,
        client: KubernetesClient,
        clock: Clock,
        target: ReleaseTarget,
        record: LeaseRecord,
        times: LeaseTimes,
    ) -> None:
        self._client = client.with_patience(Patience(times.request_s, retry_s=0.0))
        self._clock = clock
        self._target = target
        self._record = record
        self._holder = record.holder
        self._times = times
        self._renewed = (clock.monotonic(), clock.now())
        self._lost = ""
        self._trouble = ""
        self._mutex = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name=f"lease of {target}", daemon=True)
        self._thread.start()

    def ensure_held(self) -> None:
        """See the port. A renewal that is overdue is made up for first: the machine may have slept."""
        if not self._lost and self._age_s() > 2 * self._times.renew_s:
            self._renew()
        if not self._lost and self._age_s() <= self._times.duration_s:
            return
        why = (
            self._lost or f"it could not be renewed for {self._age_s():.0f} s: {self._trouble or 'no answer'}"
        )
        raise Locked(
            f"The lock of release {self._target} was lost: {why}",
            "Look at who deploys it now (`trunkline status`), then run the command again.",
        )

    def give_back(self) -> None:
        """Stop renewing and free the lease; what fails here heals itself when the lease runs out."""
        self._ended.set()
        self._thread.join()
        for _ in range(2):
            if self._lost:
                return
            try:
                self._client.replace(self._path(), self._record.released(self._clock.now()))
            except ApiError as error:
                if not error.conflict:
                    return
                self._look_again()
            except TrunklineError:
                return
            else:
                return

    def _beat(self) -> None:
        while not self._lost and not self._ended.wait(self._times.renew_s):
            self._renew()

    def _renew(self) -> None:
        with self._mutex:
            for _ in range(2):
                # Taken before the request is sent: others may have seen our renewal from then on.
                began = (self._clock.monotonic(), self._clock.now())
                try:
                    live = self._client.replace(self._path(), self._record.renewed(began[1]))
                except ApiError as error:
                    self._trouble = error.message
                    if not (error.conflict or error.not_found):
                        return
                    self._look_again()
                    if self._lost:
                        return
                except TrunklineError as error:
                    self._trouble = error.message
                    return
                else:
                    self._record, self._renewed, self._trouble = LeaseRecord(live), began, ""
                    return

    def _look_again(self) -> None:
        """Our write was refused: either somebody took the lease, or its record changed in passing."""
        try:
            record = LeaseRecord(self._client.get(self._path()))
        except ApiError as error:
            if error.not_found:
                self._lost = "somebody removed it."
            self._trouble = error.message
        except TrunklineError as error:
            self._trouble = error.message
        else:
            if record.holder != self._holder:
                self._lost = f"{record.description or 'nobody'} holds it now."
            self._record = record

    def _age_s(self) -> float:
        """Seconds since the last renewal; the greater of two clocks, because one stops while a machine sleeps."""
        monotonic, wall = self._renewed
        return max(self._clock.monotonic() - monotonic, (self._clock.now() - wall).total_seconds())

    def _path(self) -> str:
        return path_of(leases_path(self._target.namespace), lease_name(self._target))


@contextlib.contextmanager
def hold(
    client: KubernetesClient,
    clock: Clock,
    target: ReleaseTarget,
    holder: LeaseHolder,
    wait_s: float,
    times: LeaseTimes | None = None,
    on_wait: Callable[[str], None] | None = None,
) -> Iterator[HeldLease]:
    """Hold the lease of `target` while the context lasts; `on_wait` is told who else is at work.

    Raises:
        Locked: somebody else holds it, and still did after `wait_s` seconds.
        Unreachable: the cluster does not answer, or does not allow it.
    """
    chosen = times or LeaseTimes()
    record = _acquire(client, clock, target, holder, wait_s, chosen, on_wait)
    lease = HeldLease(client, clock, target, record, chosen)
    try:
        yield lease
    finally:
        lease.give_back()


def _acquire(
    client: KubernetesClient,
    clock: Clock,
    target: ReleaseTarget,
    holder: LeaseHolder,
    wait_s: float,
    times: LeaseTimes,
    on_wait: Callable[[str], None] | None,
) -> LeaseRecord:
    # Two processes of one run must not take each other for themselves.
    identity = f"{holder.identity}.{os.urandom(4).hex()}"
    started = clock.monotonic()
    sighting = _Sighting()
    told_at = -_TOLD_EVERY_S
    while True:
        record = _find(client, target)
        now = clock.monotonic()
        sighting.see(record, now)
        if record is None or not record.holder or record.holder_is_gone or sighting.silent(record, now):
            won = _take(client, target, record, identity, holder.description, clock.now(), times.duration_s)
            if won is not None:
                return won
            # Whoever was faster is surely alive.
            sighting.alive = True
            continue
        if (sighting.alive or record.duration_s > _LONGEST_WATCH_S) and now - started >= wait_s:
            raise _locked(target, record)
        if on_wait is not None and sighting.alive and now - told_at >= _TOLD_EVERY_S:
            told_at = now
            since = f" since {record.since}" if record.since else ""
            on_wait(
                f"waiting for {record.description}, at work on {target}{since}; {started + wait_s - now:.0f} s more"
            )
        clock.sleep(times.poll_s)


class _Sighting:
    """What we saw of a foreign holder, by our own clock."""

    def __init__(self) -> None:
        self.alive = False
        self._version: tuple[str, str, str] | None = None
        self._at = 0.0

    def see(self, record: LeaseRecord | None, now: float) -> None:
        version = record.version if record else None
        if version != self._version:
            self.alive = self.alive or self._version is not None
            self._version, self._at = version, now

    def silent(self, record: LeaseRecord, now: float) -> bool:
        return now - self._at >= record.duration_s


def _find(client: KubernetesClient, target: ReleaseTarget) -> LeaseRecord | None:
    try:
        return LeaseRecord(client.get(path_of(leases_path(target.namespace), lease_name(target))))
    except ApiError as error:
        if error.not_found:
            return None
        raise _explained(error, target) from error


def _take(
    client: KubernetesClient,
    target: ReleaseTarget,
    record: LeaseRecord | None,
    identity: str,
    description: str,
    now: datetime,
    duration_s: int,
) -> LeaseRecord | None:
    """The lease that is now ours, or None when somebody was faster."""
    wanted = (record or new_lease(target)).taken(
        identity, description, incarnation.own().text(), now, duration_s
    )
    path = leases_path(target.namespace)
    try:
        if record is None:
            return LeaseRecord(client.create(path, wanted))
        return LeaseRecord(client.replace(path_of(path, lease_name(target)), wanted))
    except ApiError as error:
        if error.conflict or (record is not None and error.not_found):
            return None
        raise _explained(error, target) from error


def _explained(error: ApiError, target: ReleaseTarget) -> Unreachable:
    if error.not_found:
        return Unreachable(
            f"The namespace {target.namespace} of release {target} does not exist.",
            "Create it, or correct the namespace in the configuration.",
        )
    if error.forbidden:
        return Unreachable(
            error.message,
            "Trunkline's lock is a Lease: give the user get, create and update on leases (coordination.k8s.io)"
            f" in the namespace {target.namespace}.",
        )
    return error


def _locked(target: ReleaseTarget, record: LeaseRecord) -> Locked:
    since = f" since {record.since}" if record.since else ""
    return Locked(
        f"Release {target} is being deployed by {record.description}{since}; two deployments at once would"
        " overwrite each other.",
        "Wait until it is done, or let the command wait for it with --wait-for-lock.",
    )
