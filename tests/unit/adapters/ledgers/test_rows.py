"""What a record becomes on the disk: without secrets, and otherwise exactly itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.records import a_deployment, a_run, an_approval, an_attempt, an_ending, at
from tests.unit.adapters.ledgers.support import opened
from trunkline.domain.attempts import Outcome
from trunkline.domain.redaction import MASK, Redactor


def test_no_secret_reaches_the_disk(path: Path) -> None:
    """A secret in any text of any record is masked before it is written, and no file holds its bytes."""
    secret = "hunter2-æ/secret"
    url = "https://bob:pass-in-url@host/"
    with opened(path, Redactor([secret])) as ledger:
        ledger.open_run(replace(a_run(), actor=secret, branch=url, ci={secret: f"token {secret}"}))
        ledger.begin(replace(an_attempt(), image=secret, ci={"url": url}))
        ledger.intend("attempt-1", f"helm upgrade --set password={secret}", at(1))
        ending = replace(an_ending(outcome=Outcome.FAILED), reason=f"{secret} refused", undone=secret)
        ledger.end(ending, replace(a_deployment(), actor=secret))
        ledger.decide(replace(an_approval(), reason=f"because {secret}"))
        run = ledger.run("run-1")
        assert run is not None
        assert (run.actor, dict(run.ci)) == (MASK, {MASK: f"token {MASK}"})
        written = b"".join(item.read_bytes() for item in path.parent.iterdir())
    assert secret.encode() not in written
    assert b"pass-in-url" not in written
    assert written.count(MASK.encode()) >= 8


def test_masked_keys_are_found(path: Path) -> None:
    """An environment, service or run that happens to be spelled like a secret is found again all the same."""
    with opened(path, Redactor(["prod", "sample", "run-1"])) as ledger:
        ledger.open_run(a_run())
        ledger.open_run(a_run())
        ledger.begin(an_attempt(environment="prod"))
        ledger.end(an_ending(), a_deployment(environment="prod"))
        assert ledger.run("run-1") is not None
        assert len(ledger.attempts(run_id="run-1", service="sample", environment="prod")) == 1
        assert len(ledger.deployments(environment="prod")) == 1


def test_words_of_ours_pass(path: Path) -> None:
    """A password that is a word such as `deploy` or `failed` does not make the ledger unreadable."""
    redactor = Redactor(["deploy", "promotion", "failed", "rejected", "approved", "succeeded"])
    with opened(path, redactor) as ledger:
        ledger.open_run(a_run())
        ledger.begin(an_attempt())
        ledger.end(an_ending(outcome=Outcome.FAILED))
        (record,) = ledger.attempts()
        assert record.attempt == an_attempt()
        assert record.ending is not None
        assert record.ending.outcome is Outcome.FAILED


def test_undecodable_bytes(path: Path) -> None:
    """A reason made of bytes that are no UTF-8 is written in escapes: the ending counts, not its spelling."""
    with opened(path) as ledger:
        ledger.open_run(replace(a_run(), ci={"CIRCLE_JOB": "\udcff"}))
        ledger.begin(an_attempt())
        ledger.end(replace(an_ending(outcome=Outcome.FAILED), reason="exec: \udcff\udcfe"))
        (record,) = ledger.attempts()
        assert record.ending is not None
        assert record.ending.reason == "exec: \\udcff\\udcfe"


def test_naive_moment(path: Path) -> None:
    """A moment without a time zone is a fault: it would be read as another one later."""
    with opened(path) as ledger, pytest.raises(ValueError, match="has no time zone"):
        ledger.open_run(replace(a_run(), started_at=at(0).replace(tzinfo=None)))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(),
    ci=st.dictionaries(st.text(), st.text()),
    moment=st.datetimes(timezones=st.just(UTC)),
)
def test_any_text(path: Path, text: str, ci: dict[str, str], moment: datetime) -> None:
    """Whatever text, mapping and moment is written is read again, exactly."""
    path.unlink(missing_ok=True)
    run = replace(a_run(), actor=text, until=text, ci=ci, started_at=moment)
    with opened(path) as ledger:
        ledger.open_run(run)
        assert ledger.run(run.id) == run
