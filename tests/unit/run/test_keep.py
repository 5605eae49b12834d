"""`on_failure: keep`: what failed stays for a person to look at, and no later undo comes back to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.world import FakeWorld
from tests.unit.run.deeds import DEV, NOTE, REMOVE, SICK, WAIT, apply, carry_out, ending, statuses, stood
from trunkline.domain.attempts import Outcome
from trunkline.errors import DeploymentFailed, Unreachable
from trunkline.plan.steps import Keep, Return, Step

RETURN = Return(1, "the new one failed")
KEPT = "kept as configured (on_failure: keep)"


def kept(tag: str, instead_of: Return) -> tuple[Step, ...]:
    return apply(tag, Keep(instead_of)), WAIT, NOTE


def test_a_failed_upgrade_is_kept(fake: FakeWorld) -> None:
    """Nothing is undone, the ending says so, and the hint tells how to go back."""
    stood(fake)
    with pytest.raises(DeploymentFailed) as caught:
        carry_out(fake, kept(SICK, RETURN))
    assert fake.helm.deeds == ["upgrade team-dev/sample"]
    assert statuses(fake) == ["superseded", "deployed"]
    assert caught.value.message.endswith(f"keeps crashing with exit code 3. It is {KEPT}.")
    assert caught.value.hint.endswith("Go back when you have seen enough: trunkline rollback dev --to 1")
    assert (ending(fake).outcome, ending(fake).undone) == (Outcome.FAILED, KEPT)
    assert ending(fake).cause == "crash-loop"
    assert fake.recorder.told == ["Started", "Diagnosed", "Failed"]
    assert set(fake.cluster.good_revisions(DEV.target)) == set()


def test_a_failed_first_install_is_kept(fake: FakeWorld) -> None:
    """A first install stays as well; there is nothing to return to, so that the hint removes it."""
    with pytest.raises(DeploymentFailed) as caught:
        carry_out(fake, (apply(SICK, Keep(REMOVE), install=True), WAIT, NOTE), "install")
    assert statuses(fake) == ["deployed"]
    assert "helm uninstall sample --namespace team-dev --kube-context dev" in caught.value.hint


def test_nothing_is_kept_where_nothing_changed(fake: FakeWorld) -> None:
    """A chart that does not render leaves what stood, and the message says so."""
    stood(fake)

    def render(name: str, values: object) -> Any:
        raise DeploymentFailed("no such template")

    fake.helm.render = render
    with pytest.raises(DeploymentFailed, match="Nothing had changed"):
        carry_out(fake, kept("new", RETURN))
    assert ending(fake).undone == "nothing had changed"


def test_a_cluster_that_is_away_keeps_all(fake: FakeWorld) -> None:
    """Where nobody can tell whether anything changed, what may be there is kept, and nobody is called."""
    stood(fake)

    def away(now: str) -> None:
        if now == "pending upgrade":
            fake.helm.failures["upgrade"] = [DeploymentFailed("it failed")]
            fake.helm.history = _away  # type: ignore[method-assign, assignment]  # the cluster is gone from this moment on

    fake.helm.interfere = away
    with pytest.raises(DeploymentFailed, match="It is kept as configured"):
        carry_out(fake, kept("new", RETURN))


def _away(*_: object) -> Any:
    raise Unreachable("no route to host")
