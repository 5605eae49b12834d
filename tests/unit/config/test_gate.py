"""The gate's settings: what is read of them, and every mistake in them."""

from __future__ import annotations

from datetime import date

import pytest

from tests.unit.config.files import VALID, mistakes, read
from trunkline.config.project import GateSettings
from trunkline.domain.vulnerabilities.findings import Severity
from trunkline.domain.vulnerabilities.policy import Exemption, Policy, Reaction

EXCEPTION = "{id: CVE-2026-1, reason: off, owner: ada, until: 2026-12-31"


def gate(text: str) -> str:
    return f"{VALID}gate:\n{text}"


def test_no_gate() -> None:
    """A file without the section has no gate."""
    project = read(VALID)
    assert project.gate is None
    assert [item.gate_max_age_s for item in project.environments] == [0, 0]


def test_defaults() -> None:
    """An empty section is a gate with Quay's scanner and the policy's own defaults."""
    assert read(f"{VALID}gate: {{}}\n").gate == GateSettings(Policy())


def test_everything() -> None:
    """Every key is read, durations in seconds, days as days."""
    text = gate(
        "  {scanner: quay, url: 'https://quay.example.com', token: '${TOKEN}', timeout: 2m, fail_on: critical,\n"
        "   fixable_only: true, grace_days: 7, ignore_packages: [linux-*], unknown: refuse, no_packages: pass,\n"
        f"   without_result: warn, compare_with: qa, exceptions: [{EXCEPTION}, package: 'zlib*'}}]}}\n"
    ).replace("    needs: [dev]\n", "    needs: [dev]\n    gate_max_age: 7d\n")
    project = read(text, {"TOKEN": "hunter2hunter2"})
    assert project.environments[1].gate_max_age_s == 7 * 86400
    exemption = Exemption("CVE-2026-1", "off", "ada", date(2026, 12, 31), "zlib*")
    policy = Policy(
        Severity.CRITICAL,
        fixable_only=True,
        grace_days=7,
        packages_ignored=("linux-*",),
        exceptions=(exemption,),
        without_result=Reaction.WARN,
        unknown=Reaction.REFUSE,
        no_packages=Reaction.PASS,
        new_only=True,
    )
    assert project.gate == GateSettings(
        policy, url="https://quay.example.com", token="hunter2hunter2", timeout_s=120, compare_with="qa"
    )
    assert "hunter2" not in repr(project.gate)


def test_reports() -> None:
    """Reports of other scanners are named by globs."""
    found = read(gate("  {scanner: reports, reports: ['out/*.json'], fail_on: never}\n")).gate
    assert found == GateSettings(Policy(None), scanner="reports", reports=("out/*.json",))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("  {fail_on: hihg}\n", "did you mean 'high'?"),
        ("  {fail_on: unknown}\n", "never"),
        ("  {scanner: reports}\n", "needs 'reports'"),
        ("  {reports: [a.json]}\n", "'scanner: reports' only"),
        ("  {scanner: reports, reports: [a.json], url: 'https://quay.example.com'}\n", "'url' is for"),
        ("  {token: hunter2hunter2}\n", "a password never stands in a file"),
        ("  {compare_with: pord}\n", "there is no environment"),
        ("  {timeout: 0s}\n", "longer than nothing"),
        ("  {grace_days: -1}\n", "a whole number from 0"),
        ("  {exceptions: [{id: CVE-2026-1, reason: off, owner: ada}]}\n", "until"),
        (
            "  {exceptions: [{id: CVE-2026-1, reason: off, owner: ada, until: 2026-02-30}]}\n",
            "a day of the calendar",
        ),
        (f"  {{exceptions: [{EXCEPTION}}}, {EXCEPTION.lower()}}}]}}\n", "let off twice"),
    ],
)
def test_mistakes(text: str, says: str) -> None:
    """Each mistake is told where it is, with what was expected."""
    (mistake,) = mistakes(gate(text))
    assert says in mistake
    assert mistake.startswith("trunkline.yaml:")


def test_an_age_without_a_gate() -> None:
    """An environment that asks for the gate's word in a file without a gate is a mistake."""
    text = VALID.replace("    needs: [dev]\n", "    needs: [dev]\n    gate_max_age: 7d\n")
    (mistake,) = mistakes(text)
    assert "there is no gate" in mistake


def test_all_at_once() -> None:
    """All mistakes of the gate are told together."""
    assert len(mistakes(gate("  {fail_on: bad, grace_days: x, compare_with: nowhere}\n"))) == 3
