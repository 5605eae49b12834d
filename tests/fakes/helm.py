"""Helm in memory: histories that keep Helm's rules, and failures that a test writes down."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from trunkline.domain.releases import History, ReleaseTarget, Revision
from trunkline.errors import DeploymentFailed, Locked, TrunklineError, Unreachable
from trunkline.ports import Applied, Clock, Meanwhile, OnLine, UpgradeRequest

Objects = Sequence[Mapping[str, Any]]
Render = Callable[[str, Mapping[str, Any]], Objects]
_STANDS, _STOOD = "deployed", "superseded"


@dataclass(frozen=True, slots=True)
class Kept:
    """What Helm keeps of a revision, besides its status and description."""

    updated_at: datetime
    chart: str
    objects: Objects


def one_deployment(name: str, values: Mapping[str, Any]) -> Objects:
    """What the default chart renders: a Deployment of the pinned image."""
    image = values["image"]
    reference = f"{image['repository']}:{image['tag']}" + (
        f"@{image['digest']}" if image.get("digest") else ""
    )
    labels = {"app": name}
    return (
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": name, "image": reference}]},
                },
            },
        },
    )


@dataclass
class FakeHelm:
    """Implements the port `Helm`.

    Attributes:
        records: [status, description] by (`namespace/name`, revision); a `FakeCluster` may share them.
        render: makes a chart's objects from the release's name and the values; may raise DeploymentFailed.
        trouble: why the cluster does not answer; empty while it does.
        failures: by deed (`upgrade`, `rollback`, `uninstall`, `test`), errors that come after Helm wrote its record.
        interfere: called as `begin DEED` before Helm does anything, `pending DEED` while its record is pending,
            and `end DEED` when it is done.
        deeds: what was asked for, in short.
        requests: every upgrade that was asked for.
        hook_objects: the hooks of every revision.
        test_output: what the tests of every chart say; it has none without.
    """

    clock: Clock
    records: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    render: Render = one_deployment
    trouble: str = ""
    failures: dict[str, list[TrunklineError]] = field(default_factory=dict)
    interfere: Callable[[str], None] = lambda _: None
    deeds: list[str] = field(default_factory=list)
    requests: list[UpgradeRequest] = field(default_factory=list)
    hook_objects: tuple[Mapping[str, Any], ...] = ()
    test_output: tuple[str, ...] = ()
    _meanwhile: Meanwhile | None = None
    _kept: dict[str, dict[int, Kept]] = field(default_factory=dict)

    def version(self) -> str:
        return "v4.0.0"

    def history(self, target: ReleaseTarget) -> History:
        self._check()
        kept = self._kept.get(str(target), {})
        revisions = []
        for number in sorted(kept):
            status, description = self.records[(str(target), number)]
            revisions.append(
                Revision(number, status, kept[number].updated_at, kept[number].chart, description)
            )
        return History(tuple(revisions))

    def upgrade(
        self, request: UpgradeRequest, on_line: OnLine, meanwhile: Meanwhile | None = None
    ) -> Applied:
        self.requests.append(request)
        self._begin("upgrade", request.target)
        objects = self.render(request.target.name, _merged(request))
        history = self.history(request.target)
        fresh = not history.exists or (history.latest is not None and history.latest.status == "uninstalled")
        pending = "pending-install" if fresh else "pending-upgrade"
        chart = re.sub(r"\.tgz$", "", request.chart.name)
        kept = Kept(self.clock.now(), chart, objects)
        self._meanwhile = meanwhile
        return self._make("upgrade", request.target, kept, pending, request.description, request.history_max)

    def preview(self, request: UpgradeRequest) -> tuple[Mapping[str, Any], ...]:
        self._check()
        return tuple(self.render(request.target.name, _merged(request)))

    def hooks(self, target: ReleaseTarget) -> tuple[Mapping[str, Any], ...]:
        self._check()
        return self.hook_objects if self._kept.get(str(target)) else ()

    def test(
        self, target: ReleaseTarget, timeout_s: float, on_line: OnLine, meanwhile: Meanwhile | None = None
    ) -> None:
        self.deeds.append(f"test {target}")
        self._check()
        if meanwhile is not None:
            meanwhile()
        for line in self.test_output:
            on_line(line)
        self._fail("test")
        if not self.test_output:
            raise DeploymentFailed(f"The chart of {target} has no tests.")

    def rollback(
        self,
        target: ReleaseTarget,
        revision: int,
        history_max: int,
        timeout_s: float,
        meanwhile: Meanwhile | None = None,
    ) -> Applied:
        self._begin(f"rollback {revision}", target)
        goal = self._kept.get(str(target), {}).get(revision)
        if goal is None:
            raise DeploymentFailed(f"helm rollback of {target} failed: release: not found")
        kept = Kept(self.clock.now(), goal.chart, goal.objects)
        self._meanwhile = meanwhile
        return self._make(
            "rollback", target, kept, "pending-rollback", f"Rollback to {revision}", history_max
        )

    def uninstall(self, target: ReleaseTarget, timeout_s: float) -> None:
        self._begin("uninstall", target, busy=False)
        latest = self.history(target).latest
        if latest is not None:
            self.records[(str(target), latest.number)][0] = "uninstalling"
        self.interfere("pending uninstall")
        self._fail("uninstall")
        for number in self._kept.pop(str(target), {}):
            del self.records[(str(target), number)]
        self.interfere("end uninstall")

    def applied(self, target: ReleaseTarget, revision: int) -> Applied:
        self._check()
        kept = self._kept.get(str(target), {}).get(revision)
        if kept is None:
            raise DeploymentFailed(f"helm get manifest of {target} failed: release: not found")
        return Applied(revision, tuple(kept.objects))

    def _make(
        self, deed: str, target: ReleaseTarget, kept: Kept, pending: str, description: str, history_max: int
    ) -> Applied:
        name = str(target)
        releases = self._kept.setdefault(name, {})
        number = max(releases, default=0) + 1
        self._forget(name, history_max)
        releases[number] = kept
        record = self.records[(name, number)] = [pending, description]
        self.interfere(f"pending {deed}")
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        try:
            self._fail(deed)
        except DeploymentFailed:
            record[0] = "failed"
            raise
        others = [other for other in sorted(releases) if other != number]
        replaced = [other for other in others if self.records[(name, other)][0] == _STANDS]
        if deed == "upgrade" and not replaced:
            # Where nothing stands Helm upgrades from the newest one, whatever became of it.
            replaced = others[-1:]
        for other in replaced:
            self.records[(name, other)][0] = _STOOD
        record[0] = _STANDS
        self.interfere(f"end {deed}")
        return Applied(number, tuple(kept.objects))

    def _forget(self, name: str, history_max: int) -> None:
        """Make room for one more; the revision that stands is kept whatever its age."""
        releases = self._kept[name]
        standing = [number for number in releases if self.records[(name, number)][0] == _STANDS]
        while len(releases) >= history_max:
            oldest = next((number for number in sorted(releases) if number not in standing[-1:]), None)
            if oldest is None:
                return
            del releases[oldest], self.records[(name, oldest)]

    def _begin(self, deed: str, target: ReleaseTarget, *, busy: bool = True) -> None:
        self.deeds.append(f"{deed} {target}")
        self.interfere(f"begin {deed.split(maxsplit=1)[0]}")
        latest = self.history(target).latest
        if busy and latest is not None and latest.pending:
            raise Locked(f"Another Helm client is at work on {target}.")
        if busy and latest is not None and latest.status == "uninstalling":
            raise DeploymentFailed(f"helm {deed} of {target} failed: it has no deployed releases")

    def _fail(self, deed: str) -> None:
        errors = self.failures.get(deed)
        if errors:
            raise errors.pop(0)

    def _check(self) -> None:
        if self.trouble:
            raise Unreachable(self.trouble)


def _merged(request: UpgradeRequest) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for path in request.values:
        _merge(values, yaml.safe_load(path.read_text()) or {})
    _merge(values, request.pins)
    return values


def _merge(into: dict[str, Any], layer: Mapping[str, Any]) -> None:
    for key, value in layer.items():
        if isinstance(value, Mapping):
            place = into.get(key)
            into[key] = dict(place) if isinstance(place, Mapping) else {}
            _merge(into[key], value)
        else:
            into[key] = value
