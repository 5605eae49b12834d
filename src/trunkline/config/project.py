"""The project as the rest of Trunkline knows it: frozen, complete and already checked.

`config.load` makes it from a `trunkline.yaml`, `config.contract` from environment variables; nobody else
builds one outside tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.config.charts import ChartSettings as ChartSettings  # noqa: PLC0414 - a part of the project, too
from trunkline.config.charts import ImageKeys as ImageKeys  # noqa: PLC0414 - as above
from trunkline.config.checks import Check
from trunkline.config.circleci_settings import CircleSettings
from trunkline.config.deploy_image_settings import DeployImageSettings
from trunkline.config.sinks import SinkSettings
from trunkline.dataclass import dataclass
from trunkline.domain.images import ImageReference
from trunkline.domain.releases import ClusterTarget, ReleaseTarget

if TYPE_CHECKING:
    from trunkline.domain.rehearsals import Scenario
    from trunkline.domain.vulnerabilities.policy import Policy


@dataclass(frozen=True, slots=True)
class ImageSettings:
    """How the image is built and where it goes.

    Attributes:
        repository: the reference without tag; None when only the values know it (the contract's release).
        build_args: values may hold `${TRUNKLINE_COMMIT}`, which is filled in when the build starts.
        builder: `docker`, `podman` or `buildah`; empty for whatever works here.
        secrets: values by the id under which the build file mounts them (`RUN --mount=type=secret,id=...`).
        secret_files: paths by such ids; below the project's root, or absolute.
        platforms: such as `linux/arm64`; several make a multi-arch index, none the machine's own.
        cache_from: where layers may be taken from: repositories, or BuildKit's `type=...`.
        cache_to: where layers are left, spelled likewise.
        labels: further labels; values may hold `${TRUNKLINE_COMMIT}`, as `build_args`.
        sbom: `wanted`, `required`, or empty: whether a bill of materials is attached.
        expires: when the registry may drop images of commits that are not on trunk (`2w`); empty for never.
        username: registry login; empty to rely on the credentials that Docker or Podman keep.
        password: its secret.
    """

    repository: ImageReference | None
    dockerfile: str = "Dockerfile"
    context: str = "."
    target: str = ""
    build_args: Mapping[str, str] = field(default_factory=dict)
    builder: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    secret_files: Mapping[str, str] = field(default_factory=dict)
    platforms: tuple[str, ...] = ()
    cache_from: tuple[str, ...] = ()
    cache_to: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    expires: str = ""
    sbom: str = ""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Who looks for vulnerabilities, and what is made of them.

    Attributes:
        scanner: `quay`, or `reports` for files that others have written.
        url: Quay's address; empty for the image's registry.
        token: an OAuth token for Quay; empty for the registry's login.
        reports: globs below the project's root.
        timeout_s: the longest that a scan is waited for.
        compare_with: the environment whose findings only warn, or empty.
    """

    policy: Policy
    scanner: str = "quay"
    url: str = ""
    token: str = field(default="", repr=False)
    reports: tuple[str, ...] = ()
    timeout_s: float = 600.0
    compare_with: str = ""


@dataclass(frozen=True, slots=True)
class Environment:
    """One place that a commit is deployed to.

    Attributes:
        values: file names below `Project.values_location`, later ones win.
        needs: environments that must run the commit first.
        approval: whether a person must say yes before each deployment.
        approvers: who may do so on CircleCI, by their logins; empty for anybody.
        timeout_s: the longest that a rollout may take.
        settle_s: how long a rollout must stay good when no readiness probe vouches for it.
        soak_s: how long it is watched after its checks; whatever restarts or fails then is a failure.
        checks: what is tried once the rollout is good, in this order.
        on_failure: `rollback`, or `keep` to leave a failed deployment as it is.
        history_max: Helm revisions to keep.
        gate_max_age_s: how old the gate's word on an image may be; 0 where none is asked for.
        allow: what trunk discipline may let through here: `dirty`, `off_trunk`.
        tag: the `environment` tag of measurements.
    """

    name: str
    namespace: str
    release: str
    context: str | None = None
    kubeconfig: str | None = None
    values: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    approval: bool = False
    approvers: tuple[str, ...] = ()
    timeout_s: float = 300.0
    settle_s: float = 10.0
    soak_s: float = 0.0
    checks: tuple[Check, ...] = ()
    on_failure: str = "rollback"
    history_max: int = 10
    create_namespace: bool = True
    gate_max_age_s: float = 0.0
    allow: frozenset[str] = frozenset()
    tag: str = ""

    @property
    def target(self) -> ReleaseTarget:
        """The Helm release that this environment is."""
        return ReleaseTarget(ClusterTarget(self.kubeconfig, self.context), self.namespace, self.release)


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """What measurements are called and where they go.

    Attributes:
        prefix: first part of every metric name.
        host: the `host` that Datadog files them under.
        role: the `role` tag.
        metric_version: the `version` tag of metrics.
        event_version: the `version` tag of events.
        team: who looks after the service; empty where nobody says.
        sinks: where they go, besides the ledger.
    """

    prefix: str = "trunkline"
    host: str = "trunkline"
    role: str = ""
    metric_version: str = "1"
    event_version: str = "1"
    team: str = ""
    sinks: SinkSettings = SinkSettings()


@dataclass(frozen=True, slots=True)
class Project:
    """One service and its way to production; `root` is the directory that relative paths start from."""

    service: str
    root: Path
    image: ImageSettings
    chart: ChartSettings
    environments: tuple[Environment, ...]
    trunk: str = "main"
    test: str = ""
    values_location: str = "."
    measure: MeasureSettings = MeasureSettings()
    source: str = "trunkline.yaml"
    scenarios: tuple[Scenario, ...] = ()
    gate: GateSettings | None = None
    circleci: CircleSettings = CircleSettings()
    deploy_images: DeployImageSettings = DeployImageSettings()

    def without_gate(self) -> Project:
        """The same, where nothing is scanned: an image that is only described holds nothing to look at."""
        ungated = tuple(replace(item, gate_max_age_s=0.0) for item in self.environments)
        return replace(self, gate=None, environments=ungated)

    def environment(self, name: str) -> Environment | None:
        """The environment of that name."""
        return next((item for item in self.environments if item.name == name), None)
