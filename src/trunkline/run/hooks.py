"""Looks after Helm's hooks while Helm works: one that can never succeed ends the wait at once, and says why.

Helm alone would wait for its timeout and report a number of retries. Its delete policies may take a failed hook
away before anybody can read the log, so the log is read as soon as a container has ended badly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trunkline.domain.diagnosis import Judge
from trunkline.domain.releases import ReleaseTarget
from trunkline.domain.rollouts import Cause, Failure, KubernetesObject, Observation
from trunkline.errors import TrunklineError
from trunkline.ports import Cluster, Helm, Watch

_LOG_LINES = 15


class HookWatch:
    """What the hooks of one release show while Helm is at work on it."""

    def __init__(self, target: ReleaseTarget, helm: Helm, cluster: Cluster, watch: Watch) -> None:
        self._target, self._helm, self._cluster, self._watch = target, helm, cluster, watch
        self._judge = Judge(settle_s=math.inf)
        # Those of an upgrade that failed may still be there when it is undone.
        self._before = set(map(_uid, watch.hooks().objects.values()))
        self._owners: dict[str, bool] = {}
        self._logs: dict[tuple[str, str], tuple[str, ...]] = {}

    def failures(self) -> tuple[Failure, ...]:
        """Why a hook can no longer succeed; empty while none is in such trouble."""
        seen = self._ours(self._watch.hooks())
        if not seen.objects:
            return ()
        self._keep_logs(seen)
        verdict = self._judge.see(seen)
        return tuple(map(self._told, verdict.failures)) if verdict else ()

    def _ours(self, seen: Observation) -> Observation:
        """Another release in the namespace may be busy with hooks of its own."""
        ours = {
            resource: live
            for resource, live in seen.objects.items()
            if _uid(live) not in self._before and self._belongs(resource.name)
        }
        return replace(seen, objects=ours)

    def _belongs(self, name: str) -> bool:
        if name not in self._owners:
            try:
                names = {_name(hook) for hook in self._helm.hooks(self._target)}
            except TrunklineError:
                # The cluster is busy with something else; there will be another look.
                return False
            self._owners[name] = name in names
        return self._owners[name]

    def _keep_logs(self, seen: Observation) -> None:
        for pods in (seen.pods.get(resource, ()) for resource in seen.objects):
            for pod in pods:
                for container in _crashed(pod):
                    key = (str(pod["metadata"]["name"]), container)
                    if key not in self._logs:
                        self._logs[key] = self._log(*key)

    def _log(self, pod: str, container: str) -> tuple[str, ...]:
        try:
            return self._cluster.last_log(self._target.namespace, pod, container, _LOG_LINES)
        except TrunklineError:
            return ()

    def _told(self, failure: Failure) -> Failure:
        cause = Cause.HOOK_FAILED if failure.cause is Cause.JOB_FAILED else failure.cause
        lines = next(
            (
                log
                for (pod, _), log in reversed(self._logs.items())
                if log and (not failure.pod or pod == failure.pod)
            ),
            (),
        )
        sentence = failure.sentence if failure.sentence.startswith("hook ") else f"hook {failure.sentence}"
        # Its log is in the evidence already, and may be gone by now.
        return replace(
            failure,
            cause=cause,
            sentence=sentence,
            evidence=(*failure.evidence, *lines),
            pod="",
            container="",
        )


def _crashed(pod: KubernetesObject) -> Iterator[str]:
    """The containers of a pod that ended badly."""
    status = pod.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        for container in status.get(key) or ():
            for state in (container.get("state") or {}, container.get("lastState") or {}):
                if (state.get("terminated") or {}).get("exitCode"):
                    yield str(container.get("name"))


def _uid(live: KubernetesObject | None) -> str:
    return str(((live or {}).get("metadata") or {}).get("uid"))


def _name(thing: Mapping[str, Any]) -> str:
    metadata = thing.get("metadata")
    return str(metadata.get("name", "")) if isinstance(metadata, Mapping) else ""
