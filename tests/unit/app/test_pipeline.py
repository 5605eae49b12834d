"""The whole way of one commit, and going on where it was left."""

from __future__ import annotations

import pytest

from tests.fakes.projects import a_project, an_environment
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, Killed, fake_world
from trunkline.app.approvals import Consent, decide
from trunkline.app.pipeline import Way, resume_pipeline, run_pipeline
from trunkline.domain.attempts import Decision, Outcome
from trunkline.domain.commits import Commit
from trunkline.errors import DeploymentFailed, NotApproved, UsageError, WaitingForApproval
from trunkline.ports import Answer, Surroundings

YES, NO = Answer(Decision.APPROVED, "grace", "looks good"), Answer(Decision.REJECTED, "grace", "not today")
ALL = Consent(frozenset({"qa", "prod"}), "as agreed")
NEXT = Commit(OTHER_SHA, "main", True)


@pytest.fixture
def fake() -> FakeWorld:
    return fake_world(a_project(test="make test"))


def names(stages: object) -> str:
    assert isinstance(stages, tuple)
    return ", ".join(map(str, stages))


def attempts(fake: FakeWorld) -> list[str]:
    """Every attempt in order, with how it ended."""
    told = []
    for record in reversed(fake.ledger.attempts(limit=99)):
        place = f"{record.attempt.stage} {record.attempt.environment}".strip()
        told.append(f"{place}: {record.ending.outcome if record.ending else 'no ending'}")
    return told


def test_all_the_way(fake: FakeWorld) -> None:
    """A commit is tested, built once, and the same digest stands in every environment."""
    way = run_pipeline(fake.world, consent=ALL)
    stages = "test, build, deploy dev, approval qa, deploy qa, approval prod, deploy prod"
    assert (names(way.done), way.done_before) == (stages, ())
    assert [fake.commit_in(name) for name in ("dev", "qa", "prod")] == [SHA] * 3
    assert len({item.digest for item in fake.ledger.deployments()}) == 1
    assert len(fake.builder.built) == 1
    assert {record.attempt.run_id for record in fake.ledger.attempts()} == {way.run.id}
    assert [approval.reason for approval in fake.ledger.approvals(way.run.id)] == ["as agreed"] * 2


def test_until(fake: FakeWorld) -> None:
    """A run can end at an earlier environment."""
    way = run_pipeline(fake.world, "dev")
    assert names(way.done) == "test, build, deploy dev"
    assert fake.commit_in("qa") == ""
    assert way.run.until == "dev"


def test_a_test_that_fails_ends_the_run() -> None:
    """What does not pass its tests is not built."""
    fake = fake_world(a_project(test="make test"), test_exit_code=2)
    with pytest.raises(DeploymentFailed, match="The tests failed"):
        run_pipeline(fake.world)
    assert fake.builder.built == []
    assert attempts(fake) == ["test: failed"]


def test_a_rollout_that_fails_ends_the_run(fake: FakeWorld) -> None:
    """A commit that fails in QA does not reach production, which goes on running what it ran."""
    run_pipeline(fake.world, consent=ALL)
    fake.check_out(NEXT)

    def only_in_qa() -> None:
        if any(name.startswith("team-qa/") for name in fake.cluster.holders):
            fake.cluster.sick.add(NEXT.tag)

    fake.cluster.watched = only_in_qa
    with pytest.raises(DeploymentFailed, match="returned to revision 1"):
        run_pipeline(fake.world, consent=ALL)
    assert [fake.commit_in(name) for name in ("dev", "qa", "prod")] == [OTHER_SHA, SHA, SHA]


@pytest.mark.parametrize(
    "commit", [Commit(SHA, "main", True, "c" * 40), Commit(SHA, "feature", False), Commit(SHA, None, None)]
)
def test_discipline_is_checked_at_the_beginning(commit: Commit) -> None:
    """A run that the last environment would refuse is refused before its first stage."""
    project = a_project(
        environments=(
            an_environment("dev", allow=frozenset({"dirty", "off_trunk"})),
            an_environment("prod", needs=("dev",)),
        )
    )
    fake = fake_world(project, commit=commit)
    with pytest.raises(UsageError, match="prod takes"):
        run_pipeline(fake.world)
    assert fake.ledger.runs("sample") == ()
    assert names(run_pipeline(fake.world, "dev").done) == "build, deploy dev"


def test_a_run_waits_for_approval_and_is_resumed(fake: FakeWorld) -> None:
    """Without a terminal the run stops at the approval; once somebody approves, it goes on there and only there."""
    with pytest.raises(WaitingForApproval) as caught:
        run_pipeline(fake.world)
    [run] = fake.ledger.runs("sample")
    assert caught.value.hint == f"trunkline approve {run.id} qa && trunkline run --resume {run.id}"
    decide(fake.world, run.id, "qa", Decision.APPROVED, "tested by hand")
    deeds = len(fake.helm.deeds)
    with pytest.raises(WaitingForApproval, match="to prod waits"):
        resume_pipeline(fake.world, run.id)
    assert fake.helm.deeds[deeds:] == ["upgrade team-qa/sample"]
    decide(fake.world, run.id, "prod", Decision.APPROVED)
    way = resume_pipeline(fake.world)
    assert names(way.done) == "deploy prod"
    assert names(way.done_before) == "test, build, deploy dev, approval qa, deploy qa, approval prod"
    assert (len(fake.builder.built), len(fake.processes.commands), fake.commit_in("prod")) == (1, 1, SHA)
    assert attempts(fake) == [
        "test: succeeded", "build: succeeded", "deploy dev: succeeded", "approval qa: interrupted",
        "deploy qa: succeeded", "approval prod: interrupted", "deploy prod: succeeded",
    ]  # fmt: skip


def test_a_finished_run_has_nothing_to_resume(fake: FakeWorld) -> None:
    """Resumed after its end, a run does nothing again."""
    run_pipeline(fake.world, consent=ALL)
    before = attempts(fake)
    way = resume_pipeline(fake.world)
    assert (way.done, len(way.done_before)) == ((), 7)
    assert attempts(fake) == before


@pytest.mark.parametrize("moment", ["begin upgrade", "pending upgrade", "end upgrade", "watch"])
def test_a_killed_run_is_resumed(fake: FakeWorld, moment: str) -> None:
    """Killed at any moment, a run goes on without building or deploying again what is done."""
    fake.killed_at(moment)
    if moment == "watch":
        fake.cluster.watched = fake.die
    with pytest.raises(Killed):
        run_pipeline(fake.world, consent=ALL)
    fake.revive()
    way = resume_pipeline(fake.world, consent=ALL)
    assert names(way.done_before) == "test, build"
    assert [fake.commit_in(name) for name in ("dev", "qa", "prod")] == [SHA] * 3
    assert len(fake.builder.built) == 1
    again = 2 if moment in {"begin upgrade", "pending upgrade"} else 1
    assert sum(deed == "upgrade team-dev/sample" for deed in fake.helm.deeds) == again
    assert [item.environment for item in reversed(fake.ledger.deployments())] == ["dev", "qa", "prod"]


def test_a_killed_build_is_made_again(fake: FakeWorld) -> None:
    """A build that was cut off has no ending, and is done again; one that had pushed its image finds it."""
    push = fake.builder.push
    fake.builder.push = lambda *_: fake.die()  # type: ignore[assignment, method-assign]  # it dies here
    with pytest.raises(Killed):
        run_pipeline(fake.world, consent=ALL)
    fake.revive()
    fake.builder.push = push  # type: ignore[method-assign]  # as it was
    resume_pipeline(fake.world, consent=ALL)
    assert attempts(fake)[:3] == ["test: succeeded", "build: no ending", "build: succeeded"]


def test_another_commit_is_checked_out(fake: FakeWorld) -> None:
    """A run is not resumed with another commit's work tree."""
    with pytest.raises(WaitingForApproval):
        run_pipeline(fake.world)
    fake.check_out(NEXT)
    with pytest.raises(UsageError, match="is about commit 0123456, but 89abcde is checked out") as caught:
        resume_pipeline(fake.world)
    assert caught.value.hint.startswith("git checkout 0123456")


def test_no_run_to_resume(fake: FakeWorld) -> None:
    """Without a run, or with an id that is none, there is nothing to resume."""
    with pytest.raises(UsageError, match="no run of sample to resume"):
        resume_pipeline(fake.world)
    with pytest.raises(UsageError, match="knows no run 'x'"):
        resume_pipeline(fake.world, "x")


def test_the_run_keeps_its_end(fake: FakeWorld) -> None:
    """A run that was to end at QA ends there when it is resumed, too."""
    with pytest.raises(WaitingForApproval):
        run_pipeline(fake.world, "qa")
    assert names(resume_pipeline(fake.world, consent=ALL).done) == "approval qa, deploy qa"


def answered(fake: FakeWorld, *answers: Answer | None) -> Way:
    fake.approver.answers = list(answers)
    return run_pipeline(fake.world, "qa")


def test_approval_at_the_terminal(fake: FakeWorld) -> None:
    """Who sits here is asked, and who, when and why is recorded."""
    way = answered(fake, YES)
    assert fake.approver.questions == ["Deploy 0123456 to qa?"]
    [approval] = fake.ledger.approvals(way.run.id, "qa")
    assert (approval.actor, approval.reason, approval.decision) == ("grace", "looks good", Decision.APPROVED)
    assert approval.decided_at == fake.clock.now()
    assert "approved by grace: looks good" in fake.recorder.notes
    assert "Paused" in fake.recorder.told


def test_a_rejection(fake: FakeWorld) -> None:
    """A rejection ends the run; resumed, it stays rejected until somebody says otherwise."""
    with pytest.raises(NotApproved, match="grace rejected the deployment of 0123456 to qa: not today"):
        answered(fake, NO)
    assert fake.commit_in("qa") == ""
    assert attempts(fake)[-1] == f"approval qa: {Outcome.FAILED}"
    with pytest.raises(NotApproved, match="not today"):
        resume_pipeline(fake.world)
    [run] = fake.ledger.runs("sample")
    decide(fake.world, run.id, "qa", Decision.APPROVED, "tomorrow has come")
    resume_pipeline(fake.world)
    assert fake.commit_in("qa") == SHA


def test_approval_from_another_terminal(fake: FakeWorld) -> None:
    """While one person is asked, another one may decide elsewhere, and is recorded once."""

    def elsewhere() -> None:
        [run] = fake.ledger.runs("sample")
        decide(fake.world, run.id, "qa", Decision.APPROVED, "from my phone")

    fake.approver.meanwhile = elsewhere
    way = answered(fake)
    [approval] = fake.ledger.approvals(way.run.id)
    assert approval.reason == "from my phone"


def test_a_no_elsewhere_beats_a_yes_here(fake: FakeWorld) -> None:
    """When both speak in the same moment, what was recorded first counts."""

    def elsewhere() -> None:
        [run] = fake.ledger.runs("sample")
        decide(fake.world, run.id, "qa", Decision.REJECTED)

    fake.approver.meanwhile = elsewhere
    with pytest.raises(NotApproved, match=r"ada rejected the deployment of 0123456 to qa\.$"):
        answered(fake, YES)


def test_a_word_that_comes_late(fake: FakeWorld) -> None:
    """An approval that is taken back before its deployment began holds the deployment up."""
    with pytest.raises(WaitingForApproval):
        run_pipeline(fake.world, "qa")
    [run] = fake.ledger.runs("sample")
    decide(fake.world, run.id, "qa", Decision.APPROVED)
    fake.killed_at("begin upgrade")
    with pytest.raises(Killed):
        resume_pipeline(fake.world)
    fake.revive()
    decide(fake.world, run.id, "qa", Decision.REJECTED, "found a bug")
    with pytest.raises(NotApproved, match="found a bug"):
        resume_pipeline(fake.world)
    assert fake.commit_in("qa") == ""


def test_a_ci_job_waits_for_a_word(fake: FakeWorld) -> None:
    """Without a terminal a run may wait for a word from elsewhere, for as long as it was told to."""
    with pytest.raises(WaitingForApproval):
        run_pipeline(fake.world, "qa", Consent(wait_s=30))
    assert fake.clock.slept == [1.0] * 30


def test_a_word_comes_while_the_job_waits(fake: FakeWorld) -> None:
    """The word of another terminal lets a waiting job go on."""
    sleep = fake.clock.sleep

    def sleep_and_hear(seconds: float) -> None:
        sleep(seconds)
        if len(fake.clock.slept) == 3:
            [run] = fake.ledger.runs("sample")
            decide(fake.world, run.id, "qa", Decision.APPROVED)

    fake.clock.sleep = sleep_and_hear  # type: ignore[method-assign]  # time passes, and somebody decides
    run_pipeline(fake.world, "qa", Consent(wait_s=30))
    assert len(fake.clock.slept) == 3
    assert fake.commit_in("qa") == SHA


def test_secrets_in_a_reason(fake: FakeWorld) -> None:
    """A reason is written down without the secret that somebody pasted into it."""
    way = answered(fake, Answer(Decision.APPROVED, "grace", "login hunter2-hunter2 works"))
    assert fake.ledger.approvals(way.run.id)[0].reason == "login ***** works"


def test_deciding_about_what_is_not_there(fake: FakeWorld) -> None:
    """A decision needs a run and an environment that exist; a run's id may be shortened."""
    with pytest.raises(UsageError, match="knows no run 'nope'"):
        decide(fake.world, "nope", "qa", Decision.APPROVED)
    with pytest.raises(UsageError, match="no environment 'staging'"):
        decide(fake.world, "nope", "staging", Decision.APPROVED)
    with pytest.raises(WaitingForApproval):
        run_pipeline(fake.world)
    [run] = fake.ledger.runs("sample")
    assert decide(fake.world, run.id[:6], "qa", Decision.REJECTED, "no").run_id == run.id


def test_the_jobs_of_a_workflow_go_on_with_one_run() -> None:
    """Two jobs of one CI workflow share the run, and the second one does not repeat what the first one did."""
    ci = Surroundings("ci", "host", {"CIRCLE_WORKFLOW_ID": "w-1"})
    fake = fake_world(surroundings=ci)
    run_pipeline(fake.world, "dev")
    way = run_pipeline(fake.world, "qa", ALL)
    assert (names(way.done), names(way.done_before)) == ("approval qa, deploy qa", "build, deploy dev")
