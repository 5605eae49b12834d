"""A plan becomes deeds, and what was begun can be taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.world import SECRET, SHA, FakeWorld
from tests.unit.run.deeds import (
    DEV,
    GOOD,
    NOTE,
    REMOVE,
    SICK,
    carry_out,
    ending,
    install,
    statuses,
    steps_of,
    stood,
    upgrade,
)
from trunkline.domain.attempts import Outcome, Stage
from trunkline.errors import DeploymentFailed, Interrupted, Locked, Stranded, Unreachable
from trunkline.events import Stranded as StrandedEvent
from trunkline.plan.steps import AwaitRollout, Plan, Repair, Return
from trunkline.ports import LeaseHolder
from trunkline.run.attempts import Account, Subject, attempt, begin_run
from trunkline.run.execute import Execution, execute
from trunkline.run.site import Site


def test_all_goes_well(fake: FakeWorld) -> None:
    """The steps are done in order, the revision is noted as good, and the account knows its number."""
    account = carry_out(fake, install(GOOD))
    assert account.revision == 1
    assert set(fake.cluster.good_revisions(DEV.target)) == {1}
    assert fake.cluster.holders == {}
    assert fake.recorder.told == ["Started", "Finished"]


def test_intent_is_recorded_before_each_deed(fake: FakeWorld) -> None:
    """When Helm begins, and when the watch begins, the ledger already says so."""
    recorded: list[int] = []
    fake.helm.interfere = lambda now: recorded.append(len(steps_of(fake))) if now == "begin upgrade" else None
    fake.cluster.watched = lambda: recorded.append(len(steps_of(fake)))
    carry_out(fake, install(GOOD))
    assert recorded == [1, 2]
    assert steps_of(fake) == [
        "helm install backend-1.0.0 with the chart's own values",
        "wait until the rollout is good, 60 s at most",
        "note the revision as good",
    ]


def test_a_ledger_that_cannot_be_written_stops_before_helm(fake: FakeWorld) -> None:
    """A step whose intent cannot be recorded is not begun."""
    stood(fake)
    intend = fake.ledger.intend

    def full_disk(*arguments: Any) -> None:
        fake.ledger.trouble = "The disk is full."
        intend(*arguments)

    fake.ledger.intend = full_disk  # type: ignore[method-assign, assignment]  # the disk is full from this moment on
    with pytest.raises(Unreachable, match="The disk is full"):
        carry_out(fake, upgrade("new"))
    assert fake.helm.deeds == []
    assert statuses(fake) == ["deployed"]


def test_a_failed_rollout_returns(fake: FakeWorld) -> None:
    """A rollout that fails is taken back: Helm returns to what stood, which is watched, and everybody is told."""
    stood(fake)
    with pytest.raises(DeploymentFailed) as caught:
        carry_out(fake, upgrade(SICK))
    assert fake.helm.deeds == ["upgrade team-dev/sample", "rollback 1 team-dev/sample"]
    assert statuses(fake) == ["superseded", "superseded", "deployed"]
    assert caught.value.message == (
        "container web of deployment/sample keeps crashing with exit code 3. It was undone: returned to revision 1."
    )
    assert (ending(fake).outcome, ending(fake).cause) == (Outcome.FAILED, "crash-loop")
    assert (ending(fake).undone, ending(fake).revision) == ("returned to revision 1", 2)
    assert fake.recorder.told == ["Started", "Diagnosed", "Undone", "Failed"]
    assert steps_of(fake)[-1] == "return to revision 1: the new one failed"
    assert set(fake.cluster.good_revisions(DEV.target)) == set()


def test_a_failed_first_install_is_removed(fake: FakeWorld) -> None:
    """Where nothing stood before, nothing stands afterwards, and the name is free for the next try."""
    with pytest.raises(DeploymentFailed, match=r"It was undone: the release was removed again\."):
        carry_out(fake, install(SICK), "install")
    assert not fake.helm.history(DEV.target).exists
    assert ending(fake).undone == "the release was removed again"
    carry_out(fake, install(GOOD), "install")
    assert statuses(fake) == ["deployed"]


def test_helm_itself_fails(fake: FakeWorld) -> None:
    """An upgrade that Helm began and could not finish is taken back, too, with its own words."""
    stood(fake)
    fake.helm.failures["upgrade"] = [DeploymentFailed("helm upgrade of team-dev/sample failed: hook failed")]
    with pytest.raises(DeploymentFailed, match=r"hook failed\. It was undone: returned to revision 1\."):
        carry_out(fake, upgrade("new"))
    assert statuses(fake) == ["superseded", "failed", "deployed"]


def test_a_chart_that_does_not_render_leaves_nothing_to_undo(fake: FakeWorld) -> None:
    """Where Helm refused before it wrote anything, nothing is rolled back, and that is said."""
    stood(fake)

    def render(name: str, values: object) -> Any:
        raise DeploymentFailed("helm upgrade of team-dev/sample failed: values don't meet the schema")

    fake.helm.render = render
    with pytest.raises(DeploymentFailed, match="Nothing had changed"):
        carry_out(fake, upgrade("new"))
    assert fake.helm.deeds == ["upgrade team-dev/sample"]
    assert statuses(fake) == ["deployed"]
    assert ending(fake).undone == "nothing had changed"


def test_a_found_rollout_that_fails_returns(fake: FakeWorld) -> None:
    """A rollout that an earlier process began is taken back as one's own."""
    stood(fake)
    stood(fake, SICK)
    wait = AwaitRollout(60, 5, 2, Return(1, "the new one failed"))
    with pytest.raises(DeploymentFailed, match="returned to revision 1"):
        carry_out(fake, (wait, NOTE), "resume")
    assert statuses(fake) == ["superseded", "superseded", "deployed"]


def test_a_found_rollout_that_is_good(fake: FakeWorld) -> None:
    """A rollout that an earlier process began is only watched, and then noted under its own number."""
    stood(fake)
    assert carry_out(fake, (AwaitRollout(60, 5, 1, REMOVE), NOTE), "resume").revision == 1
    assert fake.helm.deeds == []
    assert set(fake.cluster.good_revisions(DEV.target)) == {1}


def test_an_undo_that_helm_refuses_is_stranded(fake: FakeWorld) -> None:
    """An undo that fails asks for a person: both reasons are told, and the commands to type."""
    stood(fake)
    fake.helm.failures["rollback"] = [DeploymentFailed(f"helm rollback failed: forbidden to {SECRET}")]
    with pytest.raises(Stranded) as caught:
        carry_out(fake, upgrade(SICK))
    assert "keeps crashing with exit code 3" in caught.value.message
    assert "Its undo failed as well: helm rollback failed" in caught.value.message
    where = "--namespace team-dev --kube-context dev"
    commands = (f"helm rollback sample 1 {where}", f"helm history sample {where}")
    assert caught.value.hint == "A person has to act: " + "; ".join(commands)
    [event] = [event for event in fake.recorder.events if isinstance(event, StrandedEvent)]
    assert event.commands == commands
    assert SECRET not in event.text
    assert ending(fake).undone == "the undo failed: helm rollback failed: forbidden to *****"
    assert ending(fake).outcome is Outcome.FAILED


def test_an_undo_that_does_not_become_good_is_stranded(fake: FakeWorld) -> None:
    """What is returned to must become good as well; if it does not, a person has to look."""
    stood(fake, SICK)
    with pytest.raises(Stranded, match="Its undo failed as well: container web of deployment/sample keeps"):
        carry_out(fake, upgrade(SICK))
    assert ending(fake).undone.startswith("the undo failed")


def test_a_removal_that_leaves_pods_is_stranded(fake: FakeWorld) -> None:
    """A removed release whose pods stay is not simply reported as removed."""
    fake.cluster.gone = lambda *_: False  # type: ignore[method-assign]  # pods that never leave
    with pytest.raises(Stranded, match=r"its pods are still there after 120 s") as caught:
        carry_out(fake, install(SICK), "install")
    assert "helm uninstall sample" in caught.value.hint


def test_a_silent_api_is_no_verdict(fake: FakeWorld) -> None:
    """Where nobody can tell how the rollout goes, nothing is taken back: the release may be good."""
    stood(fake)
    fake.cluster.silent = True
    with pytest.raises(Unreachable, match="did not answer to the end: no route to host"):
        carry_out(fake, upgrade("new"))
    assert fake.helm.deeds == ["upgrade team-dev/sample"]
    assert ending(fake).undone == ""
    assert set(fake.cluster.good_revisions(DEV.target)) == set()


def test_a_lost_lease_stops(fake: FakeWorld) -> None:
    """When somebody else has taken over, no further deed is done."""

    def steal(now: str) -> None:
        if now == "end upgrade":
            fake.cluster.holders[str(DEV.target)] = LeaseHolder("thief")

    fake.helm.interfere = steal
    fake.cluster.watched = lambda: pytest.fail("it went on without the lease")
    with pytest.raises(Locked, match="was lost"):
        carry_out(fake, install(GOOD))
    assert fake.cluster.holders[str(DEV.target)].identity == "thief"
    assert steps_of(fake) == ["helm install backend-1.0.0 with the chart's own values"]


def test_a_lease_that_is_lost_before_the_undo(fake: FakeWorld) -> None:
    """Without the lease nothing is undone, either: the one who has it now is at work on the same release."""
    stood(fake)

    def steal() -> None:
        fake.cluster.holders[str(DEV.target)] = LeaseHolder("thief")

    fake.cluster.watched = steal
    with pytest.raises(
        DeploymentFailed, match=r"exit code 3\. It was not undone: The lock .* was lost\.$"
    ) as caught:
        carry_out(fake, upgrade(SICK))
    assert not isinstance(caught.value, Stranded)
    assert fake.helm.deeds == ["upgrade team-dev/sample"]
    assert fake.recorder.told == ["Started", "Diagnosed", "Failed"]


@pytest.mark.parametrize("moment", ["begin upgrade", "pending upgrade", "end upgrade", "watch"])
def test_an_interruption_undoes_nothing(fake: FakeWorld, moment: str) -> None:
    """Ctrl-C is recorded as an interruption; what stands is left for the next run to go on with."""
    stood(fake)

    def interrupt(now: str) -> None:
        if now == moment:
            raise KeyboardInterrupt

    fake.helm.interfere = interrupt
    fake.cluster.watched = lambda: interrupt("watch")
    with pytest.raises(Interrupted, match=r"Stopped by Ctrl-C at: .* left as it is") as caught:
        carry_out(fake, upgrade(SICK))
    assert "trunkline release dev" in caught.value.hint
    assert fake.helm.deeds == ["upgrade team-dev/sample"]
    assert (ending(fake).outcome, ending(fake).undone) == (Outcome.INTERRUPTED, "")
    assert not any(status.startswith("pending") for status in statuses(fake))
    assert fake.cluster.holders == {}


def test_repair_lets_helm_go_on(fake: FakeWorld) -> None:
    """A revision that a dead client left pending is marked as failed, and the upgrade after it succeeds."""
    stood(fake)
    fake.cluster.records[(str(DEV.target), 1)][0] = "pending-upgrade"
    carry_out(fake, (Repair(1, "pending-upgrade"), *upgrade("new")))
    history = fake.helm.history(DEV.target)
    assert history.revisions[0].description == "its client died while it was pending-upgrade"
    assert [revision.number for revision in history.stood] == [2]


def test_a_repair_that_is_followed_by_a_failure(fake: FakeWorld) -> None:
    """A repair needs no undo: when the upgrade after it changes nothing, nothing is rolled back."""
    stood(fake)
    fake.cluster.records[(str(DEV.target), 1)][0] = "pending-upgrade"

    def render(name: str, values: object) -> Any:
        raise DeploymentFailed("no such template")

    fake.helm.render = render
    with pytest.raises(DeploymentFailed, match="Nothing had changed"):
        carry_out(fake, (Repair(1, "pending-upgrade"), *upgrade("new")))


@pytest.mark.parametrize(("digest", "warned"), [("sha256:" + "0" * 64, True), ("", False)])
def test_a_chart_without_the_digest_key_is_told(fake: FakeWorld, digest: str, warned: bool) -> None:
    """A chart that deploys by tag alone, though it was given a digest, is warned about."""
    commit = fake.source.head

    def body(account: Account) -> None:
        holder = LeaseHolder("run-1", "ada")
        with fake.cluster.lease(DEV.target, holder) as lease, fake.cluster.watch(DEV.namespace) as watch:
            site = Site(DEV, fake.helm, fake.cluster, watch, account.voice, digest)
            plan = Plan("dev", "", "install", SHA, "", "", install(GOOD))
            execute(Execution(fake.world, plan, site, lease, account, fake.helm.history(DEV.target)))

    attempt(fake.world, begin_run(fake.world, commit), Subject(Stage.DEPLOY, commit, "dev"), body)
    assert any("the chart does not use the digest" in note for note in fake.recorder.notes) is warned
