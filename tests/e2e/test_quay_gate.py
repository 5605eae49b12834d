"""The installed program asks a strict Quay for its scan: exit codes, sentences, and no secret anywhere."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.workbench import Workbench, clean_environment
from tests.fakes.quay import Quay

PATH, NAME, PASSWORD = "acme/api", "acme+ci", "p4ss-word-of-a-robot"
PROJECT = """\
version: 1
service: api
image:
  repository: {host}/acme/api
  username: ${{QUAY_USERNAME}}
  password: ${{QUAY_PASSWORD}}
gate:
  timeout: {timeout}
chart: {{path: chart}}
environments:
  dev: {{namespace: dev}}
"""


@dataclass
class Stage:
    """A project whose images are in a Quay, and the installed program in it."""

    quay: Quay
    bench: Workbench

    def image(self, scenario: str) -> str:
        digest = self.quay.image(PATH, "one")
        self.quay.play(PATH, digest, scenario)
        return f"{self.quay.host}/{PATH}:one"

    def write(self, timeout: str = "1s") -> None:
        text = PROJECT.format(host=self.quay.host, timeout=timeout)
        (self.bench.directory / "trunkline.yaml").write_text(text, encoding="utf-8")
        self.bench.commit()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    environment = {
        **clean_environment(tmp_path / "state"),
        "TRUNKLINE_LEDGER": f"sqlite:///{tmp_path / 'ledger.db'}",
        "QUAY_USERNAME": NAME,
        "QUAY_PASSWORD": PASSWORD,
    }
    project = tmp_path / "project"
    project.mkdir()
    bench = Workbench(project, environment)
    bench.tool("git", "init", "--quiet", "--initial-branch", "main")
    bench.tool("git", "config", "user.name", "Test")
    bench.tool("git", "config", "user.email", "test@example.com")
    with Quay() as quay:
        quay.robot(NAME, PASSWORD, acme__api="read")
        quay.repository(PATH)
        stage = Stage(quay, bench)
        stage.write()
        yield stage
        bench.end()


@pytest.mark.parametrize(
    ("scenario", "code", "says"),
    [
        ("scanned", 0, ""),
        ("findings", 4, "CVE-2026-0001 in zlib 1.2"),
        ("queued", 4, "waited 1.0s"),
        ("unsupported", 4, "cannot read images of this kind"),
        ("no-quay", 4, "has no Quay API"),
        ("scanner-down", 4, "cannot reach its scanner"),
        ("login", 7, "none of Quay's"),
        ("unavailable", 7, "HTTP 503"),
    ],
)
def test_how_it_ends(stage: Stage, scenario: str, code: int, says: str) -> None:
    """A clean scan passes, findings and missing results are refused by the policy, and a Quay in trouble is exit 7."""
    outcome = stage.bench.trunkline("gate", stage.image(scenario))
    assert outcome.code == code, str(outcome)
    assert says in outcome.stderr
    assert PASSWORD not in str(outcome)


def test_an_index(stage: Stage) -> None:
    """Of an index every platform is judged, and a row says on which it is."""
    digest = stage.quay.index(PATH, "all", "linux/amd64", "linux/arm64", attested=True)
    stage.quay.play(PATH, digest, "platforms")
    stage.write("60s")
    outcome = stage.bench.trunkline("gate", f"{stage.quay.host}/{PATH}:all", "--all")
    assert outcome.code == 4, str(outcome)
    lines = [line for line in outcome.stdout.splitlines() if "https:" in line]
    rows = {word: line for line in lines for word in line.split() if word.startswith("CVE-")}
    assert "linux/amd64" in rows["CVE-2026-0001"]
    assert "linux/arm64" in rows["CVE-2026-0002"]


def test_a_wrong_password(stage: Stage) -> None:
    """A robot that Quay does not know ends the command at once, with its name and without its password."""
    image = f"{stage.image('scanned')}@{stage.quay.repositories[PATH].history[-1].digest}"
    outcome = stage.bench.trunkline("gate", image, env={"QUAY_PASSWORD": "wr0ng-password"})
    assert outcome.code == 7, str(outcome)
    assert f"does not accept {NAME}" in outcome.stderr
    assert "wr0ng-password" not in str(outcome)


def test_a_wrong_password_on_a_public_repository(stage: Stage) -> None:
    """Where anybody may look the scan counts, with a warning that the robot is not known."""
    stage.quay.repository(PATH).public = True
    image = f"{stage.image('scanned')}@{stage.quay.repositories[PATH].history[-1].digest}"
    outcome = stage.bench.trunkline("gate", image, env={"QUAY_PASSWORD": "wr0ng-password"})
    assert outcome.code == 0, str(outcome)
    assert f"does not accept {NAME}" in outcome.stderr
    assert "wr0ng-password" not in str(outcome)


def test_a_person_interrupts(stage: Stage) -> None:
    """Ctrl-C ends a wait of ten minutes at once."""
    image = stage.image("queued")
    stage.write("10m")
    process = stage.bench.start("gate", image)
    assert process.stderr is not None
    assert any("the scan is queued" in line for line in process.stderr)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
