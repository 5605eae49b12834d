"""Watching a rollout to its verdict, and telling what it waits for whenever that changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from trunkline.domain.diagnosis import Judge, SoakJudge, Verdict, held_up, progress, with_log
from trunkline.domain.rollouts import Cause, Failure, Observation, Resource
from trunkline.errors import TrunklineError
from trunkline.ports import Cluster, Watch
from trunkline.run.announce import Voice

OnLook = Callable[[Observation], None]
_LOG_LINES = 15
# Below the shortest silence after which a CI gives a job up, by far.
_HEARTBEAT_S = 60.0


def await_rollout(
    cluster: Cluster,
    watch: Watch,
    resources: Sequence[Resource],
    timeout_s: float,
    settle_s: float,
    voice: Voice,
    on_look: OnLook = lambda _: None,
) -> Verdict:
    """The verdict on these resources; failures bear the last lines of the containers that crashed.

    `on_look` is called with every observation, and may do something about what it sees.
    """
    return _judged(cluster, watch, resources, Judge(settle_s), timeout_s, timeout_s, voice, on_look)


class Freeing:
    """For an undo: deletes the pods of the failed revision for which a StatefulSet would wait for ever."""

    def __init__(self, cluster: Cluster, voice: Voice) -> None:
        self._cluster, self._voice = cluster, voice
        self._freed: set[str] = set()

    def __call__(self, observation: Observation) -> None:
        """Delete each such pod, once."""
        for pod in held_up(observation):
            metadata = pod["metadata"]
            uid, name, namespace = (str(metadata.get(key)) for key in ("uid", "name", "namespace"))
            if uid in self._freed or observation.trouble:
                continue
            self._freed.add(uid)
            self._voice.note(f"delete pod {name}: its StatefulSet waits for it, and never replaces it itself")
            manifest = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": namespace}}
            self._cluster.delete((manifest,), namespace)


def soak(
    cluster: Cluster, watch: Watch, resources: Sequence[Resource], soak_s: float, voice: Voice
) -> Verdict:
    """Whether what became good stays so for `soak_s` seconds."""
    # Time in which the API does not answer proves nothing: it is made up for, within bounds.
    longest_s = 2 * soak_s + _HEARTBEAT_S
    return _judged(cluster, watch, resources, SoakJudge(soak_s), longest_s, soak_s, voice)


def _judged(
    cluster: Cluster,
    watch: Watch,
    resources: Sequence[Resource],
    judge: Judge | SoakJudge,
    timeout_s: float,
    told_s: float,
    voice: Voice,
    on_look: OnLook = lambda _: None,
) -> Verdict:
    if not resources:
        return Verdict()
    said: tuple[object, ...] = ()
    said_at_s = 0.0
    for observation in watch.observe(resources, timeout_s):
        on_look(observation)
        verdict = judge.see(observation)
        if verdict is not None and verdict.succeeded:
            verdict = _confirmed(watch, resources, judge, observation)
        if verdict is not None:
            return _with_logs(cluster, verdict)
        states, warning = progress(observation), _newest_warning(observation)
        now = (states, warning, observation.trouble)
        if now != said or observation.elapsed_s - said_at_s >= _HEARTBEAT_S:
            said, said_at_s = now, observation.elapsed_s
            voice.progress(states, observation.elapsed_s, told_s, warning, observation.trouble)
    # `observe` promises a last, expired observation, on which the judge always decides.
    raise AssertionError("the cluster adapter ended its observation without an expired one")


def _confirmed(
    watch: Watch, resources: Sequence[Resource], judge: Judge | SoakJudge, seen: Observation
) -> Verdict | None:
    """A success, if the API itself still says so: a watch that stands still looks as good as one that is idle."""
    try:
        now = watch.look(resources)
    except TrunklineError as error:
        now = replace(seen, trouble=error.message)
    return judge.see(replace(now, elapsed_s=seen.elapsed_s, expired=seen.expired))


def _newest_warning(observation: Observation) -> str:
    said = [event for event in observation.events if event.get("type") == "Warning"]
    return f"{said[-1].get('reason', '')}: {said[-1].get('message', '')}" if said else ""


def _with_logs(cluster: Cluster, verdict: Verdict) -> Verdict:
    distinct: dict[tuple[Resource, Cause, str], Failure] = {}
    for failure in verdict.failures:
        distinct.setdefault((failure.resource, failure.cause, failure.container), failure)
    return replace(verdict, failures=tuple(_with_log(cluster, failure) for failure in distinct.values()))


def _with_log(cluster: Cluster, failure: Failure) -> Failure:
    if not failure.container:
        return failure
    try:
        lines = cluster.last_log(failure.resource.namespace, failure.pod, failure.container, _LOG_LINES)
    except TrunklineError:
        # Evidence is welcome, not needed: the cause is known.
        return failure
    return with_log(failure, lines)
