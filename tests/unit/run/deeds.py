"""Deeds that the tests of this room share: plans of a few steps, carried out on the fakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fakes.projects import an_environment
from tests.fakes.world import SHA, FakeWorld
from trunkline.domain.attempts import AttemptRecord, Ending, Stage
from trunkline.domain.releases import Marks
from trunkline.plan.steps import Apply, AwaitRollout, NoteGood, Plan, Remove, Return, Step, Undo
from trunkline.ports import LeaseHolder, UpgradeRequest
from trunkline.run.attempts import Account, Subject, attempt, begin_run
from trunkline.run.execute import Execution, execute
from trunkline.run.site import Site

DEV = an_environment("dev")
WAIT, NOTE = AwaitRollout(60, 5), NoteGood()
REMOVE = Remove("its first install failed")
GOOD, SICK = "good", "sick"


def pins(tag: str) -> dict[str, Any]:
    return {"image": {"repository": "registry.example/sample", "tag": tag}}


def apply(tag: str, undo: Undo, *, install: bool = False) -> Apply:
    marks = Marks(SHA, run=f"run-{tag}").description()
    return Apply(
        install, Path("backend-1.0.0.tgz"), "backend-1.0.0", (), pins(tag), marks, 10, True, 60, undo
    )


def install(tag: str) -> tuple[Step, ...]:
    return apply(tag, REMOVE, install=True), WAIT, NOTE


def upgrade(tag: str, back_to: int = 1) -> tuple[Step, ...]:
    return apply(tag, Return(back_to, "the new one failed")), WAIT, NOTE


def stood(fake: FakeWorld, tag: str = GOOD) -> None:
    """Revision 1, which is good."""
    request = UpgradeRequest(
        DEV.target, Path("backend-1.0.0.tgz"), (), pins(tag), "trunkline commit=1", 10, True, 60
    )
    fake.helm.upgrade(request, lambda _: None)
    fake.helm.deeds.clear()


def carry_out(fake: FakeWorld, steps: tuple[Step, ...], deed: str = "upgrade") -> Account:
    """Execute these steps as an attempt under the release's lease."""
    commit = fake.source.head
    plan = Plan("dev", str(DEV.target), deed, SHA, "image", "", steps)
    accounts: list[Account] = []

    def body(account: Account) -> None:
        accounts.append(account)
        holder = LeaseHolder("run-1", "ada")
        with fake.cluster.lease(DEV.target, holder) as lease, fake.cluster.watch(DEV.namespace) as watch:
            site = Site(DEV, fake.helm, fake.cluster, watch, account.voice)
            execute(Execution(fake.world, plan, site, lease, account, fake.helm.history(DEV.target)))

    attempt(fake.world, begin_run(fake.world, commit), Subject(Stage.DEPLOY, commit, "dev"), body)
    return accounts[0]


def last(fake: FakeWorld) -> AttemptRecord:
    return fake.ledger.attempts(limit=1)[0]


def ending(fake: FakeWorld) -> Ending:
    found = last(fake).ending
    assert found is not None
    return found


def steps_of(fake: FakeWorld) -> list[str]:
    return [step for step, _ in fake.ledger.steps(last(fake).attempt.id)]


def statuses(fake: FakeWorld) -> list[str]:
    return [revision.status for revision in fake.helm.history(DEV.target).revisions]
