"""Deploying to one environment: release, promote, roll back, and showing the plan of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.projects import REPOSITORY, a_project, an_environment
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, Killed, chart_archive, fake_world
from trunkline.app.build import build
from trunkline.app.release import plan, promote, release
from trunkline.app.rollback import repair, rollback
from trunkline.config.project import ChartSettings, ImageKeys, ImageSettings, Project
from trunkline.domain.attempts import Kind, Outcome, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.releases import parse_marks
from trunkline.errors import DeploymentFailed, Locked, Overtaken, Unreachable, UsageError
from trunkline.events import Event
from trunkline.plan.steps import Apply, AwaitRollout, NoteGood
from trunkline.ports import LeaseHolder, Surroundings
from trunkline.run.attempts import begin_run

NEXT = Commit(OTHER_SHA, "main", True)
TREE = "c" * 40


@pytest.fixture
def fake() -> FakeWorld:
    made = fake_world()
    made.pushed()
    return made


def next_commit(fake: FakeWorld, *, sick: bool = False) -> None:
    """Another commit is checked out, its image is built; and crashes, if it is sick."""
    fake.check_out(NEXT)
    fake.pushed()
    if sick:
        fake.cluster.sick.add(NEXT.tag)


def statuses(fake: FakeWorld, environment: str = "dev") -> list[str]:
    return [revision.status for revision in fake.helm.history(fake.target(environment)).revisions]


def test_a_release(fake: FakeWorld) -> None:
    """The commit's image stands in the environment, by digest, and cluster and ledger say the same of it."""
    image = fake.pushed()
    released = release(fake.world, "dev")
    assert (released.revision, released.plan.deed) == (1, "install")
    [request] = fake.helm.requests
    assert request.pins == {
        "image": {"repository": str(REPOSITORY), "tag": "0123456", "digest": image.digest}
    }
    assert [path.name for path in request.values] == ["base.yaml", "dev.yaml"]
    marks = parse_marks(request.description)
    assert marks is not None
    assert (marks.commit, marks.image, marks.kind, marks.actor) == (SHA, str(image), "release", "ada")
    [deployment] = fake.ledger.deployments()
    assert (deployment.environment, deployment.commit, deployment.digest) == ("dev", SHA, image.digest)
    assert (deployment.revision, deployment.run_id, deployment.kind) == (1, marks.run, Kind.RELEASE)
    [record] = fake.ledger.attempts()
    assert record.attempt.stage is Stage.DEPLOY
    assert record.ending is not None
    assert (record.ending.digest, record.ending.revision) == (image.digest, 1)
    assert set(fake.cluster.good_revisions(fake.target("dev"))) == {1}


def test_nothing_is_left_on_the_disk(fake: FakeWorld) -> None:
    """The copies of chart and values are gone after the release."""
    release(fake.world, "dev")
    [request] = fake.helm.requests
    assert not any(path.exists() for path in (request.chart, *request.values))


def test_the_second_release_upgrades(fake: FakeWorld) -> None:
    """What stands is upgraded, and stays as the way back."""
    release(fake.world, "dev")
    next_commit(fake)
    assert release(fake.world, "dev").plan.deed == "upgrade"
    assert statuses(fake) == ["superseded", "deployed"]
    assert fake.commit_in("dev") == OTHER_SHA


def test_a_failed_release_is_undone(fake: FakeWorld) -> None:
    """The environment runs the old commit again, no deployment is recorded, and the failure says so."""
    release(fake.world, "dev")
    next_commit(fake, sick=True)
    with pytest.raises(DeploymentFailed, match=r"It was undone: returned to revision 1\.") as caught:
        release(fake.world, "dev")
    assert "exit code 3" in str(caught.value)
    assert fake.commit_in("dev") == SHA
    assert [item.commit for item in fake.ledger.deployments()] == [SHA]
    assert fake.ledger.attempts(limit=1)[0].attempt.commit == OTHER_SHA


def test_after_an_undo_the_next_one_is_released(fake: FakeWorld) -> None:
    """A failed release is in nobody's way: the mended commit goes where it did not, and back to the same good one."""
    release(fake.world, "dev")
    next_commit(fake, sick=True)
    with pytest.raises(DeploymentFailed):
        release(fake.world, "dev")
    fake.cluster.sick.clear()
    release(fake.world, "dev")
    assert fake.commit_in("dev") == OTHER_SHA


def test_the_image_must_be_built(fake: FakeWorld) -> None:
    """A commit whose image is not in the registry is not deployed, and the sentence says what to run."""
    fake.check_out(NEXT)
    with pytest.raises(UsageError, match="commit 89abcde was never built") as caught:
        release(fake.world, "dev")
    assert "trunkline build" in caught.value.hint
    assert fake.helm.deeds == []


@pytest.mark.parametrize(
    ("commit", "message"),
    [
        (Commit(SHA, "main", True, TREE), "The work tree has changes"),
        (Commit(SHA, "feature", False), "is not on trunk 'main'"),
        (Commit(SHA, None, None), "there is no such branch here"),
    ],
)
def test_trunk_discipline(fake: FakeWorld, commit: Commit, message: str) -> None:
    """What trunk discipline keeps out is refused before anything is written down or touched."""
    fake.check_out(commit)
    for deed in (release, plan):
        with pytest.raises(UsageError, match=message):
            deed(fake.world, "dev")
    assert fake.ledger.attempts() == ()
    assert fake.helm.deeds == []


def test_a_loose_environment() -> None:
    """An environment that allows it takes a dirty tree of a branch, under a tag that never passes for the commit's."""
    dev = an_environment("dev", allow=frozenset({"dirty", "off_trunk"}))
    fake = fake_world(a_project(environments=(dev,)), commit=Commit(SHA, "feature", False, TREE))
    fake.pushed()
    release(fake.world, "dev")
    assert fake.helm.requests[0].pins["image"]["tag"] == "0123456-dirty-cccccccc"  # type: ignore[index]  # nested


def test_needs(fake: FakeWorld) -> None:
    """An environment takes only a commit that was seen to be good where it needs it."""
    with pytest.raises(
        UsageError, match="qa needs dev to have run commit 0123456 first, and it has not"
    ) as caught:
        release(fake.world, "qa")
    assert caught.value.hint == "Deploy it there first: trunkline release dev"
    with pytest.raises(UsageError, match="qa needs dev"):
        plan(fake.world, "qa")
    release(fake.world, "dev")
    release(fake.world, "qa")
    next_commit(fake)
    with pytest.raises(UsageError, match="qa needs dev"):
        release(fake.world, "qa")
    assert fake.commit_in("qa") == SHA


def test_a_failed_release_meets_no_need(fake: FakeWorld) -> None:
    """A commit that failed in dev does not go to QA."""
    fake.cluster.sick.add("0123456")
    with pytest.raises(DeploymentFailed):
        release(fake.world, "dev")
    fake.cluster.sick.clear()
    with pytest.raises(UsageError, match="qa needs dev"):
        release(fake.world, "qa")


def test_a_need_that_helm_has_forgotten(fake: FakeWorld) -> None:
    """Where dev has moved on so far that Helm has forgotten the commit, the ledger still knows it."""
    release(fake.world, "dev")
    next_commit(fake)
    for _ in range(12):
        release(fake.world, "dev", again=True)
    assert all(
        f"commit={SHA}" not in item.description for item in fake.helm.history(fake.target("dev")).revisions
    )
    fake.check_out(fake.source.others[SHA])
    assert release(fake.world, "qa").plan.deed == "install"


def test_the_plan_changes_nothing(fake: FakeWorld) -> None:
    """A plan tells what a release would do; neither cluster nor ledger notice it."""
    shown = plan(fake.world, "dev")
    assert fake.helm.deeds == []
    assert fake.ledger.runs("sample") == ()
    assert fake.cluster.namespaces == set()
    done = release(fake.world, "dev").plan
    assert [type(step) for step in shown.steps] == [Apply, AwaitRollout, NoteGood]
    assert (shown.image, shown.digest, shown.deed, shown.release) == (
        done.image, done.digest, done.deed, done.release,
    )  # fmt: skip


def test_nothing_is_deployed_twice(fake: FakeWorld) -> None:
    """Another run's release of what stands already makes no revision and no second deployment, unless it is asked for."""
    release(fake.world, "dev")
    assert release(fake.world, "dev").revision == 1
    assert len(fake.ledger.deployments()) == 1
    assert release(fake.world, "dev", again=True).revision == 2
    assert len(fake.ledger.deployments()) == 2


def test_a_deployment_that_was_not_written_down(fake: FakeWorld) -> None:
    """A release that stands, and that this ledger does not know, is recorded without being made again."""
    release(fake.world, "dev")
    fake.ledger.forget_deployments()
    assert release(fake.world, "dev").revision == 1
    assert [item.revision for item in fake.ledger.deployments()] == [1]


def test_an_older_commit_is_refused(fake: FakeWorld) -> None:
    """A commit that is an ancestor of the one that stands is refused, and nothing is touched."""
    release(fake.world, "dev")
    next_commit(fake)
    release(fake.world, "dev")
    fake.check_out(fake.source.others[SHA])
    fake.source.order = {(SHA, OTHER_SHA): True, (OTHER_SHA, SHA): False}
    with pytest.raises(Overtaken, match=f"dev runs {OTHER_SHA[:7]} already, which ada deployed") as caught:
        release(fake.world, "dev")
    assert "trunkline rollback dev" in caught.value.hint
    assert fake.commit_in("dev") == OTHER_SHA
    rollback(fake.world, "dev")
    assert fake.commit_in("dev") == SHA


def test_who_cannot_tell_says_so(fake: FakeWorld) -> None:
    """Where neither git nor a pipeline number can tell which commit is newer, it is deployed with a note."""
    release(fake.world, "dev")
    next_commit(fake)
    release(fake.world, "dev")
    assert any("cannot be told from here" in note for note in fake.recorder.notes)
    assert fake.commit_in("dev") == OTHER_SHA


def test_two_at_once(fake: FakeWorld) -> None:
    """While somebody else is at work on the release, nothing is touched, and the sentence says who."""
    fake.cluster.namespaces.add("team-dev")
    fake.cluster.holders["team-dev/sample"] = LeaseHolder("run-9", "grace on ci-7")
    with pytest.raises(Locked, match="is being deployed by grace on ci-7"):
        release(fake.world, "dev")
    assert fake.helm.deeds == []
    [record] = fake.ledger.attempts()
    assert record.ending is not None
    assert record.ending.outcome is Outcome.FAILED


def test_the_lease_tells_who_holds_it() -> None:
    """Who waits for the lock learns the person, the machine, the run and the CI's page."""
    ci = Surroundings("grace", "ci-7", {"CIRCLE_WORKFLOW_ID": "w-1"}, "https://ci.example/7")
    fake = fake_world(surroundings=ci)
    fake.pushed()
    held: list[LeaseHolder] = []
    fake.cluster.watched = lambda: held.extend(fake.cluster.holders.values())
    release(fake.world, "dev")
    assert held == [LeaseHolder("w-1", "grace on ci-7 (run w-1, https://ci.example/7)")]


@pytest.mark.parametrize("part", ["registry", "storage", "helm", "cluster", "ledger"])
def test_what_does_not_answer(fake: FakeWorld, part: str) -> None:
    """A system that cannot be reached stops the release before anything is changed."""
    getattr(fake, part).trouble = "It does not answer."
    with pytest.raises(Unreachable, match="It does not answer"):
        release(fake.world, "dev")
    assert fake.helm.deeds == []


def test_a_missing_values_layer(fake: FakeWorld) -> None:
    """A values layer that is not there stops the release, naming it."""
    del fake.storage.files["s3://values"]["dev.yaml"]
    with pytest.raises(UsageError, match=r"s3://values/dev\.yaml"):
        release(fake.world, "dev")
    assert fake.helm.deeds == []


def test_the_namespace_is_made_unless_it_must_not() -> None:
    """The namespace is created only where the configuration wants it."""
    dev = an_environment("dev", create_namespace=False)
    fake = fake_world(a_project(environments=(dev,)))
    fake.pushed()
    with pytest.raises(Unreachable, match="namespace team-dev does not exist"):
        release(fake.world, "dev")
    assert fake.cluster.namespaces == set()


@pytest.mark.parametrize("moment", ["pending upgrade", "end upgrade", "watch"])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("same_run", [False, True])
def test_a_killed_release(fake: FakeWorld, moment: str, before: bool, same_run: bool) -> None:
    """Wherever `kill -9` hits, the next release succeeds without a hand's help."""
    if before:
        release(fake.world, "dev")
        next_commit(fake)
    run = begin_run(fake.world, fake.source.head)
    fake.killed_at(moment)
    if moment == "watch":
        fake.cluster.watched = fake.die
    with pytest.raises(Killed):
        release(fake.world, "dev", run)
    fake.revive()
    assert fake.ledger.attempts(limit=1)[0].ending is None
    release(fake.world, "dev", run if same_run else None)
    assert fake.commit_in("dev") == fake.source.head.sha
    assert statuses(fake)[-1] == "deployed"
    assert not any(status.startswith("pending") for status in statuses(fake))
    assert fake.ledger.deployments(limit=1)[0].commit == fake.source.head.sha


@pytest.mark.parametrize("moment", ["end upgrade", "watch"])
def test_a_killed_run_only_waits(fake: FakeWorld, moment: str) -> None:
    """A run that was killed between Helm and the verdict goes on with the wait alone."""
    run = begin_run(fake.world, fake.source.head)
    fake.killed_at(moment)
    if moment == "watch":
        fake.cluster.watched = fake.die
    with pytest.raises(Killed):
        release(fake.world, "dev", run)
    fake.revive()
    released = release(fake.world, "dev", run)
    assert (released.plan.deed, released.revision) == ("resume", 1)
    assert fake.helm.deeds == ["upgrade team-dev/sample"]
    assert set(fake.cluster.good_revisions(fake.target("dev"))) == {1}
    assert [item.revision for item in fake.ledger.deployments()] == [1]


def test_a_run_that_was_killed_at_its_very_end(fake: FakeWorld) -> None:
    """Where only the ledger's last line was missing, it is written, once, and nothing else is done."""
    run = begin_run(fake.world, fake.source.head)
    note_good = fake.cluster.note_good

    def noted_then_killed(*arguments: Any) -> None:
        note_good(*arguments)
        fake.die()

    fake.cluster.note_good = noted_then_killed  # type: ignore[method-assign, assignment]  # the process dies here
    with pytest.raises(Killed):
        release(fake.world, "dev", run)
    fake.revive()
    fake.cluster.note_good = note_good  # type: ignore[method-assign]  # as it was
    released = release(fake.world, "dev", run)
    assert (released.plan.deed, released.plan.steps, released.revision) == ("resume", (), 1)
    release(fake.world, "dev", run)
    [deployment] = fake.ledger.deployments()
    assert (deployment.revision, deployment.commit) == (1, SHA)
    [last, *_] = fake.ledger.attempts()
    assert last.ending is not None
    assert (last.ending.revision, last.ending.digest) == (1, deployment.digest)
    assert fake.helm.deeds == ["upgrade team-dev/sample"]


def test_a_resumed_rollout_that_fails_is_undone(fake: FakeWorld) -> None:
    """What a killed run left behind and turns out bad is taken back to what stood before it."""
    release(fake.world, "dev")
    next_commit(fake, sick=True)
    run = begin_run(fake.world, NEXT)
    fake.killed_at("end upgrade")
    with pytest.raises(Killed):
        release(fake.world, "dev", run)
    fake.revive()
    with pytest.raises(DeploymentFailed, match="returned to revision 1"):
        release(fake.world, "dev", run)
    assert fake.commit_in("dev") == SHA


@pytest.mark.parametrize(
    "moment", ["begin rollback", "pending rollback", "end rollback", "pending uninstall"]
)
def test_killed_in_its_undo(fake: FakeWorld, moment: str) -> None:
    """A release that was killed while it took itself back is no trouble for the next one, either."""
    if "rollback" in moment:
        release(fake.world, "dev")
        next_commit(fake, sick=True)
    else:
        fake.cluster.sick.add("0123456")
    fake.killed_at(moment)
    with pytest.raises(Killed):
        release(fake.world, "dev")
    fake.revive()
    fake.cluster.sick.clear()
    release(fake.world, "dev")
    assert fake.commit_in("dev") == fake.source.head.sha


def test_what_a_screen_does_is_no_matter() -> None:
    """A listener that raises stops no deployment."""

    class Broken:
        def on_event(self, event: Event) -> None:
            raise RuntimeError("boom")

        def close(self, deadline_s: float) -> None:
            pass

    fake = fake_world(listeners=(Broken(),))
    fake.pushed()
    assert release(fake.world, "dev").revision == 1


def test_promote_takes_the_digest_from_the_cluster(fake: FakeWorld) -> None:
    """The next environment gets the very digest that runs in the one before, whatever the tag means by now."""
    image = fake.pushed()
    release(fake.world, "dev")
    fake.registry.put(REPOSITORY.with_tag("0123456"), {"moved": "the tag"})
    fake.check_out(NEXT)
    released = promote(fake.world, "dev", "qa")
    assert released.plan.digest == image.digest
    assert fake.helm.requests[-1].pins["image"]["digest"] == image.digest  # type: ignore[index]  # nested
    assert (fake.commit_in("qa"), fake.commit_in("dev")) == (SHA, SHA)
    [deployment] = fake.ledger.deployments(environment="qa")
    assert (deployment.kind, deployment.digest, deployment.commit) == (Kind.PROMOTION, image.digest, SHA)


def test_promote_needs_something_good(fake: FakeWorld) -> None:
    """What Trunkline did not deploy, or did not see become good, is not carried on; nor is what ran before it."""
    with pytest.raises(UsageError, match="dev runs nothing that Trunkline deployed and saw become good"):
        promote(fake.world, "dev", "qa")
    release(fake.world, "dev")
    next_commit(fake)
    fake.killed_at("end upgrade")
    with pytest.raises(Killed):
        release(fake.world, "dev")
    fake.revive()
    with pytest.raises(UsageError, match="dev runs nothing that Trunkline deployed and saw become good"):
        promote(fake.world, "dev", "qa")


def test_promote_skips_no_need(fake: FakeWorld) -> None:
    """A promotion past an environment that the goal needs is refused."""
    release(fake.world, "dev")
    with pytest.raises(UsageError, match="prod needs qa"):
        promote(fake.world, "dev", "prod")


LOOSE = a_project(
    environments=(
        an_environment("dev", allow=frozenset({"dirty", "off_trunk"})),
        an_environment("qa", needs=("dev",)),
    )
)


@pytest.mark.parametrize(
    ("commit", "message"),
    [
        (Commit(SHA, "main", True, TREE), "The work tree has changes"),
        (Commit(SHA, "feature", False), "is not on trunk"),
    ],
)
def test_promote_is_no_way_around_trunk_discipline(commit: Commit, message: str) -> None:
    """What a loose environment let in does not get into a strict one by promotion."""
    fake = fake_world(LOOSE, commit=commit)
    fake.pushed()
    release(fake.world, "dev")
    fake.check_out(NEXT)
    with pytest.raises(UsageError, match=message):
        promote(fake.world, "dev", "qa")
    assert fake.commit_in("qa") == ""


def test_promote_from_a_loose_environment() -> None:
    """A clean commit of trunk goes on from a loose environment like from any other."""
    fake = fake_world(LOOSE)
    fake.pushed()
    release(fake.world, "dev")
    promote(fake.world, "dev", "qa")
    assert fake.commit_in("qa") == SHA


def test_rollback(fake: FakeWorld) -> None:
    """The environment runs what it ran before, which is recorded as a rollback of its own."""
    first = fake.pushed()
    release(fake.world, "dev")
    next_commit(fake)
    release(fake.world, "dev")
    released = rollback(fake.world, "dev")
    assert (released.plan.deed, released.revision, fake.commit_in("dev")) == ("rollback", 3, SHA)
    deployment = fake.ledger.deployments(limit=1)[0]
    assert (deployment.kind, deployment.commit, deployment.digest) == (Kind.ROLLBACK, SHA, first.digest)
    assert set(fake.cluster.good_revisions(fake.target("dev"))) == {1, 2, 3}


def test_rollback_to_a_revision(fake: FakeWorld) -> None:
    """A person may name the revision; and going back from a rollback leads forward again."""
    release(fake.world, "dev")
    next_commit(fake)
    release(fake.world, "dev")
    assert rollback(fake.world, "dev", 1).revision == 3
    assert rollback(fake.world, "dev").plan.commit == OTHER_SHA


def test_a_rollback_that_fails(fake: FakeWorld) -> None:
    """A rollback whose pods crash is a failure, and is not itself undone: a person asked for it."""
    release(fake.world, "dev")
    next_commit(fake)
    release(fake.world, "dev")
    fake.cluster.sick.add("0123456")
    with pytest.raises(DeploymentFailed, match=r"keeps crashing with exit code 3\.$"):
        rollback(fake.world, "dev")
    assert statuses(fake) == ["superseded", "superseded", "deployed"]
    assert len(fake.ledger.deployments()) == 2


@pytest.mark.parametrize("moment", ["pending upgrade", "end upgrade", "watch"])
def test_a_deployment_that_was_cut_off_is_taken_back(fake: FakeWorld, moment: str) -> None:
    """Wherever it was, the environment runs what it last saw become good, once; then there is nothing to do."""
    release(fake.world, "dev")
    next_commit(fake)
    fake.killed_at(moment)
    if moment == "watch":
        fake.cluster.watched = fake.die
    with pytest.raises(Killed):
        release(fake.world, "dev")
    fake.revive()
    released = repair(fake.world, "dev")
    assert released is not None
    assert (released.plan.deed, fake.commit_in("dev")) == ("rollback", SHA)
    assert not any(status.startswith("pending") for status in statuses(fake))
    count = len(fake.helm.deeds)
    assert repair(fake.world, "dev") is None
    assert len(fake.helm.deeds) == count


def test_nothing_is_repaired_where_nothing_was_cut_off(fake: FakeWorld) -> None:
    """An empty environment, and one whose rollout was good, are left alone and not even written about."""
    assert repair(fake.world, "dev") is None
    release(fake.world, "dev")
    attempts = fake.ledger.attempts()
    assert repair(fake.world, "dev") is None
    assert fake.ledger.attempts() == attempts


def test_what_was_mended_meanwhile_is_left_alone(fake: FakeWorld) -> None:
    """Whoever held the lock may have deployed: what stands then is not taken back."""
    release(fake.world, "dev")
    next_commit(fake)
    fake.killed_at("end upgrade")
    with pytest.raises(Killed):
        release(fake.world, "dev")
    fake.revive()
    lease = fake.cluster.lease

    def mended_first(*arguments: Any, **named: Any) -> Any:
        fake.cluster.lease = lease  # type: ignore[method-assign]  # the other's own lock is the ordinary one
        release(fake.world, "dev")
        return lease(*arguments, **named)

    fake.cluster.lease = mended_first  # type: ignore[method-assign]  # stands for the wait
    assert repair(fake.world, "dev") is None
    assert fake.commit_in("dev") == OTHER_SHA


def test_nothing_to_roll_back_to(fake: FakeWorld) -> None:
    """Where there is no way back nothing is written down, and nothing is touched."""
    with pytest.raises(UsageError, match=r"team-dev/sample has no earlier good revision"):
        rollback(fake.world, "dev")
    assert fake.ledger.attempts() == ()


def contract(values_key: str = "image.repository") -> Project:
    """A project as the environment variables of the article make it: the values alone know the repository."""
    chart = ChartSettings(
        name="backend", repository="s3://charts", image_keys=ImageKeys(repository=values_key)
    )
    return a_project(
        image=ImageSettings(None),
        chart=chart,
        environments=(replace(an_environment("dev"), values=("base.yaml", "dev.yaml")),),
    )


@pytest.mark.parametrize(
    ("base", "dev", "chart"),
    [
        (f"image: {{repository: {REPOSITORY}}}", "", ""),
        ("image: {repository: registry.example/other}", f"image: {{repository: {REPOSITORY}}}", ""),
        ("image: {tag: x}", "image: [odd]", f"image: {{repository: {REPOSITORY}:ignored}}"),
    ],
)
def test_the_contract_s_release_reads_the_repository(base: str, dev: str, chart: str) -> None:
    """Where no image is configured, the layers name the repository, the last one first, else the chart does."""
    fake = fake_world(contract())
    fake.pushed()
    fake.storage.files["s3://values"] = {"base.yaml": base.encode(), "dev.yaml": dev.encode()}
    fake.storage.files["s3://charts"] = {"backend-1.0.0.tgz": chart_archive(**{"values.yaml": chart})}
    released = release(fake.world, "dev")
    assert released.plan.image.startswith(f"{REPOSITORY}:0123456@sha256:")


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("image: {}", "Neither IMAGE_NAME nor the values name the image's repository"),
        ("image: {repository: 7}", "Neither IMAGE_NAME nor the values"),
        ("image: {repository: Not An Image}", r"image\.repository in the values is no image"),
        ("image: [", "A values layer is not YAML"),
        ("\x00\x01", "A values layer is not YAML"),
    ],
)
def test_the_contract_s_release_without_a_repository(base: str, message: str) -> None:
    """Values that name no image are a sentence, not a fault."""
    fake = fake_world(contract())
    fake.storage.files["s3://values"] = {"base.yaml": base.encode(), "dev.yaml": b""}
    with pytest.raises(UsageError, match=message):
        release(fake.world, "dev")


def test_values_that_are_no_text() -> None:
    """A values layer in some other encoding is a sentence, too."""
    fake = fake_world(contract())
    fake.storage.files["s3://values"] = {"base.yaml": b"name: caf\xe9", "dev.yaml": b""}
    with pytest.raises(UsageError, match="A values layer is not YAML"):
        release(fake.world, "dev")


def test_build_and_release(fake: FakeWorld) -> None:
    """What was built is what is released."""
    fake.check_out(NEXT)
    built = build(fake.world)
    assert release(fake.world, "dev", built.run).plan.image == str(built.image)
