"""Who follows an environment takes what was tried there: its chart and the layers that both have."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.projects import a_project
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, chart_archive, fake_world
from trunkline.app.needs import precedent_of
from trunkline.app.release import plan, promote, release
from trunkline.app.rollback import rollback
from trunkline.config.project import ChartSettings
from trunkline.domain.commits import Commit
from trunkline.domain.ingredients import parse_ingredients
from trunkline.errors import UsageError
from trunkline.ports.sources import FetchedChart

LATER = {"templates/later.yaml": "a: 1\n"}
BASE = ("s3://values", "base.yaml")


@pytest.fixture
def fake() -> FakeWorld:
    """A chart without a fixed version is asked for, and the commit stands in dev."""
    made = fake_world(a_project(chart=ChartSettings(name="backend", repository="s3://charts")))
    made.pushed()
    release(made.world, "dev")
    return made


def charts(fake: FakeWorld) -> list[str]:
    return [request.chart.name for request in fake.helm.requests]


def test_a_newer_chart_is_not_taken(fake: FakeWorld) -> None:
    """A version that appears between two environments waits for the next commit; ledger and cluster know which was taken."""
    fake.storage.files["s3://charts"]["backend-1.1.0.tgz"] = chart_archive(**LATER)
    release(fake.world, "qa")
    promote(fake.world, "qa", "prod")
    assert charts(fake) == ["backend-1.0.0.tgz"] * 3
    for item in fake.ledger.deployments():
        made_of = parse_ingredients(item.ingredients)
        assert made_of is not None
        assert str(made_of.chart) == "backend-1.0.0"
        assert fake.cluster.good_revisions(fake.target(item.environment)) == {1: item.ingredients}


def test_other_bytes_of_the_same_version(fake: FakeWorld) -> None:
    """A chart that was pushed again with other bytes is not deployed in the name of what was tried."""
    fake.storage.files["s3://charts"]["backend-1.0.0.tgz"] = chart_archive(**LATER)
    for deed in (lambda: release(fake.world, "qa"), lambda: plan(fake.world, "qa")):
        with pytest.raises(
            UsageError,
            match=r"dev ran commit 0123456 with the chart backend-1\.0\.0 of sha256:\w{12}, "
            r"and s3://charts/backend-1\.0\.0\.tgz \(backend-1\.0\.0\) holds sha256:\w{12} now: it was never tried",
        ) as caught:
            deed()
        assert caught.value.hint == "Try it first: trunkline release dev"
    assert len(fake.helm.requests) == 1
    release(fake.world, "dev")
    release(fake.world, "qa")


def test_a_shared_layer_that_changed(fake: FakeWorld) -> None:
    """Without versions in its storage a changed shared layer stops the way; the environment's own layer is free."""
    fake.storage.files["s3://values"]["qa.yaml"] = b"own: changed\n"
    release(fake.world, "qa")
    fake.storage.files["s3://values"]["base.yaml"] = b"name: other\n"
    with pytest.raises(UsageError, match=r"qa ran commit .* with the values layer base\.yaml of sha256:"):
        promote(fake.world, "qa", "prod")
    assert len(fake.helm.requests) == 2


def test_a_shared_layer_with_versions() -> None:
    """Where the storage keeps versions, the next environment gets the one that was tried, not today's."""
    fake = fake_world()
    fake.pushed()
    fake.storage.versions[BASE] = {"v1": b"a: 1\n"}
    release(fake.world, "dev")
    fake.storage.versions[BASE]["v2"] = b"a: 2\n"
    seen = layers_seen(fake)
    release(fake.world, "qa")
    assert seen == [b"a: 1\n"]
    del fake.storage.versions[BASE]["v1"]
    with pytest.raises(UsageError, match=r"the values layer base\.yaml"):
        release(fake.world, "prod")


def test_a_version_that_is_gone_is_no_matter_where_the_bytes_are_the_same() -> None:
    """A layer whose old version was cleared away is still the same layer when its bytes are."""
    fake = fake_world()
    fake.pushed()
    fake.storage.versions[BASE] = {"v1": b"a: 1\n"}
    release(fake.world, "dev")
    fake.storage.versions[BASE] = {"v2": b"a: 1\n"}
    release(fake.world, "qa")
    assert len(fake.helm.requests) == 2


def in_the_project(root: Path) -> FakeWorld:
    project = a_project(root, chart=ChartSettings(path="chart"), values_location="values")
    fake = fake_world(project)
    fake.pushed()
    files = {"base.yaml": b"a: 1\n", **{f"{name}.yaml": b"" for name in ("dev", "qa", "prod")}}
    fake.storage.files[str(root / "values")] = files
    (root / "chart").mkdir()
    (root / "chart/Chart.yaml").write_text("name: own\nversion: 1.0.0\n")
    release(fake.world, "dev")
    fake.source.files[SHA, "chart/Chart.yaml"] = "name: own\nversion: 1.0.0\n"
    fake.source.files[SHA, "values/base.yaml"] = "a: 1\n"
    return fake


def layers_seen(fake: FakeWorld) -> list[bytes]:
    """The lowest layer of each release from now on, read while it is there."""
    seen: list[bytes] = []

    def look(moment: str) -> None:
        if moment == "pending upgrade":
            seen.append(fake.helm.requests[-1].values[0].read_bytes())

    fake.helm.interfere = look
    return seen


def test_the_work_tree_went_on(tmp_path: Path) -> None:
    """Chart and layers in the repository come from the commit that was tried, wherever the work tree is by now."""
    fake = in_the_project(tmp_path)
    (tmp_path / "chart/Chart.yaml").write_text("name: own\nversion: 2.0.0\n")
    fake.storage.files[str(tmp_path / "values")]["base.yaml"] = b"a: 2\n"
    seen = layers_seen(fake)
    released = promote(fake.world, "dev", "qa")
    assert seen == [b"a: 1\n"]
    assert released.plan.ingredients is not None
    assert str(released.plan.ingredients.chart) == "own-1.0.0"


@pytest.mark.parametrize("name", ["chart/Chart.yaml", "values/base.yaml"])
@pytest.mark.parametrize("there", ["nothing", "something else"])
def test_what_was_tried_was_never_committed(tmp_path: Path, name: str, there: str) -> None:
    """Where neither work tree nor commit has the bytes that were tried, nothing is deployed in their place."""
    fake = in_the_project(tmp_path)
    (tmp_path / "chart/Chart.yaml").write_text("name: own\nversion: 2.0.0\n")
    fake.storage.files[str(tmp_path / "values")]["base.yaml"] = b"a: 2\n"
    if there == "nothing":
        del fake.source.files[SHA, name]
    else:
        fake.source.files[SHA, name] = "name: own\nversion: 3.0.0\n"
    with pytest.raises(UsageError, match="it was never tried"):
        promote(fake.world, "dev", "qa")
    assert len(fake.helm.requests) == 1


def test_a_rollback_is_made_of_what_it_returns_to(fake: FakeWorld) -> None:
    """A revision that was returned to is made of what it was made of then, and is promoted as such."""
    fake.storage.files["s3://charts"]["backend-1.1.0.tgz"] = chart_archive(**LATER)
    release(fake.world, "dev", again=True)
    rollback(fake.world, "dev")
    promote(fake.world, "dev", "qa")
    assert charts(fake) == ["backend-1.0.0.tgz", "backend-1.1.0.tgz", "backend-1.0.0.tgz"]


def test_helm_has_forgotten(fake: FakeWorld) -> None:
    """When Helm no longer keeps the revision, the ledger still knows what the commit was tried with."""
    fake.storage.files["s3://charts"]["backend-1.1.0.tgz"] = chart_archive(**LATER)
    fake.check_out(Commit(OTHER_SHA, "main", True))
    fake.pushed()
    for _ in range(12):
        release(fake.world, "dev", again=True)
    fake.check_out(fake.source.others[SHA])
    release(fake.world, "qa")
    assert charts(fake)[-1] == "backend-1.0.0.tgz"


def test_nobody_wrote_it_down(fake: FakeWorld) -> None:
    """What an older Trunkline deployed, or another hand wrote there, is followed as before: with what is there now."""
    fake.cluster.note_good(fake.target("dev"), 1, "written by hand")
    fake.storage.files["s3://charts"]["backend-1.1.0.tgz"] = chart_archive(**LATER)
    release(fake.world, "qa")
    assert charts(fake)[-1] == "backend-1.1.0.tgz"


def test_no_precedent(fake: FakeWorld) -> None:
    """To look at a difference nothing needs to have run before, nor to answer."""
    qa = fake.world.project.environments[1]
    assert precedent_of(fake.world, qa, OTHER_SHA) is None
    found = precedent_of(fake.world, qa, SHA)
    assert found is not None
    assert (found.environment, str(found.ingredients.chart)) == ("dev", "backend-1.0.0")
    fake.helm.trouble = "The cluster does not answer."
    assert precedent_of(fake.world, qa, SHA) is None


def test_a_branch_that_went_on() -> None:
    """A chart from a branch of a git repository is taken at the commit that was tried."""
    asked: list[str] = []
    branch = "git+https://git.example/charts.git//stable?ref=main"
    fake = fake_world(a_project(chart=ChartSettings(name="backend", repository=branch)))
    for ref in ("main", "c" * 40):
        place = branch.replace("main", ref)
        fake.storage.files[place] = {"backend-1.0.0.tgz": chart_archive()}
    fetch = fake.storage.chart

    def chart(settings: ChartSettings, into: Path) -> FetchedChart:
        asked.append(settings.repository.partition("?ref=")[2])
        return replace(fetch(settings, into), commit="c" * 40)

    fake.storage.chart = chart  # type: ignore[method-assign, assignment]  # as git does it
    fake.pushed()
    release(fake.world, "dev")
    release(fake.world, "qa")
    assert asked == ["main", "c" * 40]
