"""Which pods have to go for one of a higher priority: as few as possible, and none that it does not outrank."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from trunkline.dataclass import dataclass
from trunkline.rehearsal.nodes.fitting import Load, priority_of, short_of
from trunkline.rehearsal.objects import Object, is_ending, metadata, name_of


@dataclass(frozen=True, slots=True)
class Nomination:
    """A node, and the pods that have to leave it."""

    node: Object
    victims: tuple[Object, ...]


def nominate(pod: Object, nodes: Iterable[tuple[Object, Sequence[Object]]]) -> Nomination | None:
    """The node where the least important victims make room; None where no node's do.

    Args:
        pod: who wants room.
        nodes: every node that would take it if it were empty, each with its pods.
    """
    found = [nomination for node, pods in nodes if (nomination := _victims(pod, node, pods)) is not None]
    return min(found, key=_cost, default=None)


def _victims(pod: Object, node: Object, pods: Sequence[Object]) -> Nomination | None:
    lesser = [other for other in pods if priority_of(other) < priority_of(pod)]
    load = Load(other for other in pods if other not in lesser)
    if not lesser or short_of(pod, node, load):
        return None
    # Whoever can stay, stays: the most important first, and of two the one that has been there longer.
    victims = []
    for other in sorted(lesser, key=_importance):
        load.add(other)
        if short_of(pod, node, load):
            load.remove(other)
            victims.append(other)
    return Nomination(node, tuple(victims)) if victims else None


def _importance(pod: Object) -> tuple[int, str, str]:
    return -priority_of(pod), str(metadata(pod).get("creationTimestamp")), name_of(pod)


def _cost(nomination: Nomination) -> tuple[int, int, str]:
    """The highest priority that is hurt, how many are, and a name, so that the choice is always the same."""
    fresh = [victim for victim in nomination.victims if not is_ending(victim)]
    return max(map(priority_of, nomination.victims)), len(fresh), name_of(nomination.node)
