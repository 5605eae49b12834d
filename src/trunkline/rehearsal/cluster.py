"""A whole simulated cluster: composes store, admission, controllers, nodes and API, and starts and ends them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from trunkline.dataclass import dataclass
from trunkline.rehearsal.admission import BuiltInAdmission
from trunkline.rehearsal.api.gate import Gate
from trunkline.rehearsal.api.server import ApiServer
from trunkline.rehearsal.api.subresources import Ways
from trunkline.rehearsal.api.targets import Desk
from trunkline.rehearsal.clock import Clock, RealClock
from trunkline.rehearsal.controllers.definitions import Definitions
from trunkline.rehearsal.controllers.events import Events
from trunkline.rehearsal.controllers.installed import install
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.errors import FieldError
from trunkline.rehearsal.faults import Faults
from trunkline.rehearsal.journal import Journal
from trunkline.rehearsal.kinds import Kind, Kinds
from trunkline.rehearsal.kubeconfigs import kubeconfig
from trunkline.rehearsal.loop import Loop
from trunkline.rehearsal.nodes.kubelet import Kubelet
from trunkline.rehearsal.nodes.losses import NodeLosses
from trunkline.rehearsal.nodes.mounts import Mounts
from trunkline.rehearsal.nodes.programs import Programs
from trunkline.rehearsal.nodes.references import References
from trunkline.rehearsal.nodes.registries import ImageRule, Registries
from trunkline.rehearsal.nodes.scheduler import Scheduler
from trunkline.rehearsal.nodes.stub import Stubs
from trunkline.rehearsal.objects import Object, at
from trunkline.rehearsal.patches import Tracker
from trunkline.rehearsal.registry import Registry, Write
from trunkline.rehearsal.seeds import seed
from trunkline.rehearsal.store import Store


@dataclass(frozen=True, slots=True)
class ClusterState:
    """Everything that was there at one moment; the objects are shared, since nobody changes any."""

    version: int
    objects: tuple[tuple[Kind, Object], ...]


class SimulatedCluster:
    """A cluster on loopback, from `start` (or `with`) to `stop`.

    Args:
        clock: its time; the real one, if none is given.
        port: of 127.0.0.1, 0 for any that is free.
        state: what was there before, from `state()` of another cluster.
        path: the file that keeps the state; what is in it is there again. None keeps it in memory.
        nodes: the names of its nodes.
        images: what comes of pulling images, and what they hold; all others are there and hold whatever is asked for.
        load_balancers: whether Services of that type get an address.

    Raises:
        ValueError: the file is none of a cluster's.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        port: int = 0,
        state: ClusterState | None = None,
        path: Path | None = None,
        nodes: Iterable[str] = ("rehearsal",),
        images: Sequence[ImageRule] = (),
        load_balancers: bool = True,
    ) -> None:
        self.clock = clock or RealClock()
        self.store = Store(self.clock)
        self.kinds = Kinds()
        self.gate = Gate()
        admission = _Admission(BuiltInAdmission(self.store, self.kinds, self.clock))
        self.registry = Registry(self.store, self.clock, admission, Tracker(self.clock.now).track)
        self.loop = Loop(self.store, self.clock)
        self._journal = Journal(path, self.store, self.kinds) if path is not None else None
        restored = self._restore(state)
        events = Events(self.store, self.registry, self.kinds, self.clock)
        means = Means(self.store, self.registry, self.kinds, self.clock, self.loop, events)
        self.losses = losses = NodeLosses(means)
        self.faults = Faults(self.store, self.loop, self.gate, losses.lose_node_of)
        admission.faults = self.faults
        references = References(self.store, self.kinds)
        mounts = Mounts(self.store, self.kinds, self.clock.monotonic)
        programs = Programs(mounts, Registries(images), lambda: self.clock.now().timestamp())
        self.kubelet = Kubelet(means, references, self.faults, programs)
        losses.kubelet = self.kubelet
        definitions = Definitions(means)
        # Kinds first: what others look at has to be known.
        self.loop.add(definitions)
        install(
            self.store,
            self.registry,
            self.kinds,
            self.clock,
            self.loop,
            events,
            load_balancers=load_balancers,
        )
        for controller in (Scheduler(means, references), self.kubelet, losses):
            self.loop.add(controller)
        if restored:
            definitions.serve_all()
        else:
            seed(self.registry, self.kinds, self.store, tuple(nodes), self.clock.now())
        self.stubs = Stubs(self.store, self.kinds)
        desk = Desk(self.store, self.registry, self.kinds, self.clock, self.gate)
        self.api = ApiServer(desk, Ways(self.kubelet, self.stubs.reach_pod, self.stubs.reach_service), port)
        if restored:
            self.loop.resync()

    def start(self) -> None:
        """Begin to work and to answer."""
        if self._journal is not None:
            self._journal.follow()
        self.loop.start()
        self.api.start()

    def stop(self) -> None:
        """End, and wait for the end."""
        self.gate.well()
        self.api.stop()
        self.loop.stop()
        self.stubs.close()
        if self._journal is not None:
            self._journal.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.api.url

    @property
    def kubeconfig_text(self) -> str:
        """A kubeconfig of this one cluster."""
        return kubeconfig(self.url)

    def state(self) -> ClusterState:
        """Everything that is there now."""
        with self.store.lock:
            return ClusterState(self.store.version, tuple(self.store.everything()))

    def _restore(self, state: ClusterState | None) -> bool:
        if state is not None:
            self.store.restore(state.version, iter(state.objects))
            return True
        return self._journal is not None and self._journal.restore() > 0


class _Admission:
    """The cluster's own admission, and then the failures that are on."""

    def __init__(self, plain: BuiltInAdmission) -> None:
        self._plain = plain
        self.faults: Faults | None = None

    def default(self, kind: Kind, value: Object) -> None:
        """See the port."""
        self._plain.default(kind, value)

    def admit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """See the port."""
        self._plain.admit(kind, value, previous, how)
        if self.faults is not None and isinstance(at(value, "spec"), dict):
            self.faults.admit(kind, value, previous, how)

    def validate(self, kind: Kind, value: Object, previous: Object | None) -> list[FieldError]:
        """See the port."""
        return self._plain.validate(kind, value, previous)

    def permit(self, kind: Kind, value: Object, previous: Object | None, how: Write) -> None:
        """See the port."""
        self._plain.permit(kind, value, previous, how)

    def dismiss(self, kind: Kind, value: Object, how: Write) -> None:
        """See the port."""
        self._plain.dismiss(kind, value, how)
