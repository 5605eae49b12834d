"""The vulnerability gate: what a scanner knows of an image, judged by the project's policy, and remembered.

The word that counts is the newest one on a digest: production asks the ledger for it, whoever had the gate give it.
"""

from __future__ import annotations

from collections.abc import Callable

from trunkline.app.gate_word import CAUSE
from trunkline.app.images import image_of
from trunkline.config.project import Environment, GateSettings
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Run, Stage
from trunkline.domain.commits import Commit
from trunkline.domain.gates import GateOutcome, GateRecord
from trunkline.domain.images import ImageReference
from trunkline.domain.vulnerabilities import Report, ScanState
from trunkline.domain.vulnerabilities.judgement import judge
from trunkline.domain.vulnerabilities.outcomes import Judgement, Outcome, Topic
from trunkline.domain.vulnerabilities.policy import Policy
from trunkline.domain.vulnerabilities.remembered import details, report_from
from trunkline.errors import ConfigurationError, RefusedByGate, TrunklineError, UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.plan.releases import image_in
from trunkline.ports import World
from trunkline.run.attempts import Account, Subject, attempt, begin_run
from trunkline.run.scanning import await_scan


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate said of an image; `environment` is where it runs, empty for one that is on its way."""

    image: ImageReference
    environment: str
    judgement: Judgement
    record: GateRecord


@dataclass(frozen=True, slots=True)
class _Looked:
    image: ImageReference
    commit: Commit
    environment: str = ""


def gate(
    world: World,
    image: ImageReference | None = None,
    environment: str = "",
    run: Run | None = None,
    reports: tuple[str, ...] = (),
    on_judged: Callable[[Gated], None] = lambda _: None,
) -> Gated:
    """Have an image judged: that of the commit that is checked out, a given one, or the one that runs somewhere.

    Args:
        world: the World.
        image: any image; one without a digest is pinned first.
        environment: look again at what runs there, with what is known today.
        run: the run that this is a stage of.
        reports: files that say what was found, instead of the configured scanner.
        on_judged: is told before a refusal is raised.

    Raises:
        RefusedByGate: the policy refuses it. ConfigurationError: there is no gate.
        UsageError: there is no such image. Unreachable: registry, scanner or cluster do not answer.
    """
    settings = _settings(world, reports)
    looked = _looked(world, image, environment)
    run = run or begin_run(world, looked.commit)
    subject = Subject(Stage.GATE, looked.commit, environment, str(looked.image))

    def body(account: Account) -> Gated:
        account.digest = looked.image.digest or ""
        gated = _judged(world, settings, looked, run, reports, account)
        on_judged(gated)
        if gated.judgement.outcome is Outcome.REFUSED:
            account.cause = CAUSE
            raise _refusal(gated)
        return gated

    return attempt(world, run, subject, body)


def _settings(world: World, reports: tuple[str, ...]) -> GateSettings:
    if world.project.gate is not None:
        return world.project.gate
    if reports:
        return GateSettings(Policy(), scanner="reports")
    raise ConfigurationError(
        f"{world.project.source} configures no gate: nothing says who scans, and what is refused.",
        hint="Add a section `gate` (docs/how-to/gate.md), or name a scanner's report with --report.",
    )


def _looked(world: World, image: ImageReference | None, name: str) -> _Looked:
    if name:
        return _running(world, find_environment(world.project, name))
    commit = world.source.commit(world.project.trunk)
    if image is None:
        repository = world.project.image.repository
        if repository is None:
            raise UsageError("No image is configured.", "Name one: trunkline gate IMAGE.")
        return _Looked(image_of(world, commit, repository), commit)
    if image.digest is None:
        digest = world.registry.digest(image, world.project.image)
        if digest is None:
            raise UsageError(f"There is no image {image} in the registry.", "Name one that was pushed.")
        image = image.with_digest(digest)
    return _Looked(image, commit)


def _running(world: World, environment: Environment) -> _Looked:
    """What an environment runs, as the marks of its newest good revision tell."""
    target = environment.target
    history = world.helm(target.cluster).history(target)
    good = history.last_good(world.cluster(target.cluster).good_revisions(target))
    marks = history.marks(good) if good else None
    image = image_in(marks) if marks else None
    if marks is None or image is None or image.digest is None:
        raise UsageError(
            f"{environment.name} runs nothing that Trunkline deployed by digest.",
            f"Deploy to it first: trunkline release {environment.name}",
        )
    return _Looked(image, Commit(marks.commit), environment.name)


def _judged(
    world: World,
    settings: GateSettings,
    looked: _Looked,
    run: Run,
    reports: tuple[str, ...],
    account: Account,
) -> Gated:
    scanner = world.scanner(reports)
    account.voice.note(f"asking {scanner.name} about {looked.image}")
    look = await_scan(
        scanner, looked.image, world.project.image, world.clock, settings.timeout_s, account.voice.note
    )
    baseline = _baseline(world, settings, looked, reports, account)
    judgement = judge(settings.policy, look, baseline, world.clock.now().date())
    for note in judgement.notes:
        account.voice.warn(note.sentence)
    record = GateRecord(
        id=account.attempt.id,
        attempt_id=account.attempt.id,
        run_id=run.id,
        service=world.project.service,
        environment=looked.environment,
        image=str(looked.image),
        digest=looked.image.digest or "",
        outcome=GateOutcome(judgement.outcome.value),
        source=judgement.source,
        summary=judgement.summary,
        judged_at=world.clock.now(),
        details=details(judgement),
    )
    world.ledger.judge(record)
    account.voice.note(judgement.summary)
    return Gated(looked.image, looked.environment, judgement, record)


def _baseline(
    world: World, settings: GateSettings, looked: _Looked, reports: tuple[str, ...], account: Account
) -> Report | None:
    """What the image that is compared with has; None, with a word on why, where nobody knows."""
    if not settings.compare_with or settings.compare_with == looked.environment:
        return None
    try:
        other = _running(world, find_environment(world.project, settings.compare_with)).image
        known = world.ledger.gates(digest=other.digest or "", limit=1)
        if known:
            return report_from(known[0].source, known[0].digest, known[0].details)
        if reports or settings.scanner == "reports":
            raise UsageError(f"the ledger has no word on {other}")
        look = world.scanner(()).look(other, world.project.image)
    except TrunklineError as error:
        account.voice.warn(f"nothing to compare with: {error.message}")
        return None
    return look.report if look.state is ScanState.SCANNED else None


def _refusal(gated: Gated) -> RefusedByGate:
    where = f", which runs in {gated.environment}" if gated.environment else ""
    summary = gated.judgement.summary
    decisive = [
        note.sentence
        for note in gated.judgement.notes
        if (note.outcome is Outcome.REFUSED or note.topic is Topic.ENDED) and note.sentence != summary
    ]
    error = RefusedByGate(
        " ".join(
            (
                f"The gate refuses {gated.image}{where}: {summary}",
                *decisive,
            )
        ),
        "Update what is named, or let it off for a time (`gate.exceptions`, with reason, owner and end).",
    )
    error.facts["gate"] = shown(gated)
    return error


def shown(gated: Gated) -> dict[str, object]:
    """What the gate said, for programs."""
    record = gated.record
    return {
        "image": str(gated.image),
        "digest": record.digest,
        "environment": gated.environment,
        "outcome": record.outcome.value,
        "source": record.source,
        "summary": record.summary,
        "judged_at": record.judged_at.isoformat().replace("+00:00", "Z"),
        **record.details,
    }
