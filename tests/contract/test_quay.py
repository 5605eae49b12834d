"""The scanner's adapter against a strict Quay: every state and error of its scenarios, and who may see what."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.processes import FakeProcesses
from tests.fakes.quay import Quay, Scenario, Step
from tests.fakes.quay.scenarios_read import names
from trunkline.adapters.http import HttpClient
from trunkline.adapters.quay import QuayScanner
from trunkline.adapters.registry import OciRegistry
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.logins import Login
from trunkline.domain.redaction import Redactor
from trunkline.domain.vulnerabilities import Look, ScanState, Severity
from trunkline.errors import Refused, Unreachable
from trunkline.run.scanning import await_scan

NAME, PASSWORD, TOKEN = "acme+ci", "p4ss-word-of-a-robot", "oauth-token-of-acme"
PATH = "acme/api"


@dataclass
class Stage:
    """A Quay with a robot that may read a private repository, and how to ask about an image in it."""

    quay: Quay
    clock: FakeClock
    settings: ImageSettings
    warnings: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def image(self, script: Scenario | str = "scanned") -> ImageReference:
        digest = self.quay.image(PATH, "one")
        self.quay.play(PATH, digest, script)
        return parse_image(f"{self.quay.host}/{PATH}:one@{digest}")

    def index(self, script: Scenario | str) -> ImageReference:
        digest = self.quay.index(PATH, "all", "linux/amd64", "linux/arm64", attested=True)
        self.quay.play(PATH, digest, script)
        return parse_image(f"{self.quay.host}/{PATH}:all@{digest}")

    def scanner(self, token: str = "") -> QuayScanner:
        http, processes = HttpClient(), FakeProcesses(lambda command: AssertionError(command.argv))
        registry = OciRegistry(http, {}, Path("/nonexistent"), Redactor(), processes, pause=self.clock.sleep)
        return QuayScanner(http, _login, registry.platforms, token=token, warn=self.warnings.append)

    def look(self, image: ImageReference, token: str = "") -> Look:
        return self.scanner(token).look(image, self.settings)

    def wait(self, image: ImageReference, timeout_s: float = 300.0) -> Look:
        chance = random.Random(5).random
        return await_scan(
            self.scanner(), image, self.settings, self.clock, timeout_s, self.told.append, chance
        )

    def as_somebody_else(self, username: str = "", password: str = "") -> None:
        self.settings = replace(self.settings, username=username, password=password)

    def statuses(self, part: str = "/security") -> list[int]:
        return [seen.status for seen in self.quay.seen if part in seen.path]


def _login(image: ImageReference, settings: ImageSettings) -> Login | None:
    return Login(settings.username, settings.password) if settings.username else None


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = FakeClock()
    with Quay(now=clock.monotonic) as quay:
        quay.robot(NAME, PASSWORD, acme__api="read")
        quay.repository(PATH)
        yield Stage(quay, clock, ImageSettings(None, username=NAME, password=PASSWORD))


_FIRST_LOOKS: dict[str, ScanState | type[Unreachable]] = {
    "broken": Unreachable,
    "cut": Unreachable,
    "dropped": Unreachable,
    "failed": ScanState.FAILED,
    "failed-then-scanned": ScanState.QUEUED,
    "findings": ScanState.SCANNED,
    "limited": Unreachable,
    "login": Refused,
    "no-packages": ScanState.SCANNED,
    "no-quay": ScanState.NOT_SCANNED,
    "page": Refused,
    "platform-too-large": ScanState.QUEUED,
    "platforms": ScanState.QUEUED,
    "queued": ScanState.QUEUED,
    "queued-for-seconds": ScanState.QUEUED,
    "queued-then-scanned": ScanState.QUEUED,
    "scanned": ScanState.SCANNED,
    "scanned-then-queued": ScanState.SCANNED,
    "scanner-down": ScanState.SCANNER_DOWN,
    "scanner-down-then-scanned": ScanState.SCANNER_DOWN,
    "slow": ScanState.QUEUED,
    "stumbling": Unreachable,
    "too-large": ScanState.QUEUED,
    "truncated": Unreachable,
    "unavailable": Unreachable,
    "unsupported": ScanState.UNSUPPORTED,
}
_ENDS: dict[str, ScanState | type[Unreachable]] = {
    **_FIRST_LOOKS,
    "failed-then-scanned": ScanState.SCANNED,
    "limited": ScanState.SCANNED,
    "platform-too-large": ScanState.TOO_LARGE,
    "platforms": ScanState.SCANNED,
    "queued-for-seconds": ScanState.SCANNED,
    "queued-then-scanned": ScanState.SCANNED,
    "scanner-down-then-scanned": ScanState.SCANNED,
    "slow": ScanState.SCANNED,
    "stumbling": ScanState.SCANNED,
    "too-large": ScanState.TOO_LARGE,
}


def _outcome(stage: Stage, name: str, ask: Callable[[ImageReference], Look]) -> ScanState | type[Exception]:
    image = stage.index(name) if name.startswith("platform") else stage.image(name)
    try:
        look = ask(image)
    except Unreachable as error:
        _is_good(error)
        return type(error)
    assert look.state is ScanState.SCANNED or look.detail or look.state in _PLAIN
    return look.state


_PLAIN = {ScanState.QUEUED, ScanState.FAILED, ScanState.UNSUPPORTED, ScanState.TOO_LARGE}


def _is_good(error: Unreachable) -> None:
    said = f"{error.message} {error.hint}"
    assert "127.0.0.1:" in error.message
    assert error.hint
    assert PASSWORD not in said
    assert error.exit_code == 7


def test_every_scenario_has_its_line() -> None:
    """Every scenario that comes with the stand-in is in the tables."""
    assert sorted(_FIRST_LOOKS) == sorted(_ENDS) == names()


@pytest.mark.parametrize("name", _FIRST_LOOKS)
def test_first_looks(stage: Stage, name: str) -> None:
    """One look tells what is now, or fails with a sentence that names the server and what to do."""
    assert _outcome(stage, name, stage.look) == _FIRST_LOOKS[name]


@pytest.mark.parametrize("name", _ENDS)
def test_ends(stage: Stage, name: str) -> None:
    """A wait outlasts what passes, and ends where nothing changes any more."""
    assert _outcome(stage, name, stage.wait) == _ENDS[name]


def test_nothing_is_asked_but_what_quay_has(stage: Stage) -> None:
    """Digests are asked for with `vulnerabilities=true`, with the login in the header, and no more is asked of the API."""
    stage.wait(stage.index("platforms"))
    api = [seen for seen in stage.quay.seen if seen.path.startswith("/api/")]
    assert api
    for seen in api:
        assert "/manifest/sha256:" in seen.path
        assert seen.query == {"vulnerabilities": "true"}
        assert seen.authorization.startswith("Basic ")
    assert not any(PASSWORD in f"{seen.path}{seen.query}" for seen in stage.quay.seen)


def test_findings(stage: Stage) -> None:
    """What Quay found arrives whole: weights, mends, and how many packages were looked at."""
    report = stage.look(stage.image("findings")).report
    assert report
    assert report.packages == 16
    weights = [(finding.id[-1], finding.weight) for finding in report.findings]
    assert weights == [
        ("1", Severity.CRITICAL),
        ("2", Severity.HIGH),
        ("3", Severity.MEDIUM),
        ("4", Severity.LOW),
        ("5", Severity.NEGLIGIBLE),
        ("6", Severity.UNKNOWN),
    ]
    assert [finding.fixed_in for finding in report.findings][:3] == ["1.3", "", "3.1"]


def test_an_index(stage: Stage) -> None:
    """Findings of an index bear their platform, attestations are not asked for, and the index itself only once."""
    image = stage.index("platforms")
    report = stage.wait(image).report
    assert report
    assert {(finding.id, finding.platform) for finding in report.findings} == {
        ("CVE-2026-0001", "linux/amd64"),
        ("CVE-2026-0002", "linux/arm64"),
    }
    asked = [seen.path for seen in stage.quay.seen if seen.path.endswith("/security")]
    assert len(set(asked)) == 3
    assert len([path for path in asked if f"{image.digest}" in path]) == 1


def test_an_index_that_never_ends(stage: Stage) -> None:
    """When time is over, the platform that lags is named, and what is known of the others is there."""
    steps = {"linux/amd64": (Step("scanned", packages=2),), "linux/arm64": (Step("queued"),)}
    look = stage.wait(stage.index(Scenario(platforms=steps)), 20.0)
    assert (look.state, look.report and look.report.packages) == (ScanState.QUEUED, 2)
    assert look.detail == "linux/arm64: queued; waited 20s"


def test_a_scan_that_falls_back(stage: Stage) -> None:
    """A look says what is now, also when it was better before; a wait then waits again."""
    image = stage.image("scanned-then-queued")
    assert stage.look(image).state is ScanState.SCANNED
    assert stage.look(image).state is ScanState.QUEUED
    assert stage.wait(image).state is ScanState.SCANNED


def test_a_digest_that_quay_does_not_know(stage: Stage) -> None:
    """An image that was never pushed has not been scanned, and that is told."""
    look = stage.look(stage.image().with_digest("sha256:" + "0" * 64))
    assert look.state is ScanState.NOT_SCANNED
    assert "does not know sha256:0000" in look.detail


@pytest.mark.parametrize(
    ("username", "password", "says"),
    [
        ("", "", "without a login (HTTP 401: Requires authentication)"),
        (NAME, "wr0ng-password", "does not accept acme+ci (HTTP 401: Requires authentication)"),
        ("acme+other", "another-password", "to acme+other (HTTP 403: Unauthorized)"),
    ],
)
def test_who_may_not_look(stage: Stage, username: str, password: str, says: str) -> None:
    """A stranger, a wrong password and a robot without the right are each told what they are."""
    stage.quay.robot("acme+other", "another-password")
    stage.as_somebody_else(username, password)
    with pytest.raises(Refused) as caught:
        stage.wait(stage.image())
    assert says in caught.value.message
    assert not password or password not in f"{caught.value.message} {caught.value.hint}"
    assert len(stage.statuses()) == 1


def test_a_repository_that_does_not_exist(stage: Stage) -> None:
    """Quay refuses a repository that it has not, and the hint says so."""
    with pytest.raises(Refused) as caught:
        stage.look(replace(stage.image(), path="acme/other"))
    assert "does not exist" in caught.value.hint


def test_a_public_repository(stage: Stage) -> None:
    """Anybody sees a public scan, and nothing is warned of where no login was given or a good one."""
    stage.quay.repository(PATH).public = True
    image = stage.image()
    assert stage.look(image).state is ScanState.SCANNED
    stage.as_somebody_else()
    assert stage.look(image).state is ScanState.SCANNED
    assert stage.warnings == []


def test_a_wrong_password_on_a_public_repository(stage: Stage) -> None:
    """Quay says nothing of a wrong password there; we do, once."""
    stage.quay.repository(PATH).public = True
    stage.as_somebody_else(NAME, "wr0ng-password")
    assert stage.wait(stage.image("queued-then-scanned")).state is ScanState.SCANNED
    (sentence,) = stage.warnings
    assert f"{stage.quay.host} does not accept {NAME}" in sentence
    assert "wr0ng-password" not in sentence


def test_an_oauth_token(stage: Stage) -> None:
    """A token with the scope is as good as a robot; one that is unknown or of other repositories is not."""
    stage.quay.token(TOKEN, "repo:read")
    stage.quay.token("token-of-others", "repo:read", repositories=("acme/other",))
    stage.quay.token("token-of-no-scope", "user:read")
    image = stage.image()
    assert stage.look(image, TOKEN).state is ScanState.SCANNED
    for token, status in (("unknown-token", 401), ("token-of-others", 403), ("token-of-no-scope", 403)):
        with pytest.raises(Refused, match=f"HTTP {status}") as caught:
            stage.look(image, token)
        assert token not in f"{caught.value.message} {caught.value.hint}"
    assert stage.statuses("/v2/auth") == []


def test_the_time_that_a_server_wishes(stage: Stage) -> None:
    """A 429 is waited out, and a named time is kept."""
    stage.wait(stage.image("limited"))
    assert stage.clock.slept[2] >= 7.0
    assert stage.statuses() == [429, 429, 429, 200]


def test_a_wait_keeps_to_the_limit() -> None:
    """A wait for an index of twenty platforms stays within what Quay allows in its limit."""
    clock = FakeClock()
    platforms = [f"linux/arch{number}" for number in range(20)]
    with Quay(limited=True, now=clock.monotonic) as quay:
        quay.robot(NAME, PASSWORD, acme__api="read")
        stage = Stage(quay, clock, ImageSettings(None, username=NAME, password=PASSWORD))
        digest = quay.index(PATH, "all", *platforms)
        steps = (Step("queued", seconds=60), Step("scanned", packages=1))
        quay.play(PATH, digest, Scenario(platforms=dict.fromkeys(platforms, steps)))
        assert stage.wait(parse_image(f"{quay.host}/{PATH}@{digest}")).state is ScanState.SCANNED
        assert stage.statuses().count(429) <= 2


def test_nobody_is_there(stage: Stage) -> None:
    """A server that is gone is waited for as long as there is time, and then named."""
    image = replace(stage.image(), registry="127.0.0.1:1")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:1 cannot be reached"):
        stage.wait(image, 60.0)
    assert sum(stage.clock.slept) == pytest.approx(60.0)
