"""Helm, without its waiting."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any, Protocol

from trunkline.dataclass import dataclass
from trunkline.domain.releases import History, ReleaseTarget
from trunkline.ports.processes import Meanwhile, OnLine


@dataclass(frozen=True, slots=True)
class UpgradeRequest:
    """One `helm upgrade --install`, complete.

    Attributes:
        chart: path of a chart directory or archive.
        values: paths of the layers, later ones win.
        pins: the last layer, as a mapping; sent by stdin.
        description: Helm's free text for the revision.
    """

    target: ReleaseTarget
    chart: Path
    values: tuple[Path, ...]
    pins: Mapping[str, object]
    description: str
    history_max: int
    create_namespace: bool
    timeout_s: float


@dataclass(frozen=True, slots=True)
class Applied:
    """What Helm made: the revision's number and the objects in its manifest (parsed YAML documents)."""

    revision: int
    objects: tuple[Mapping[str, object], ...]


class Helm(Protocol):
    """Helm 3 or 4, without its waiting."""

    def version(self) -> str:
        """The client's version, such as `v4.3.1`.

        Raises:
            UsageError: Helm is not installed.
        """
        ...

    def history(self, target: ReleaseTarget) -> History:
        """All revisions of exactly this release; an empty history where there is none.

        Raises:
            Unreachable: the cluster does not answer.
        """
        ...

    def upgrade(
        self, request: UpgradeRequest, on_line: OnLine, meanwhile: Meanwhile | None = None
    ) -> Applied:
        """Install or upgrade, without waiting for the rollout; Helm itself waits for its hooks alone.

        `meanwhile` is called several times a second; what it raises stops Helm, which may leave its revision
        pending.

        Raises:
            DeploymentFailed: Helm refused or failed; the message is its own, redacted.
            Unreachable: the cluster does not answer.
        """
        ...

    def preview(self, request: UpgradeRequest) -> tuple[Mapping[str, object], ...]:
        """The objects that `upgrade` would apply now, hooks left out; nothing is made, no namespace either.

        What the chart looks up in the cluster (`lookup`, capabilities) is looked up. A pending revision is in
        nobody's way here.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...

    def hooks(self, target: ReleaseTarget) -> tuple[Mapping[str, object], ...]:
        """The manifests of the newest revision's hooks, also while it is pending; empty where there is none.

        Raises:
            Unreachable: the cluster does not answer.
        """
        ...

    def test(
        self, target: ReleaseTarget, timeout_s: float, on_line: OnLine, meanwhile: Meanwhile | None = None
    ) -> None:
        """Run the tests that the release's chart brings along; what Helm and they say goes to `on_line`.

        `timeout_s` bounds them all together; `meanwhile` as above.

        Raises:
            DeploymentFailed: one failed, took too long, or there is none.
            Unreachable: the cluster does not answer.
        """
        ...

    def rollback(
        self,
        target: ReleaseTarget,
        revision: int,
        history_max: int,
        timeout_s: float,
        meanwhile: Meanwhile | None = None,
    ) -> Applied:
        """Return to `revision` (which makes a new one), without waiting for the rollout; `meanwhile` as above.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...

    def uninstall(self, target: ReleaseTarget, timeout_s: float) -> None:
        """Remove the release and its history; one that is not there is no error.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...

    def applied(self, target: ReleaseTarget, revision: int) -> Applied:
        """What `revision` consists of.

        Raises:
            DeploymentFailed, Unreachable: as above.
        """
        ...


@dataclass(frozen=True, slots=True)
class ValuesRead:
    """Values as Helm types them.

    Attributes:
        chart: the chart's own; null stands where Helm reads null.
        layers: each layer alone, in order, with its nulls.
        merged: all of them laid over one another, the pins last.
    """

    chart: Mapping[str, Any] = field(repr=False)
    layers: tuple[Mapping[str, Any], ...] = field(repr=False)
    merged: Mapping[str, Any] = field(repr=False)


class ValuesReader(Protocol):
    """Helm as a reader of values files; no cluster is needed."""

    def read(self, own: str, layers: Sequence[tuple[str, Path]], pins: Mapping[str, Any]) -> ValuesRead:
        """What Helm makes of the values.

        Args:
            own: the text of the chart's `values.yaml`.
            layers: what people call each layer, and its file; later ones win.
            pins: the last layer.

        Raises:
            UsageError: Helm is not installed or cannot read a layer; the message names it.
        """
        ...

    def complaints(self, chart: Path, layers: Sequence[Path], pins: Mapping[str, Any]) -> str:
        """What Helm says against rendering the chart with these values; empty where it renders.

        Raises:
            UsageError: Helm is not installed.
        """
        ...
