"""From observations to a verdict.

Only pods of the new revision are judged. A failure that cannot mend itself ends the wait at once; one that
might, after a second try or a grace. A moment between two crashes is never a success: where no readiness
probe vouches for a pod, or it was restarted, a rollout is good only when it has stayed good for a while.
Time in which the API did not answer counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field

from trunkline.dataclass import dataclass
from trunkline.domain.diagnosis.kinds import is_silent, kind_findings
from trunkline.domain.diagnosis.look import Finding, Look
from trunkline.domain.diagnosis.overdue import overdue, unreachable, unsettled
from trunkline.domain.diagnosis.pods import last_life_s, restarts_of, vouched_for
from trunkline.domain.diagnosis.progress import progress_of
from trunkline.domain.diagnosis.revisions import is_ready, new_pods, standing_pods
from trunkline.domain.diagnosis.workloads import workload_findings
from trunkline.domain.rollouts.causes import LONGEST_TRIAL_S, SHORT_GRACE_S, Cause
from trunkline.domain.rollouts.shapes import number, text
from trunkline.domain.rollouts.words import Failure, KubernetesObject, Observation, Resource

# These end for good; they do not change their mind, and their objects may be cleared away.
_ENDING = {"Job", "Pod"}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a rollout; `failures` is empty when it succeeded."""

    failures: tuple[Failure, ...] = ()
    elapsed_s: float = 0.0

    @property
    def succeeded(self) -> bool:
        """Whether the rollout is good."""
        return not self.failures


@dataclass(slots=True)
class SeenTime:
    """Counts the seconds in which the API answered: neither a grace nor a settling runs while nobody sees."""

    seen_s: float = 0.0
    _at_s: float | None = None
    _blind: bool = False

    def read(self, observation: Observation) -> float:
        """Seconds seen until this observation."""
        blind = bool(observation.trouble)
        if self._at_s is not None and not blind and not self._blind:
            self.seen_s += max(0.0, observation.elapsed_s - self._at_s)
        self._at_s, self._blind = observation.elapsed_s, blind
        return self.seen_s


@dataclass(slots=True)
class Memory:
    """What a judge has to remember of the observations before.

    Attributes:
        restarts: how often each container had been restarted when it was seen first.
        ended: what ended well; it may be gone since.
        since: when each finding was seen first, without a break since.
        steady: since when each pod is ready with these restarts.
        silent: since when nobody has said anything of each custom resource, by its generation.
    """

    restarts: dict[tuple[str, str], int] = field(default_factory=dict)
    ended: set[Resource] = field(default_factory=set)
    since: dict[tuple[Resource, str, str, Cause], float] = field(default_factory=dict)
    steady: dict[str, tuple[dict[tuple[str, str], int], float]] = field(default_factory=dict)
    silent: dict[tuple[Resource, float], float] = field(default_factory=dict)

    def take_in(self, look: Look, now: float) -> None:
        """Remember pods, ends and silences."""
        steady = {}
        for resource, live in look.observation.objects.items():
            if live and is_silent(resource, live):
                self.silent.setdefault((resource, number(live, "metadata", "generation")), now)
            if live and resource.kind in _ENDING and progress_of(resource, live, look).done:
                self.ended.add(resource)
            for pod in new_pods(resource, look.observation):
                counts = restarts_of(pod)
                for key, count in counts.items():
                    self.restarts.setdefault(key, count)
                uid = text(pod, "metadata", "uid")
                if is_ready(pod):
                    known = self.steady.get(uid)
                    steady[uid] = known if known and known[0] == counts else (counts, now)
        self.steady = steady


class Judge:
    """Sees one observation after another and says when the matter is decided.

    A failure is final: whatever is seen later, the verdict stays the same.

    Args:
        settle_s: how long pods without a readiness probe, or with a restart, must stay up to count as good.
    """

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._time = SeenTime()
        self._memory = Memory()
        self._failed: Verdict | None = None

    def see(self, observation: Observation) -> Verdict | None:
        """The verdict, or None while the rollout is still under way."""
        if self._failed is None:
            failures = self._failures(observation)
            if failures is None:
                return None
            if not failures:
                return Verdict((), observation.elapsed_s)
            self._failed = Verdict(failures, observation.elapsed_s)
        return self._failed

    def _failures(self, observation: Observation) -> tuple[Failure, ...] | None:
        """The failures that end the matter, none for a success, None while it goes on."""
        now = self._time.read(observation)
        look = Look(observation, self._memory.restarts)
        if observation.trouble:
            ended = observation.expired and bool(observation.objects)
            return _failures_of([unreachable(look)]) if ended else None
        self._memory.take_in(look, now)
        certain, suspected = self._weighed(findings(look), now)
        if certain:
            return _failures_of(certain)
        done = self._all_done(look)
        if done and self._settled(look, now):
            return ()
        if not observation.expired:
            return None
        # There is no more time to mend itself in: what was only suspected is the best that can be said.
        return _failures_of(suspected or (list(overdue(look)) if not done else [unsettled(look)]))

    def _weighed(self, found: Iterable[Finding], now: float) -> tuple[list[Finding], list[Finding]]:
        """The findings that count, and those that have not stayed long enough to."""
        certain: list[Finding] = []
        suspected: list[Finding] = []
        since: dict[tuple[Resource, str, str, Cause], float] = {}
        for item in found:
            failure = item.failure
            key = (failure.resource, failure.pod, failure.container, failure.cause)
            first = since.setdefault(key, self._memory.since.get(key, now))
            (certain if now - first >= item.grace_s else suspected).append(item)
        self._memory.since = since
        return certain, suspected

    def _all_done(self, look: Look) -> bool:
        return all(
            resource in self._memory.ended or progress_of(resource, live, look).done
            for resource, live in look.observation.objects.items()
        )

    def _settled(self, look: Look, now: float) -> bool:
        """Whether every new pod that is to last has proved that it stays ready, and every controller had time to begin."""
        return all(self._is_steady(pod, now) for pod in _lasting_pods(look)) and not any(
            self._may_yet_speak(resource, live, now)
            for resource, live in look.observation.objects.items()
            if live and is_silent(resource, live)
        )

    def _may_yet_speak(self, resource: Resource, live: KubernetesObject, now: float) -> bool:
        first = self._memory.silent[resource, number(live, "metadata", "generation")]
        return now - first < min(self._settle_s, SHORT_GRACE_S)

    def _is_steady(self, pod: KubernetesObject, now: float) -> bool:
        known = self._memory.steady.get(text(pod, "metadata", "uid"))
        if known is None or not is_ready(pod):
            return False
        if vouched_for(pod) and not any(known[0].values()):
            return True
        # What ended once after this long is likely to do so again.
        trial_s = min(last_life_s(pod), LONGEST_TRIAL_S) if any(known[0].values()) else 0.0
        return now - known[1] >= self._settle_s + trial_s


def findings(look: Look) -> Iterator[Finding]:
    """What is wrong with any resource of an observation."""
    for resource, live in look.observation.objects.items():
        if live is None:
            continue
        if resource.has_pods or (resource.kind == "Pod" and not resource.group):
            yield from workload_findings(resource, live, look)
        else:
            yield from kind_findings(resource, live, look)


def _lasting_pods(look: Look) -> Iterator[KubernetesObject]:
    for resource in look.observation.objects:
        if resource.kind == "Job":
            continue
        for pod in standing_pods(resource, look.observation):
            if text(pod, "status", "phase") != "Succeeded":
                yield pod


def _failures_of(found: Iterable[Finding]) -> tuple[Failure, ...]:
    """The failures, what is known best first: a cause says more than a deadline."""
    failures = [item.failure for item in found]
    closer = [failure for failure in failures if failure.cause is not Cause.PROGRESS_DEADLINE]
    blamed = {failure.resource for failure in closer}
    return tuple(failure for failure in failures if failure in closer or failure.resource not in blamed)
