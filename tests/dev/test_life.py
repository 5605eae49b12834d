"""A record names one process for ever: a later process with the same number is a stranger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.cluster import life
from dev.cluster.settings import Settings

RECORDER = """
import sys, pathlib
from dev.cluster import life
from dev.cluster.settings import Settings
life.record(Settings(pathlib.Path(sys.argv[1]), 1))
print("recorded", flush=True)
input()
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, 1)


@pytest.fixture
def process(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", RECORDER, str(settings.state)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "recorded\n"
        yield running
        running.kill()


def test_a_recorded_process_lives_until_it_is_ended(
    settings: Settings, process: subprocess.Popen[str]
) -> None:
    assert life.living(settings) == process.pid
    life.end(settings)
    assert process.wait() == -9
    assert life.living(settings) is None


@pytest.mark.parametrize("change", [{"started": 1}, {"boot": "another"}])
def test_a_stranger_with_the_same_number_is_left_alone(
    settings: Settings, process: subprocess.Popen[str], change: dict[str, object]
) -> None:
    path = settings.state / "node.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert life.living(settings) is None
    life.end(settings)
    assert process.poll() is None


@pytest.mark.parametrize("content", ["", "{", "{}", '{"pid": 0, "started": 0, "boot": ""}', '{"other": 1}'])
def test_a_damaged_record_names_nobody(settings: Settings, content: str) -> None:
    (settings.state / "node.json").write_text(content)
    assert life.living(settings) is None


def test_no_record_names_nobody(settings: Settings) -> None:
    assert life.living(settings) is None
    life.end(settings)
