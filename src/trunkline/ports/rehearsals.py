"""A stage on which a pipeline is rehearsed: a World of its own whose cluster is simulated."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.rehearsals import Scenario
from trunkline.ports.people import Listener
from trunkline.ports.world import World


@dataclass(frozen=True, slots=True)
class Standing:
    """What runs of a release in a simulated namespace.

    Attributes:
        images: of the pods that are to be there, by workload, container and image.
        unready: the workloads whose pods are not all ready.
        pending: the Helm revisions that nobody ended.
        at_work: Jobs and Pods of hooks that have not ended.
    """

    images: tuple[str, ...]
    unready: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    at_work: tuple[str, ...] = ()


class Snapshot(Protocol):
    """What a simulated cluster and a ledger held at one moment; any number of stages can begin from it."""


class Stage(Protocol):
    """One simulated cluster, and the World in which commands meet it."""

    @property
    def world(self) -> World:
        """As commands know it."""
        ...

    def strike(self, scenario: Scenario, environment: Environment) -> None:
        """Let a failure happen in an environment from now on."""
        ...

    def mend(self) -> None:
        """Let the failure be over."""
        ...

    def standing(self, environment: Environment) -> Standing:
        """What runs there now, once nothing moves any more."""
        ...

    def changes(self, environment: Environment) -> int:
        """How often anything but Leases and Events was changed there since the stage was opened."""
        ...

    def snapshot(self) -> Snapshot:
        """What there is now; the stage goes on."""
        ...


StageOpener = Callable[[str, Snapshot | None, tuple[Listener, ...]], AbstractContextManager[Stage]]
"""Opens a stage on which this commit (a full sha) is checked out, from a snapshot if one is given."""
