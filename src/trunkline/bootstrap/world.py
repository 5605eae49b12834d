"""Composes the World of one command, and takes it down again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from trunkline.adapters.clock import SystemClock
from trunkline.adapters.git import GitSource
from trunkline.adapters.helm import HelmCommand
from trunkline.adapters.helm_values import HelmValues
from trunkline.adapters.http import HttpClient
from trunkline.adapters.identifiers import new_id
from trunkline.adapters.kubectl import KubectlForwarding
from trunkline.adapters.kubernetes import connect
from trunkline.adapters.local_registry import LocalRegistry
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.registry import OciRegistry
from trunkline.adapters.rehearsal.images import ChosenKeeper, ChosenRegistry, DescribedImages
from trunkline.adapters.sops import SopsDecryptor
from trunkline.adapters.storage import FileStorage, Reach
from trunkline.adapters.surroundings import look_around
from trunkline.adapters.syft import Syft
from trunkline.adapters.terminal import TerminalApprover
from trunkline.bootstrap.aws import ways_to_keys
from trunkline.bootstrap.ledger_choice import ledger_of
from trunkline.bootstrap.scanners import scanner_for
from trunkline.bootstrap.simulated import (
    all_simulated,
    described_images,
    stub_forwarding,
    with_cluster,
)
from trunkline.bootstrap.sinks import DELIVERY_S, Means, labels_of, repository_url, sinks_of
from trunkline.config.project import Project
from trunkline.domain.redaction import Redactor
from trunkline.domain.releases import ClusterTarget
from trunkline.ports import Cluster, Helm, ImageBuilder, Listener, World
from trunkline.run.courier import Courier


def compose(
    project: Project, environ: Mapping[str, str], listeners: tuple[Listener, ...], *, builder: str = ""
) -> World:
    """The World of one command.

    Args:
        project: what is configured.
        environ: the process's environment.
        listeners: who is told of events, besides the configured sinks.
        builder: overrides the project's image builder.
    """
    environ = with_cluster(environ, Path.home())
    redactor = Redactor.from_environment(environ)
    redactor.learn_login(project.image.username, project.image.password)
    redactor.learn(*project.image.secrets.values())
    clock, surroundings, home = SystemClock(), look_around(environ), Path.home()
    processes, http = SubprocessProcesses(environ, redactor), HttpClient()

    @cache
    def cluster(target: ClusterTarget) -> Cluster:
        return connect(target, environ, home, HttpClient, processes, clock, redactor)

    @cache
    def helm(target: ClusterTarget) -> Helm:
        return HelmCommand(target, processes, clock.sleep)

    @cache
    def described() -> DescribedImages | None:
        wished = builder or project.image.builder
        return None if wished or not all_simulated(project, environ, home) else described_images(environ)

    def image_builder() -> ImageBuilder:
        if (images := described()) is not None:
            return images
        from trunkline.adapters.builders import choose_builder  # noqa: PLC0415 - most commands build nothing

        return choose_builder(builder or project.image.builder, processes, environ, home)

    artifacts = OciRegistry(http, environ, home, redactor, processes)
    registry = ChosenRegistry(lambda: described() or artifacts)
    if project.gate is not None and project.gate.scanner == "quay" and described() is not None:
        _warn("images are only described here: the gate is left out")
        project = project.without_gate()
    source = GitSource(processes, project.root, environ)
    # The courier's own, so that nobody who writes down a deployment ever waits for it.
    outbox = ledger_of(environ, redactor)
    labels = labels_of(project, surroundings.link)
    world = World(
        project=project,
        surroundings=surroundings,
        redactor=redactor,
        clock=clock,
        processes=processes,
        source=source,
        registry=registry,
        artifacts=artifacts,
        local_registry=ChosenKeeper(lambda: described() is None, LocalRegistry(environ, home)),
        bill_of_materials=Syft(processes, artifacts.keyring),
        storage=FileStorage(
            environ,
            redactor,
            reach=Reach(lambda: http, lambda: artifacts, lambda: processes),
            outside=ways_to_keys(environ, redactor),
        ),
        values=HelmValues(processes),
        decryptor=SopsDecryptor(processes, redactor),
        ledger=ledger_of(environ, redactor),
        approver=TerminalApprover(surroundings.actor, sys.stdin, sys.stderr),
        builder=_once(image_builder),
        scanner=lambda reports: scanner_for(
            project, reports, http, registry, environ, home, redactor, processes, _warn
        ),
        helm=helm,
        cluster=cluster,
        forwarding=lambda target: (
            stub_forwarding(target, environ, home, http) or KubectlForwarding(target, processes)
        ),
        http=HttpClient,
        listeners=listeners,
        new_id=lambda: new_id(clock),
        sinks=sinks_of(project, Means(http, clock, redactor, outbox), labels),
        labels=labels,
        repository_url=repository_url(environ, source.remote),
    )
    if world.sinks:
        courier = Courier(outbox, world.sinks, clock, redactor, _warn)
        world = replace(world, listeners=(*listeners, courier))
    return world


def cleared(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without what leads to a real cluster, a real ledger or a real intake."""
    return {
        name: value
        for name, value in environ.items()
        if name not in {"KUBECONFIG", "TRUNKLINE_LEDGER", "KUBERNETES_SERVICE_HOST"}
        and not name.startswith(("HELM_KUBE", "DD_"))
    }


@contextmanager
def closing(world: World) -> Iterator[None]:
    """Deliver what is left to tell, and let go of the ledger, however the block ends."""
    try:
        yield
    finally:
        deadline = world.clock.monotonic() + DELIVERY_S
        for listener in world.listeners:
            listener.close(max(0.0, deadline - world.clock.monotonic()))
        world.ledger.close()


def sink_check(world: World) -> Callable[[], str] | None:
    """What tries Datadog's key, or None where nothing is sent there over HTTP."""
    settings = world.project.measure.sinks.datadog
    if not settings.is_used:
        return None
    from trunkline.adapters.sinks.datadog import Datadog  # noqa: PLC0415 - only where it is configured

    return Datadog(settings, HttpClient(), world.clock, world.redactor).check


def _warn(text: str) -> None:
    sys.stderr.write(f"warning: {text}\n")


def _once(make: Callable[[], ImageBuilder]) -> Callable[[], ImageBuilder]:
    """Looking for a builder that works asks daemons; once is enough, and no earlier than needed."""
    lock = threading.Lock()
    made: list[ImageBuilder] = []

    def get() -> ImageBuilder:
        with lock:
            if not made:
                made.append(make())
        return made[0]

    return get
