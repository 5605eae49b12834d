"""What the cluster said last: probes that fail, the newest complaint."""

from __future__ import annotations

from collections.abc import Sequence

from trunkline.domain.diagnosis.look import Look, Said
from trunkline.domain.rollouts.shapes import text
from trunkline.domain.rollouts.words import KubernetesObject


def newest_probe_failure(look: Look, pods: Sequence[KubernetesObject], kind: str = "") -> str:
    """The newest message of a failed probe (of that kind, if given) among the events of these pods."""
    said = [event for pod in pods for event in look.said_of(pod) if event.reason == "Unhealthy"]
    said = [event for event in said if event.message.lower().startswith(kind)]
    return max(said, key=_moment).message if said else ""


def newest_messages(look: Look, things: Sequence[KubernetesObject], count: int = 3) -> tuple[str, ...]:
    """The newest messages about these objects, newest last, each once; routine only where nothing else was said."""
    said = [event for thing in things for event in look.said_of(thing) if event.reason not in _ROUTINE]
    # What is routine tells at least where it stands still.
    said = said or [event for thing in things for event in look.said_of(thing)]
    said.sort(key=_moment)
    return tuple(dict.fromkeys(event.message for event in said if event.message))[-count:]


def name_of(thing: KubernetesObject) -> str:
    """An object's name."""
    return text(thing, "metadata", "name")


_ROUTINE = {
    "Scheduled", "Pulling", "Pulled", "Created", "Started", "SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet",
    "Killing", "SuccessfulAttachVolume", "EnsuringLoadBalancer",
}  # fmt: skip


def _moment(event: Said) -> str:
    return event.moment
