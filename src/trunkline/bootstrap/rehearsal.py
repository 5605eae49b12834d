"""Composes the stages of a rehearsal: the project as it is, around a cluster that is simulated."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from trunkline.adapters.helm import HelmCommand
from trunkline.adapters.helm_values import HelmValues
from trunkline.adapters.http import HttpClient
from trunkline.adapters.identifiers import new_id
from trunkline.adapters.kubernetes import connect
from trunkline.adapters.ledgers import SqliteLedger
from trunkline.adapters.local_registry import LocalRegistry
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.registry import OciRegistry
from trunkline.adapters.rehearsal.forwarding import StubForwarding
from trunkline.adapters.rehearsal.images import ChosenKeeper, DescribedImages
from trunkline.adapters.rehearsal.killing import HelmKiller
from trunkline.adapters.rehearsal.people import Approving, RehearsedSource
from trunkline.adapters.rehearsal.stage import ClusterSnapshot, SimulatedStage
from trunkline.adapters.rehearsal.time import RehearsedTime
from trunkline.adapters.scan_reports import ReportFiles
from trunkline.adapters.sops import SopsDecryptor
from trunkline.adapters.storage import FileStorage, Reach
from trunkline.adapters.syft import Syft
from trunkline.bootstrap.aws import ways_to_keys
from trunkline.bootstrap.world import cleared
from trunkline.config.project import Environment, Project
from trunkline.domain.images import parse_image
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget
from trunkline.ports import Cluster, Helm, Listener, Surroundings, World
from trunkline.ports.rehearsals import Snapshot, StageOpener
from trunkline.rehearsal.clock import FastClock
from trunkline.rehearsal.cluster import SimulatedCluster

_NODES = ("rehearsal-1", "rehearsal-2")
_IMAGE = "registry.rehearsal.invalid/described"


@contextmanager
def stages(project: Project, environ: Mapping[str, str]) -> Iterator[StageOpener]:
    """What opens the stages of one rehearsal; their files are gone with the block."""
    with TemporaryDirectory(prefix="trunkline-rehearsal-") as directory:
        order: list[str] = []

        @contextmanager
        def opened(
            commit: str, snapshot: Snapshot | None, listeners: tuple[Listener, ...]
        ) -> Iterator[SimulatedStage]:
            if commit not in order:
                order.append(commit)
            room = Path(directory) / os.urandom(8).hex()
            room.mkdir()
            with _stage(project, environ, room, commit, tuple(order), snapshot, listeners) as stage:
                yield stage

        yield opened


@contextmanager
def _stage(
    project: Project,
    environ: Mapping[str, str],
    room: Path,
    commit: str,
    order: tuple[str, ...],
    snapshot: Snapshot | None,
    listeners: tuple[Listener, ...],
) -> Iterator[SimulatedStage]:
    clock = FastClock()
    state = snapshot.cluster if isinstance(snapshot, ClusterSnapshot) else None
    with SimulatedCluster(clock, state=state, nodes=_NODES) as cluster, clock.busy():
        kubeconfig = room / "kubeconfig"
        kubeconfig.write_text(cluster.kubeconfig_text, encoding="utf-8")
        surroundings = {**cleared(environ), "KUBECONFIG": str(kubeconfig)}
        redactor = Redactor.from_environment(environ)
        killer = HelmKiller(SubprocessProcesses(surroundings, redactor), cluster.gate)
        time = RehearsedTime(clock)
        world = _world(project, surroundings, room, commit, order, listeners, cluster, killer, time, redactor)
        try:
            yield SimulatedStage(world, cluster, time, killer)
        finally:
            world.ledger.close()


def _world(
    project: Project,
    environ: Mapping[str, str],
    room: Path,
    commit: str,
    order: tuple[str, ...],
    listeners: tuple[Listener, ...],
    simulated: SimulatedCluster,
    processes: HelmKiller,
    time: RehearsedTime,
    redactor: Redactor,
) -> World:
    images, home, http = DescribedImages(), Path.home(), HttpClient()
    artifacts = OciRegistry(http, environ, home, redactor, processes)

    @cache
    def cluster(target: ClusterTarget) -> Cluster:
        return connect(target, environ, home, HttpClient, processes, time, redactor)

    @cache
    def helm(target: ClusterTarget) -> Helm:
        return HelmCommand(target, processes, time.sleep)

    return World(
        project=_rehearsed(project, environ["KUBECONFIG"]),
        surroundings=Surroundings("rehearsal", "rehearsal"),
        redactor=redactor,
        clock=time,
        processes=processes,
        source=RehearsedSource(commit, order),
        registry=images,
        artifacts=artifacts,
        local_registry=ChosenKeeper(lambda: False, LocalRegistry(environ, home)),
        bill_of_materials=Syft(processes, artifacts.keyring),
        storage=FileStorage(
            environ,
            redactor,
            reach=Reach(lambda: http, lambda: artifacts, lambda: processes),
            outside=ways_to_keys(environ, redactor),
        ),
        values=HelmValues(processes),
        decryptor=SopsDecryptor(processes, redactor),
        ledger=SqliteLedger(room / "ledger.db", redactor),
        approver=Approving(),
        builder=lambda: images,
        scanner=lambda reports: ReportFiles(project.root, reports),
        helm=helm,
        cluster=cluster,
        forwarding=lambda _: StubForwarding(simulated.stubs.reach_service),
        http=HttpClient,
        listeners=listeners,
        new_id=lambda: new_id(time),
    )


def _rehearsed(project: Project, kubeconfig: str) -> Project:
    """The project with every environment in the one simulated cluster, and without what only a real run does."""

    def moved(environment: Environment) -> Environment:
        return replace(environment, context=None, kubeconfig=kubeconfig)

    image = project.image
    if image.repository is None:
        image = replace(image, repository=parse_image(_IMAGE))
    ungated = project.without_gate()
    return replace(ungated, environments=tuple(map(moved, ungated.environments)), test="", image=image)
