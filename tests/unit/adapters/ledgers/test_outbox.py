"""Secrets in what waits to be told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.fakes.records import a_run, an_attempt, an_ending, at
from tests.unit.adapters.ledgers.support import opened, raw
from trunkline.adapters.ledgers.entries import Entry, parse_entry
from trunkline.domain.attempts import Outcome
from trunkline.domain.measurements import Labels, measurements
from trunkline.domain.parcels import Message, Origin, message, of_attempt
from trunkline.domain.redaction import Redactor

SECRET = "hunter2hunter2"


def a_message(redactor: Redactor) -> Message:
    attempt = replace(an_attempt(), branch=SECRET)
    ending = replace(an_ending(outcome=Outcome.FAILED), reason=f"It said {SECRET}.")
    measured = measurements(attempt, ending, Labels(), redactor)
    return message("sink", of_attempt(a_run(), attempt, Origin(), ending, measured=measured))


def test_no_secret_waits_in_the_outbox(path: Path) -> None:
    """A secret in what an attempt says of itself is masked in the message about it."""
    redactor = Redactor([SECRET])
    with opened(path, redactor) as ledger:
        ledger.open_run(a_run())
        ledger.begin(an_attempt(), [a_message(redactor)])
        assert SECRET not in str(ledger.claim("sink", at(0), at(60), 1))
    with raw(path) as connection:
        assert SECRET not in str(connection.execute("SELECT * FROM outbox").fetchall())


def test_no_secret_in_an_entry() -> None:
    """Nor is it in an object; and where a secret is a word of ours, the object is still read."""
    told = a_message(Redactor())
    content = Entry((replace(a_run(), actor=SECRET),), ((told, 0),)).dump(Redactor([SECRET]).text)
    read = parse_entry(content)
    assert read.records[0] == replace(a_run(), actor=Redactor([SECRET]).text(SECRET))
    assert SECRET not in str([item.parcel.attempt for item, _ in read.messages])
    odd = Redactor(["trunkline", "records", "deploy", "attempt"])
    assert (
        parse_entry(Entry((a_run(),), ((told, 0),)).dump(odd.text)).messages[0][0].parcel.attempt is not None
    )
