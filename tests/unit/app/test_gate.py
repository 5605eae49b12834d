"""The gate: an image is looked at, judged, and the word on it remembered and asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.projects import a_project, an_environment
from tests.fakes.world import OTHER_SHA, SHA, FakeWorld, fake_world
from trunkline.app.gate import Gated, gate
from trunkline.app.pipeline import resume_pipeline, run_pipeline
from trunkline.app.release import plan, promote, release
from trunkline.app.rollback import rollback
from trunkline.config.project import GateSettings
from trunkline.domain.attempts import Outcome, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.gates import GateOutcome
from trunkline.domain.images import parse_image
from trunkline.domain.vulnerabilities import Finding, Look, Report, ScanState, Severity
from trunkline.domain.vulnerabilities.policy import Exemption, Policy, Reaction
from trunkline.errors import ConfigurationError, RefusedByGate, Unreachable, UsageError

HIGH = Finding("CVE-2026-1", "zlib", "1.2", Severity.HIGH, 8.1, "1.3")
LOW = Finding("CVE-2026-2", "bash", "5.1", Severity.LOW)
NEXT = Commit(OTHER_SHA, "main", True)


def gated_world(policy: Policy | None = None, compare_with: str = "", max_age_s: float = 0.0) -> FakeWorld:
    project = a_project(
        gate=GateSettings(policy or Policy(), compare_with=compare_with),
        environments=(
            an_environment("dev"),
            an_environment("prod", needs=("dev",), gate_max_age_s=max_age_s),
        ),
    )
    return fake_world(project)


def found(fake: FakeWorld, *findings: Finding, commit: Commit | None = None) -> str:
    """The scanner finds these in the image of a commit, whose digest is returned."""
    digest = fake.pushed(commit).digest or ""
    fake.scanner.looks[digest] = [Look(ScanState.SCANNED, Report("fake", digest, findings, 12))]
    return digest


def refused(fake: FakeWorld, **arguments: object) -> RefusedByGate:
    with pytest.raises(RefusedByGate) as caught:
        gate(fake.world, **arguments)  # type: ignore[arg-type]  # what each test is about
    return caught.value


def test_a_good_image() -> None:
    """An image in which nothing gates passes, and the ledger remembers the word with all that it was said about."""
    fake = gated_world()
    digest = found(fake, LOW)
    gated = gate(fake.world)
    (record,) = fake.ledger.gates()
    assert record == gated.record
    assert (record.outcome, record.digest, record.source) == (GateOutcome.PASSED, digest, "fake")
    assert [row["id"] for row in record.details["rows"]] == ["CVE-2026-2"]
    (attempt,) = fake.ledger.attempts()
    assert (attempt.attempt.stage, attempt.succeeded) == (Stage.GATE, True)
    assert record.attempt_id == attempt.attempt.id


def test_a_bad_image() -> None:
    """A refusal names the worst, is remembered as well, and tells programs everything."""
    fake = gated_world()
    found(fake, LOW, HIGH)
    told: list[Gated] = []
    error = refused(fake, on_judged=told.append)
    assert "CVE-2026-1 in zlib 1.2" in error.message
    assert error.exit_code == 4
    facts = error.facts["gate"]
    assert isinstance(facts, dict)
    assert [row["standing"] for row in facts["rows"]] == ["gates", "below"]
    assert [item.judgement.outcome.value for item in told] == ["refused"]
    assert [item.outcome for item in fake.ledger.gates()] == [GateOutcome.REFUSED]
    (record,) = fake.ledger.attempts()
    assert record.ending
    assert (record.ending.outcome, record.ending.cause) == (Outcome.FAILED, "vulnerabilities")


def test_no_gate() -> None:
    """Without a gate in the project that is said, with what to do."""
    fake = fake_world()
    fake.pushed()
    with pytest.raises(ConfigurationError, match="configures no gate") as caught:
        gate(fake.world)
    assert "--report" in caught.value.hint


def test_a_report_needs_no_configuration() -> None:
    """A named report is judged by the default policy where the project configures none."""
    fake = fake_world()
    found_in = fake.pushed().digest or ""
    fake.scanner.looks[found_in] = [Look(ScanState.SCANNED, Report("grype", found_in, (HIGH,), 3))]
    assert "CVE-2026-1" in refused(fake, reports=("grype.json",)).message


def test_an_image_that_was_never_built() -> None:
    """A commit without an image has nothing to look at."""
    with pytest.raises(UsageError, match="was never built"):
        gate(gated_world().world)


def test_an_image_by_its_tag() -> None:
    """A given image is pinned by its digest before it is looked at."""
    fake = gated_world()
    digest = found(fake, LOW)
    image = parse_image(f"registry.example/team/sample:{SHA[:7]}")
    assert gate(fake.world, image).record.digest == digest
    assert fake.scanner.asked == [f"{image}@{digest}"]


def test_an_image_that_is_not_there() -> None:
    """A given image that the registry does not have is named."""
    with pytest.raises(UsageError, match=r"no image registry\.example/team/other:1"):
        gate(gated_world().world, parse_image("registry.example/team/other:1"))


def test_no_result() -> None:
    """A scan without a result refuses, unless the policy says otherwise."""
    for policy, outcome in ((Policy(), None), (Policy(without_result=Reaction.WARN), GateOutcome.WARNED)):
        fake = gated_world(policy)
        digest = fake.pushed().digest or ""
        fake.scanner.looks[digest] = [Look(ScanState.UNSUPPORTED, detail="no packages")]
        if outcome is None:
            assert refused(fake).exit_code == 4
        else:
            assert gate(fake.world).record.outcome is outcome


def test_a_scanner_that_does_not_let_us_in() -> None:
    """What no waiting mends ends the attempt with the scanner's own sentence, and no word is remembered."""
    fake = gated_world()
    digest = fake.pushed().digest or ""
    fake.scanner.looks[digest] = [Unreachable("Quay is away.", "Wait.")]
    with pytest.raises((Unreachable, RefusedByGate)):
        gate(fake.world)


def test_what_runs() -> None:
    """What an environment runs is looked at again, with what is known today."""
    fake = gated_world()
    digest = found(fake, LOW)
    release(fake.world, "dev")
    fake.scanner.looks[digest] = [Look(ScanState.SCANNED, Report("fake", digest, (HIGH,), 12))]
    error = refused(fake, environment="dev")
    assert "which runs in dev" in error.message
    assert [(item.environment, item.digest) for item in fake.ledger.gates()] == [("dev", digest)]


def test_nothing_runs() -> None:
    """An environment in which nothing of ours runs has nothing to look at."""
    with pytest.raises(UsageError, match="runs nothing that Trunkline deployed"):
        gate(gated_world().world, environment="dev")


def test_only_new_ones_gate() -> None:
    """What the environment that is compared with has as well only warns; what is new gates."""
    fake = gated_world(Policy(new_only=True), compare_with="prod")
    found(fake, HIGH)
    release(fake.world, "dev")
    release(fake.world, "prod")
    fake.check_out(NEXT)
    found(fake, HIGH, commit=NEXT)
    assert gate(fake.world).record.outcome is GateOutcome.WARNED
    found(fake, HIGH, replace(HIGH, id="CVE-2026-9"), commit=NEXT)
    message = refused(fake).message
    assert "CVE-2026-9" in message
    assert "CVE-2026-1 in" not in message


def test_the_ledger_knows_what_is_compared_with() -> None:
    """What the ledger remembers of the image that is compared with is not asked of the scanner again."""
    fake = gated_world(Policy(new_only=True), compare_with="prod")
    digest = found(fake, LOW)
    gate(fake.world)
    release(fake.world, "dev")
    release(fake.world, "prod")
    fake.check_out(NEXT)
    found(fake, LOW, commit=NEXT)
    fake.scanner.asked.clear()
    gate(fake.world)
    assert all(digest not in asked for asked in fake.scanner.asked)


def test_nothing_to_compare_with() -> None:
    """Before the first deployment there is nothing to compare with: that is said, and everything counts as new."""
    fake = gated_world(Policy(new_only=True), compare_with="prod")
    found(fake, HIGH)
    refused(fake)
    assert any("nothing to compare with" in note for note in fake.recorder.notes)


@pytest.mark.parametrize(("days", "refuses"), [(0, False), (1, True)])
def test_an_exception(days: int, refuses: bool) -> None:
    """What is let off until a day passes on that day, and is refused on the next one."""
    fake = gated_world()
    until = fake.clock.now().date() - timedelta(days=days)
    fake = gated_world(Policy(exceptions=(Exemption("CVE-2026-1", "off", "ada", until),)))
    found(fake, HIGH)
    if refuses:
        assert "ended" in refused(fake).message
    else:
        gate(fake.world)
    assert (fake.ledger.gates()[0].outcome is GateOutcome.REFUSED) == refuses


def test_in_a_run() -> None:
    """A run has its image looked at once it is built, and deploys it nowhere when it is refused."""
    fake = gated_world(max_age_s=3600)
    digest = fake.pushed().digest or ""
    fake.scanner.looks[digest] = [Look(ScanState.SCANNED, Report("fake", digest, (HIGH,), 12))]
    with pytest.raises(RefusedByGate):
        run_pipeline(fake.world)
    assert fake.commit_in("dev") == ""
    fake.scanner.looks[digest] = [Look(ScanState.SCANNED, Report("fake", digest, (LOW,), 12))]
    way = resume_pipeline(fake.world)
    assert ", ".join(map(str, way.done)) == "gate, deploy dev, deploy prod"
    assert fake.commit_in("prod") == SHA


def test_production_asks_for_the_word() -> None:
    """An environment that asks for the gate's word takes no image without one, and plans none."""
    fake = gated_world(max_age_s=3600)
    found(fake, LOW)
    release(fake.world, "dev")
    for deed in (release, plan):
        with pytest.raises(RefusedByGate, match="the ledger has no word on") as caught:
            deed(fake.world, "prod")
        assert "trunkline gate registry.example/team/sample" in caught.value.hint
    with pytest.raises(RefusedByGate):
        promote(fake.world, "dev", "prod")
    assert fake.commit_in("prod") == ""
    gate(fake.world)
    release(fake.world, "prod")
    assert fake.commit_in("prod") == SHA


def test_a_word_that_is_too_old() -> None:
    """A word that is older than the environment allows counts no more, and a new one does."""
    fake = gated_world(max_age_s=3600)
    found(fake, LOW)
    gate(fake.world)
    release(fake.world, "dev")
    fake.clock.sleep(3601)
    with pytest.raises(RefusedByGate, match=r"is 1h00m old, and prod takes none that is older than 1h00m"):
        release(fake.world, "prod")
    gate(fake.world)
    release(fake.world, "prod")


def test_the_newest_word_counts() -> None:
    """An image that passed once and was refused since goes nowhere where the word is asked for."""
    fake = gated_world(max_age_s=3600)
    digest = found(fake, LOW)
    gate(fake.world)
    release(fake.world, "dev")
    fake.scanner.looks[digest] = [Look(ScanState.SCANNED, Report("fake", digest, (HIGH,), 12))]
    fake.clock.sleep(1)
    refused(fake)
    with pytest.raises(RefusedByGate, match="The gate refused"):
        release(fake.world, "prod")


def test_going_back_asks_nobody() -> None:
    """A rollback returns to what ran before, whatever the gate says of it today."""
    fake = gated_world(max_age_s=3600)
    found(fake, LOW)
    gate(fake.world)
    release(fake.world, "dev")
    release(fake.world, "prod")
    fake.check_out(NEXT)
    found(fake, LOW, commit=NEXT)
    gate(fake.world)
    release(fake.world, "dev")
    release(fake.world, "prod")
    fake.clock.sleep(7200)
    rollback(fake.world, "prod")
    assert fake.commit_in("prod") == SHA
