"""The port `Helm`: the fake, and Helm 4 and Helm 3 on a real cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.contract.helm_stages import SECRET, FakeStage, RealStage, Stage, write_chart
from trunkline.domain.releases import Marks, ReleaseTarget
from trunkline.errors import DeploymentFailed, Locked, Unreachable
from trunkline.ports import Applied, UpgradeRequest

MARKS = Marks(
    "0123456789abcdef", "registry.example/sample:1@sha256:ab", "r1", "run-1", "release", "Ada L", ""
)
_numbers = count(1)


@pytest.fixture(
    scope="module",
    params=[
        "fake",
        pytest.param("helm 4", marks=pytest.mark.cluster),
        pytest.param("helm 3", marks=pytest.mark.cluster),
    ],
)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    made: Stage
    if request.param == "fake":
        made = FakeStage()
    else:
        major = int(request.param.removeprefix("helm "))
        made = RealStage(major, request.getfixturevalue("kubeconfig"), tmp_path_factory.mktemp("helm"))
    try:
        yield made
    finally:
        made.clean()


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_chart(tmp_path_factory.mktemp("chart") / "shown")


@pytest.fixture
def target(stage: Stage) -> ReleaseTarget:
    """A release that no other test uses."""
    return ReleaseTarget(stage.cluster, stage.namespace, f"web-{next(_numbers)}")


class Deployer:
    """Upgrades one release with what a test is about."""

    def __init__(self, stage: Stage, target: ReleaseTarget, chart: Path, folder: Path) -> None:
        self._stage, self._target, self._chart, self._folder = stage, target, chart, folder

    def __call__(
        self,
        tag: object = "1",
        *layers: str,
        pins: Mapping[str, object] | None = None,
        history_max: int = 10,
        description: str = MARKS.description(),
        target: ReleaseTarget | None = None,
    ) -> Applied:
        request = self.request(
            tag, *layers, pins=pins, history_max=history_max, description=description, target=target
        )
        return self._stage.helm.upgrade(request, lambda _: None)

    def request(
        self,
        tag: object = "1",
        *layers: str,
        pins: Mapping[str, object] | None = None,
        history_max: int = 10,
        description: str = MARKS.description(),
        target: ReleaseTarget | None = None,
    ) -> UpgradeRequest:
        """What `helm upgrade` would be asked for."""
        paths = []
        for number, text in enumerate(layers):
            path = self._folder / f"layer-{number}.yaml"
            path.write_text(text)
            paths.append(path)
        return UpgradeRequest(
            target=target or self._target,
            chart=self._chart,
            values=tuple(paths),
            pins={"image": {"tag": tag}} if pins is None else pins,
            description=description,
            history_max=history_max,
            create_namespace=False,
            timeout_s=30,
        )


@pytest.fixture
def deploy(stage: Stage, target: ReleaseTarget, chart: Path, tmp_path: Path) -> Deployer:
    return Deployer(stage, target, chart, tmp_path)


def data(applied: Applied) -> Mapping[str, Any]:
    """What the chart's only object shows."""
    [only] = applied.objects
    assert only["kind"] == "ConfigMap"
    found: Any = only["data"]
    return dict(found)


def told(stage: Stage, target: ReleaseTarget) -> list[tuple[int, str]]:
    return [(revision.number, revision.status) for revision in stage.helm.history(target).revisions]


def test_the_version(stage: Stage) -> None:
    """Helm tells its version."""
    assert stage.helm.version().startswith(("v3.", "v4."))


def test_an_unknown_release(stage: Stage, target: ReleaseTarget) -> None:
    """A release that is not there has an empty history, no manifest, and may be uninstalled all the same."""
    assert not stage.helm.history(target).exists
    stage.helm.uninstall(target, 30)
    with pytest.raises(DeploymentFailed, match="not found"):
        stage.helm.applied(target, 1)
    with pytest.raises(DeploymentFailed, match="not found"):
        stage.helm.rollback(target, 1, 10, 30)


def test_an_unknown_namespace(stage: Stage) -> None:
    """A release in a namespace that is not there is simply not there."""
    assert not stage.helm.history(ReleaseTarget(stage.cluster, "no-such-namespace", "web")).exists


def test_names_are_exact(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """A release whose name contains another one's, or is contained in it, is another release."""
    deploy(target=ReleaseTarget(target.cluster, target.namespace, f"{target.name}-worker"))
    deploy(target=ReleaseTarget(target.cluster, target.namespace, f"my-{target.name}"))
    assert not stage.helm.history(target).exists
    assert deploy().revision == 1


def test_install_and_upgrade(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """The first one installs, the next one upgrades; what was applied is told, then and later."""
    first = deploy("1")
    second = deploy("2")
    assert (first.revision, second.revision) == (1, 2)
    assert (data(first)["tag"], data(second)["tag"]) == ("1", "2")
    assert told(stage, target) == [(1, "superseded"), (2, "deployed")]
    assert data(stage.helm.applied(target, 1)) == data(first)
    assert data(stage.helm.applied(target, 2)) == data(second)


def test_what_history_tells(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """Marks, chart and moment of each revision come back as they were given, oldest first."""
    deploy(description=MARKS.description())
    deploy(description='by hand: it\'s "urgent" $HOME')
    first, second = stage.helm.history(target).revisions
    assert first.description == MARKS.description()
    assert second.description == 'by hand: it\'s "urgent" $HOME'
    assert first.chart in {"shown-1.2.3", "shown"}
    assert first.updated_at <= second.updated_at
    assert first.updated_at.tzinfo is UTC
    if not isinstance(stage, FakeStage):
        assert abs(second.updated_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_layers_and_pins(deploy: Deployer) -> None:
    """Later layers win over earlier ones and over the chart; the pins win over everything."""
    shown = data(
        deploy(
            "pinned",
            "image: {repository: base, tag: base}\ntext: base\n",
            "image: {tag: dev}\ntext: dev\n",
        )
    )
    assert shown == {"repository": "base", "tag": "pinned", "text": "dev"}


@pytest.mark.parametrize(
    "tag", ["0123456", "1234567", "12e4567", "1e10000", "true", "null", "0x1f", "~", "2026-03-01"]
)
def test_a_tag_is_a_text(deploy: Deployer, tag: str) -> None:
    """A commit's short sha may look like a number to YAML; it arrives as the text that it is."""
    assert data(deploy(tag))["tag"] == tag


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        ('text: "010"', "010"),
        ('text: "1e3"', "1e3"),
        ("text: plain words", "plain words"),
        ('text: "tru\u00eb"', "tru\u00eb"),
    ],
)
def test_layers_arrive_verbatim(deploy: Deployer, layer: str, text: str) -> None:
    """A layer reaches Helm as its author wrote it."""
    assert data(deploy("1", layer))["text"] == text


def test_no_pins_and_no_layers(deploy: Deployer) -> None:
    """Without layers and pins the chart's own values stand, not those of the revision before."""
    deploy("2", "text: before")
    assert data(deploy(pins={})) == {"repository": "chart", "tag": "chart", "text": "chart"}


@pytest.mark.parametrize("standing", [False, True])
def test_values_that_the_schema_refuses(
    stage: Stage, target: ReleaseTarget, deploy: Deployer, standing: bool
) -> None:
    """What the schema refuses leaves no revision, and the message says what is wrong."""
    if standing:
        deploy()
    before = told(stage, target)
    with pytest.raises(DeploymentFailed, match="don't meet the specifications of the schema"):
        deploy(7)
    assert told(stage, target) == before


def test_rollback(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """Returning to a revision makes a new one with the old contents, whose description says where it leads."""
    deploy("1")
    deploy("2")
    back = stage.helm.rollback(target, 1, 10, 30)
    assert (back.revision, data(back)["tag"]) == (3, "1")
    assert told(stage, target) == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
    history = stage.helm.history(target)
    assert history.revisions[2].description == "Rollback to 1"
    assert history.marks(history.revisions[2]) == history.marks(history.revisions[0])


def test_rollback_to_what_is_not_kept(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """A revision that Helm does not keep cannot be returned to, and nothing changes."""
    deploy("1")
    with pytest.raises(DeploymentFailed, match="helm rollback of"):
        stage.helm.rollback(target, 7, 10, 30)
    assert told(stage, target) == [(1, "deployed")]


def test_uninstall(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """After an uninstall nothing is left, and the next install begins anew."""
    deploy("1")
    deploy("2")
    stage.helm.uninstall(target, 30)
    assert not stage.helm.history(target).exists
    stage.helm.uninstall(target, 30)
    assert deploy("3").revision == 1


def test_history_max(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """Helm keeps as many revisions as it was told to, whether they were upgrades or rollbacks."""
    for number in range(1, 6):
        deploy(str(number), history_max=3)
    assert [number for number, _ in told(stage, target)] == [3, 4, 5]
    stage.helm.rollback(target, 4, 3, 30)
    assert told(stage, target) == [(4, "superseded"), (5, "superseded"), (6, "deployed")]


@pytest.mark.parametrize("status", ["pending-install", "pending-upgrade", "pending-rollback"])
def test_a_revision_that_is_pending(
    stage: Stage, target: ReleaseTarget, deploy: Deployer, status: str
) -> None:
    """While a revision is pending Helm takes no upgrade, says that somebody is at work, and changes nothing."""
    deploy()
    stage.leave(target, 1, status)
    with pytest.raises(Locked, match=f"Another Helm client is at work on {target}"):
        deploy()
    latest = stage.helm.history(target).latest
    assert latest is not None
    assert (latest.number, latest.status, latest.pending) == (1, status, True)


@pytest.mark.parametrize("status", ["deployed", "pending-upgrade"])
def test_hooks(stage: Stage, target: ReleaseTarget, deploy: Deployer, status: str) -> None:
    """The hooks of the newest revision are known also while Helm is still at work on it."""
    assert stage.helm.hooks(target) == ()
    deploy()
    stage.leave(target, 1, status)
    [hook] = stage.helm.hooks(target)
    assert hook["kind"] == "ConfigMap"
    assert "helm.sh/hook" in str(hook["metadata"])


@pytest.mark.parametrize("status", ["none", "deployed", "failed", "pending-install", "pending-upgrade"])
def test_a_preview(stage: Stage, target: ReleaseTarget, deploy: Deployer, status: str) -> None:
    """A preview renders what an upgrade would apply, hooks left out, and makes no revision, whatever stands."""
    if status != "none":
        deploy("1")
        stage.leave(target, 1, status)
    before = told(stage, target)
    [shown] = stage.helm.preview(deploy.request("2", "text: layer"))
    assert shown["kind"] == "ConfigMap"
    assert shown["data"] == {"repository": "chart", "tag": "2", "text": "layer"}
    assert told(stage, target) == before


def test_a_preview_in_no_namespace(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """A preview needs no namespace; values that the schema refuses are refused as an upgrade would refuse them."""
    nowhere = ReleaseTarget(target.cluster, f"{stage.namespace}-not-made", target.name)
    assert len(stage.helm.preview(deploy.request("2", target=nowhere))) == 1
    assert not stage.helm.history(nowhere).exists
    with pytest.raises(DeploymentFailed, match="don't meet the specifications of the schema"):
        stage.helm.preview(deploy.request(7, target=nowhere))


def test_after_a_failed_revision(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """A revision that failed, or was marked so, is in nobody's way; Helm calls superseded what it upgraded from."""
    deploy("1")
    stage.leave(target, 1, "failed")
    assert deploy("2").revision == 2
    assert told(stage, target) == [(1, "superseded"), (2, "deployed")]
    deploy("3")
    stage.leave(target, 3, "failed")
    stage.leave(target, 2, "deployed")
    assert deploy("4").revision == 4
    assert told(stage, target) == [(1, "superseded"), (2, "superseded"), (3, "failed"), (4, "deployed")]


def test_a_pending_install_can_be_removed(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """A first install that was cut off is removed like any other release."""
    deploy("1")
    stage.leave(target, 1, "pending-install")
    stage.helm.uninstall(target, 30)
    assert deploy("2").revision == 1


def test_a_removal_that_was_cut_off(stage: Stage, target: ReleaseTarget, deploy: Deployer) -> None:
    """A release whose removal was cut off takes no upgrade until it is removed to the end."""
    deploy("1")
    stage.leave(target, 1, "uninstalling")
    with pytest.raises(DeploymentFailed):
        deploy("2")
    stage.helm.uninstall(target, 30)
    assert deploy("2").revision == 1


def test_an_unreachable_cluster(stage: Stage, target: ReleaseTarget, chart: Path) -> None:
    """A cluster that does not answer is neither an empty history nor a failed deployment."""
    helm = stage.lost()
    request = UpgradeRequest(target, chart, (), {"image": {"tag": "1"}}, "x", 10, False, 30)
    for ask in (
        lambda: helm.history(target),
        lambda: helm.upgrade(request, lambda _: None),
        lambda: helm.preview(request),
        lambda: helm.rollback(target, 1, 10, 30),
        lambda: helm.uninstall(target, 30),
        lambda: helm.applied(target, 1),
    ):
        with pytest.raises(Unreachable):
            ask()


@pytest.mark.cluster
@pytest.mark.parametrize("major", [3, 4])
def test_objects_that_the_api_refuses(kubeconfig: Path, tmp_path: Path, chart: Path, major: int) -> None:
    """What the API refuses is a failed revision with the API's own words, and shows no secret."""
    stage = RealStage(major, kubeconfig, tmp_path)
    try:
        target = ReleaseTarget(stage.cluster, stage.namespace, "web")
        deploy = Deployer(stage, target, chart, tmp_path)
        deploy("1")
        with pytest.raises(DeploymentFailed, match=r"helm upgrade of .*/web failed: .*ConfigMap") as caught:
            deploy("2", f"team: not valid {SECRET}")
        assert SECRET not in str(caught.value)
        assert told(stage, target) == [(1, "deployed"), (2, "failed")]
        assert stage.helm.history(target).revisions[1].description.startswith('Upgrade "web" failed: ')
        assert stage.helm.rollback(target, 1, 10, 30).revision == 3
        assert told(stage, target) == [(1, "superseded"), (2, "failed"), (3, "deployed")]
    finally:
        stage.clean()
