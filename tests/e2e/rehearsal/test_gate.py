"""`trunkline gate` and a gated pipeline: the installed program, a scanner's report, a simulated cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_docs import blocks, page
from tests.e2e.workbench import Workbench
from trunkline.config.load import read_project

DIGEST = f"sha256:{'a' * 64}"
IMAGE = f"quay.io/acme/sample:1.0.0@{DIGEST}"


def trivy(*vulnerabilities: dict[str, Any], digest: str = DIGEST) -> str:
    result = {
        "Target": "debian",
        "Class": "os-pkgs",
        "Type": "debian",
        "Packages": [{"Name": "zlib1g", "Version": "1.2"}],
        "Vulnerabilities": list(vulnerabilities),
    }
    metadata = {"RepoDigests": [f"quay.io/acme/sample@{digest}"]}
    return json.dumps({"SchemaVersion": 2, "ArtifactName": IMAGE, "Metadata": metadata, "Results": [result]})


CRITICAL = {
    "VulnerabilityID": "CVE-2026-1",
    "PkgName": "zlib1g",
    "InstalledVersion": "1.2",
    "FixedVersion": "1.3",
    "Severity": "CRITICAL",
    "PrimaryURL": "https://security.example.org/CVE-2026-1",
}
LOW = {**CRITICAL, "VulnerabilityID": "CVE-2026-2", "Severity": "LOW"}


def write(workbench: Workbench, name: str, text: str) -> Path:
    path = workbench.directory / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_image_that_passes(workbench: Workbench) -> None:
    """An image whose report holds nothing that gates passes, and the ledger has the word."""
    write(workbench, "trivy.json", trivy(LOW))
    outcome = workbench.succeed("gate", IMAGE, "--report", "trivy.json")
    assert "passed: No vulnerability gates: 1 below." in outcome.stdout
    assert "1 more do not count" in outcome.stdout
    assert "CVE-2026-2" in workbench.succeed("gate", IMAGE, "--report", "trivy.json", "--all").stdout
    found = workbench.succeed("gate", IMAGE, "--report", "trivy.json", "--output", "json").json
    assert (found["outcome"], found["digest"], found["source"]) == ("passed", DIGEST, "trivy")
    assert [item["attempt"]["stage"] for item in workbench.attempts()] == ["gate"] * 3


def test_an_image_that_is_refused(workbench: Workbench) -> None:
    """A refusal is exit code 4; table, JSON, SARIF and Markdown all name what gates."""
    write(workbench, "trivy.json", trivy(CRITICAL, LOW))
    files = ("--sarif", "out/gate.sarif", "--markdown", "out/gate.md")
    outcome = workbench.trunkline("gate", IMAGE, "--report", "trivy.json", *files)
    assert outcome.code == 4, str(outcome)
    row = next(line for line in outcome.stdout.splitlines() if "CVE-2026-1" in line)
    assert row.split()[:6] == ["gates", "critical", "CVE-2026-1", "zlib1g", "1.2", "1.3"]
    assert "CVE-2026-1 in zlib1g 1.2 (critical, fixed in 1.3)" in outcome.stderr
    (run,) = json.loads((workbench.directory / "out/gate.sarif").read_text(encoding="utf-8"))["runs"]
    assert {result["ruleId"] for result in run["results"]} >= {"CVE-2026-1"}
    assert "CVE-2026-1" in (workbench.directory / "out/gate.md").read_text(encoding="utf-8")
    told = workbench.trunkline("gate", IMAGE, "--report", "trivy.json", "--output", "json")
    assert told.code == 4
    assert told.json["exit_code"] == 4
    assert [row["standing"] for row in told.json["gate"]["rows"]] == ["gates", "below"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "it is no JSON"),
        ("[]", "is no scanner's report"),
        ('{"bomFormat": "CycloneDX"}', "CycloneDX"),
        (trivy(digest=f"sha256:{'b' * 64}"), "is about another image"),
    ],
)
def test_a_report_that_is_none(workbench: Workbench, text: str, says: str) -> None:
    """A file that is no report, or about another image, is exit code 2 and never a clean scan."""
    write(workbench, "report.json", text)
    outcome = workbench.trunkline("gate", IMAGE, "--report", "report.json")
    assert outcome.code == 2, str(outcome)
    assert says in outcome.stderr


def test_no_report_at_all(workbench: Workbench) -> None:
    """A report that is not there is no result, which is refused."""
    outcome = workbench.trunkline("gate", IMAGE, "--report", "reports/*.json")
    assert outcome.code == 4
    assert "there is no file reports/*.json" in outcome.stderr


def test_no_gate(workbench: Workbench) -> None:
    """Without a gate in the project that is said, with what to do."""
    outcome = workbench.trunkline("gate", IMAGE)
    assert outcome.code == 2
    assert "configures no gate" in outcome.stderr


def test_a_gated_pipeline(workbench: Workbench) -> None:
    """A run waits for the gate after the build; what it refuses goes nowhere, and production asks for its word."""
    path = workbench.directory / "trunkline.yaml"
    text = path.read_text(encoding="utf-8").replace("  prod:\n", "  prod:\n    gate_max_age: 1h\n")
    path.write_text(f"{text}\ngate: {{scanner: reports, reports: [trivy.json]}}\n", encoding="utf-8")
    workbench.commit("Keep vulnerable images out")
    workbench.succeed("cluster", "up")
    built = workbench.succeed("build", "--output", "json").json
    yes = ("--approve", "qa", "--approve", "prod")
    write(workbench, "trivy.json", trivy(CRITICAL, digest=built["digest"]))
    # The report is no part of the commit.
    write(workbench, ".git/info/exclude", "trivy.json\n")
    refused = workbench.trunkline("run", *yes)
    assert refused.code == 4, str(refused)
    assert "deploy" not in {item["attempt"]["stage"] for item in workbench.attempts()}
    for environment in ("dev", "qa"):
        workbench.succeed("release", environment, "--approve")
    held = workbench.trunkline("release", "prod", "--approve")
    assert held.code == 4, str(held)
    assert "The gate refused" in held.stderr
    write(workbench, "trivy.json", trivy(LOW, digest=built["digest"]))
    workbench.succeed("run", "--resume", *yes)
    standings = workbench.succeed("status", "--output", "json").json
    assert all(item["good"] for item in standings)
    again = workbench.succeed("gate", "--environment", "prod", "--output", "json").json
    assert (again["environment"], again["digest"]) == ("prod", built["digest"])


def test_the_page() -> None:
    """The examples of "Keep vulnerable images out" load without a mistake."""
    base = "version: 1\nservice: sample\nimage: {repository: quay.io/acme/sample}\nchart: {path: chart}\n"
    environments = "environments: {prod: {namespace: sample-prod}}\n"
    for block in blocks(page("gate.md"), "yaml"):
        text = f"{base}{block}{'' if 'environments:' in block else environments}"
        project = read_project(text.encode(), "trunkline.yaml", Path("/srv/sample"), {})
        assert project.gate is not None
