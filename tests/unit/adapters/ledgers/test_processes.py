"""Processes that write at once, wait for each other, and are killed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.fakes.records import a_run, an_attempt
from tests.unit.adapters.ledgers.support import assert_whole, fill, opened, raw
from trunkline.errors import ExitCode, Unreachable

ROOT = Path(__file__).resolve().parents[4]


@contextmanager
def writer(path: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is ready to write; a line on its standard input starts it."""
    command = [sys.executable, "-m", "tests.unit.adapters.ledgers.writer", str(path), *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, text=True, stdin=pipe, stdout=pipe) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def start(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_eight_at_once(path: Path) -> None:
    """Eight processes that make and fill the same new ledger at the same moment lose nothing."""
    names = [f"w{number}" for number in range(8)]
    acknowledged: set[str] = set()
    with ExitStack() as stack:
        processes = [stack.enter_context(writer(path, name, "12")) for name in names]
        for process in processes:
            start(process)
        for process in processes:
            output, _ = process.communicate(timeout=120)
            assert process.returncode == 0, output
            acknowledged |= set(output.split())
    assert acknowledged == {f"{name}-{number}" for name in names for number in range(12)}
    assert_whole(path, acknowledged)


@pytest.mark.parametrize("lives_for", [1, 4, 11])
def test_killed_while_it_writes(path: Path, lives_for: int) -> None:
    """A writer that is killed leaves a readable ledger with every row that it was told was written."""
    with writer(path, "w", "100000") as process:
        start(process)
        assert process.stdout is not None
        acknowledged = {process.stdout.readline().strip() for _ in range(lives_for)}
        process.kill()
        # Only whole lines: the last one may have been cut while it was printed.
        rest = process.stdout.read()
        acknowledged |= set(rest[: rest.rfind("\n") + 1].split())
    assert len(acknowledged) >= lives_for
    assert_whole(path, acknowledged)
    with opened(path) as ledger:
        fill(ledger)


def test_reader_while_another_writes(path: Path) -> None:
    """Reading waits for nobody: it sees what was committed before."""
    with opened(path, busy_timeout_s=0) as ledger, raw(path) as other:
        fill(ledger)
        other.execute("BEGIN IMMEDIATE")
        assert ledger.run("run-1") == a_run()


def test_locked_for_too_long(path: Path) -> None:
    """A writer that keeps others waiting beyond the timeout is named as the cause, and nothing is half-written."""
    with opened(path, busy_timeout_s=0.05) as ledger, raw(path) as other:
        ledger.open_run(a_run())
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unreachable, match=r"is locked: another process .* more than 0\.05 s") as error:
            ledger.begin(an_attempt())
        assert "try again" in error.value.hint
        other.execute("ROLLBACK")
        ledger.begin(an_attempt())


def test_writes_fail_on_the_way(path: Path) -> None:
    """A filesystem that stops taking bytes (a quota) ends in a sentence; what was acknowledged is kept."""
    with writer(path, "w", "100000", "1000000") as process:
        start(process)
        output, _ = process.communicate(timeout=60)
    *acknowledged, last = output.splitlines()
    assert process.returncode == ExitCode.UNREACHABLE
    assert last.startswith(f"Error: The ledger {path} cannot be ")
    assert len(acknowledged) > 5
    assert_whole(path, set(acknowledged))
