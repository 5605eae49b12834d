"""A whole ledger as lines of JSON: one for each record, between a first and a last one of their own.

A record never comes before what it refers to, so that the lines can be written again as they come. The last line counts
the records: a file that was cut off is known as such, and nothing of it is taken.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from trunkline.domain.attempts import Approval, Attempt, Deployment, Ending, Run, StepBegun
from trunkline.domain.delivery.marks import Mark
from trunkline.domain.gates import GateRecord
from trunkline.domain.records import dump, load

VERSION = 1
LedgerRecord = Run | Attempt | StepBegun | Ending | Approval | Deployment | GateRecord | Mark
# In an order in which each refers to earlier ones only.
KINDS: dict[str, type[LedgerRecord]] = {
    "run": Run,
    "attempt": Attempt,
    "step": StepBegun,
    "ending": Ending,
    "approval": Approval,
    "deployment": Deployment,
    "gate": GateRecord,
    "mark": Mark,
}
_NAMES = {kind: name for name, kind in KINDS.items()}


def dump_record(record: LedgerRecord) -> dict[str, Any]:
    """A record with the name of its kind, as JSON has it."""
    return {"kind": _NAMES[type(record)], "record": dump(record)}


def load_record(content: Mapping[str, Any], where: str) -> LedgerRecord:
    """What `dump_record` made.

    Raises:
        ValueError: it is of no kind that is known, or not as its kind is; the message begins with `where`.
    """
    kind = KINDS.get(str(content.get("kind")))
    if kind is None:
        raise ValueError(f"{where} is of no kind that this version knows ({', '.join(KINDS)})")
    try:
        record: LedgerRecord = load(kind, content.get("record"))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    return record


def write_lines(records: Iterable[LedgerRecord]) -> Iterator[str]:
    """The lines of a ledger, without their line feeds."""
    yield _json({"trunkline-ledger": VERSION})
    count = 0
    for record in records:
        yield _json(dump_record(record))
        count += 1
    yield _json({"records": count})


def read_lines(lines: Iterable[str]) -> Iterator[LedgerRecord]:
    """The records of such lines.

    Raises:
        ValueError: they are not those of a ledger, or not all of them; the message names the line.
    """
    numbered = enumerate(lines, 1)
    number, first = next(numbered, (1, ""))
    if _object(first, number).get("trunkline-ledger") != VERSION:
        raise ValueError(f"line 1 is not the first one of a ledger that this version reads ({VERSION})")
    for number, line in numbered:
        content = _object(line, number)
        if "records" in content:
            # Before it stand the first line and the records.
            _check_end(content["records"], number - 2, next(numbered, None))
            return
        yield load_record(content, f"line {number}")
    raise ValueError(
        f"it is cut off after line {number}: the last line, which counts the records, is missing"
    )


def _check_end(told: object, count: int, after: tuple[int, str] | None) -> None:
    if told != count:
        raise ValueError(f"it has {count} records, and its last line counts {told}")
    if after is not None and after[1].strip():
        raise ValueError(f"line {after[0]} stands behind the last one")


def _object(line: str, number: int) -> dict[str, object]:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError(f"line {number} is no JSON") from None
    if not isinstance(content, dict):
        raise ValueError(f"line {number} is no JSON object")  # noqa: TRY004 - what was read, not the call, is wrong
    return content


def _json(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
