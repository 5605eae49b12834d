"""Getting a container's image onto the node: pulled, there already, or refused again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trunkline.rehearsal.nodes import pulls
from trunkline.rehearsal.nodes.runs import Run

if TYPE_CHECKING:
    from trunkline.rehearsal.nodes.kubelet import Kubelet
    from trunkline.rehearsal.nodes.worker import Worker

_START_S = 0.1


class Pulling:
    """Pulls for the containers of one pod."""

    def __init__(self, worker: Worker, kubelet: Kubelet) -> None:
        self._worker, self._kubelet = worker, kubelet

    def pull(self, run: Run) -> None:
        """Pull what a container needs, and create it then."""
        run.behaviour = self._kubelet.behaviour(self._worker.pod, run)
        if not pulls.is_valid_name(run.image):
            why = pulls.parse_failure(run.image)
            said = f'Failed to apply default image tag "{run.image}": {why}'
            run.wait("InvalidImageName", said)
            self._worker.say(run, "Warning", "InspectFailed", said)
            self._worker.say(run, "Warning", "Failed", "Error: InvalidImageName")
            return
        policy, images = pulls.policy_of(run), self._kubelet.images
        plain = run.behaviour.pull == "ok" and not run.behaviour.failing_pulls
        if images.has(run.image) and (policy != "Always") and plain:
            self._worker.say(
                run, "Normal", "Pulled", f'Container image "{run.image}" already present on machine'
            )
            self._worker.create(run)
            return
        if policy == "Never":
            said = f'Container image "{run.image}" is not present with pull policy of Never'
            run.wait("ErrImageNeverPull", said)
            self._worker.say(run, "Warning", "ErrImageNeverPull", said)
            self._worker.say(run, "Warning", "Failed", "Error: ErrImageNeverPull")
            return
        self._worker.say(run, "Normal", "Pulling", f'Pulling image "{run.image}"')
        seconds = _START_S if images.has(run.image) and plain else run.behaviour.pull_s
        self._worker.later(run, seconds, lambda: self._pulled(run, seconds))

    def _pulled(self, run: Run, seconds: float) -> None:
        behaviour = run.behaviour
        if behaviour.pull != "ok" or run.failed_pulls < behaviour.failing_pulls:
            said = pulls.failure_message(run)
            run.failed_pulls += 1
            run.pull_error = said
            run.wait("ErrImagePull", said)
            self._worker.say(run, "Warning", "Failed", f'Failed to pull image "{run.image}": {said}')
            self._worker.say(run, "Warning", "Failed", "Error: ErrImagePull")
            self._worker.later(run, 1.0, lambda: self._back_off_pull(run))
            self._worker.write()
            return
        self._kubelet.images.add(run.image)
        took = f"{seconds:g}s" if seconds >= 1 else f"{seconds * 1000:.0f}ms"
        said = f'Successfully pulled image "{run.image}" in {took} ({took} including waiting). Image size: 52428800 bytes.'
        self._worker.say(run, "Normal", "Pulled", said)
        self._worker.create(run)
        self._worker.write()

    def _back_off_pull(self, run: Run) -> None:
        said = f'Back-off pulling image "{run.image}"'
        run.wait("ImagePullBackOff", f"{said}: ErrImagePull: {run.pull_error}")
        self._worker.say(run, "Normal", "BackOff", said)
        self._worker.say(run, "Warning", "Failed", "Error: ImagePullBackOff")
        self._worker.later(run, run.pull_backoff_s(), lambda: self._pull_again(run))
        self._worker.write()

    def _pull_again(self, run: Run) -> None:
        self.pull(run)
        self._worker.write()
