"""One of each port, and what never changes while a command runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trunkline.dataclass import dataclass
from trunkline.domain.measurements import Labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from trunkline.config.project import Project
    from trunkline.domain.redaction import Redactor
    from trunkline.domain.releases import ClusterTarget
    from trunkline.ports.clock import Clock
    from trunkline.ports.cluster import Cluster
    from trunkline.ports.forwarding import Forwarding
    from trunkline.ports.helm import Helm, ValuesReader
    from trunkline.ports.http import Http, TlsSettings
    from trunkline.ports.images import Artifacts, BillOfMaterials, ImageBuilder, LocalRegistryKeeper, Registry
    from trunkline.ports.ledger import Ledger
    from trunkline.ports.outbox import Sink
    from trunkline.ports.people import Approver, Listener, Surroundings
    from trunkline.ports.processes import Processes
    from trunkline.ports.scanners import Scanner
    from trunkline.ports.sources import Decryptor, SourceControl, Storage


@dataclass(frozen=True, slots=True)
class World:
    """One of each port, and what never changes while a command runs.

    Attributes:
        scanner: the configured scanner, or one that reads these reports.
        sinks: where measurements go.
        labels: what is written on them.
        repository_url: where the commits are, without a login, or empty.
    """

    project: Project
    surroundings: Surroundings
    redactor: Redactor
    clock: Clock
    processes: Processes
    source: SourceControl
    registry: Registry
    artifacts: Artifacts
    storage: Storage
    values: ValuesReader
    decryptor: Decryptor
    ledger: Ledger
    approver: Approver
    builder: Callable[[], ImageBuilder]
    bill_of_materials: BillOfMaterials
    local_registry: LocalRegistryKeeper
    scanner: Callable[[tuple[str, ...]], Scanner]
    helm: Callable[[ClusterTarget], Helm]
    cluster: Callable[[ClusterTarget], Cluster]
    forwarding: Callable[[ClusterTarget], Forwarding]
    http: Callable[[TlsSettings], Http]
    listeners: tuple[Listener, ...] = ()
    sinks: tuple[Sink, ...] = ()
    labels: Labels = Labels()
    repository_url: Callable[[], str] = lambda: ""
    new_id: Callable[[], str] = lambda: ""
