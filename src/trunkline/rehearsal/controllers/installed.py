"""Puts all controllers to work in one cluster."""

from __future__ import annotations

from trunkline.rehearsal.clock import Clock
from trunkline.rehearsal.controllers.autoscalers import Autoscalers
from trunkline.rehearsal.controllers.cronjobs import CronJobs
from trunkline.rehearsal.controllers.daemonsets import DaemonSets
from trunkline.rehearsal.controllers.deployments import Deployments
from trunkline.rehearsal.controllers.disruption_budgets import DisruptionBudgets
from trunkline.rehearsal.controllers.endpoints import Endpoints
from trunkline.rehearsal.controllers.events import Events
from trunkline.rehearsal.controllers.garbage import Garbage
from trunkline.rehearsal.controllers.jobs import Jobs
from trunkline.rehearsal.controllers.load_balancers import LoadBalancers
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.namespaces import Namespaces
from trunkline.rehearsal.controllers.quotas import ResourceQuotas
from trunkline.rehearsal.controllers.replicasets import ReplicaSets
from trunkline.rehearsal.controllers.statefulsets import StatefulSets
from trunkline.rehearsal.controllers.volume_claims import VolumeClaims
from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.loop import Controller, Loop
from trunkline.rehearsal.registry import Registry
from trunkline.rehearsal.store import Store


def install(
    store: Store,
    registry: Registry,
    kinds: Kinds,
    clock: Clock,
    loop: Loop,
    events: Events,
    *,
    load_balancers: bool = True,
) -> list[Controller]:
    """Let all controllers of this room work in a loop; they are returned."""
    means = Means(store, registry, kinds, clock, loop, events)
    found: list[Controller] = [
        Garbage(means),
        Namespaces(means),
        Deployments(means),
        ReplicaSets(means),
        StatefulSets(means),
        DaemonSets(means),
        Jobs(means),
        CronJobs(means),
        Endpoints(means),
        *([LoadBalancers(means)] if load_balancers else ()),
        VolumeClaims(means),
        DisruptionBudgets(means),
        Autoscalers(means),
        ResourceQuotas(means),
    ]
    for controller in found:
        loop.add(controller)
    return found
