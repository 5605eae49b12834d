"""`trunkline ci check` as a person, a program and a code host read it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fakes.projects import a_project
from tests.unit.config.circleci.test_planted import BASE
from trunkline.app.ci_generate import generated
from trunkline.cli.entry import run
from trunkline.config.circleci.findings import RULES

_WRONG = BASE.replace("- setup_remote_docker", "- setup_docker").replace("acme/deploy:1.4", "acme/deploy")


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    place = tmp_path / ".circleci" / "config.yml"
    place.parent.mkdir()
    place.write_text(BASE, encoding="utf-8")
    return place


def test_a_good_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is found by itself, and said to be good."""
    assert run(["ci", "check"]) == 0
    assert capsys.readouterr().out == ".circleci/config.yml: nothing is wrong\n"


def test_what_is_wrong_is_told(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """File, line, column, the reason and the mend; errors are exit code 2, warnings only if they are to be."""
    file.write_text(_WRONG, encoding="utf-8")
    assert run(["ci", "check"]) == 2
    told = capsys.readouterr().out
    assert (
        ".circleci/config.yml:54:9: error unknown-step: there is no step and no command 'setup_docker'"
        in told
    )
    assert "    why: CircleCI compiles" in told
    assert "    mend: Declare it" in told
    assert told.endswith(".circleci/config.yml: 1 error, 1 warning\n")
    file.write_text(BASE.replace("acme/deploy:1.4", "acme/deploy"), encoding="utf-8")
    assert run(["ci", "check"]) == 0
    assert run(["ci", "check", "--strict"]) == 2


def test_programs_read_it(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As JSON, and as SARIF with the rules that were broken."""
    file.write_text(_WRONG, encoding="utf-8")
    run(["ci", "check", str(file), "--output", "json"])
    facts = json.loads(capsys.readouterr().out)
    assert [(item["rule"], item["severity"], item["line"]) for item in facts["findings"]] == [
        ("unknown-step", "error", 54), ("image-moving", "warning", 68)
    ]  # fmt: skip
    run(["ci", "check", ".circleci/config.yml", "--output", "sarif"])
    log = json.loads(capsys.readouterr().out)
    [run_of_tool] = log["runs"]
    rules = run_of_tool["tool"]["driver"]["rules"]
    assert (log["version"], [rule["id"] for rule in rules]) == ("2.1.0", ["image-moving", "unknown-step"])
    for result in run_of_tool["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == RULES[result["ruleId"]].severity
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == ".circleci/config.yml"
        assert place["region"]["startLine"] >= 1


def test_a_file_that_is_not_there(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is said to be so, with the way to make one."""
    file.unlink()
    assert run(["ci", "check"]) == 2
    assert "trunkline ci generate circleci" in capsys.readouterr().err


def test_a_generated_file_that_has_drifted(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Is an error, on the first line that is different."""
    (file.parent.parent / "trunkline.yaml").write_text(
        "version: 1\nservice: shop\nimage: {repository: quay.io/acme/shop}\nchart: {path: chart}\n"
        "environments: {dev: {namespace: shop}}\n"
    )
    file.write_text(
        generated(a_project(), {item.name: "x@y" for item in a_project().environments}), encoding="utf-8"
    )
    assert run(["ci", "check"]) == 2
    assert "error drift: " in capsys.readouterr().out


def test_a_branch_without_secrets(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Can check its pipeline, and make it anew: no password is needed for that."""
    monkeypatch.delenv("QUAY_PASSWORD", raising=False)
    image = "dev: quay.io/acme/deploy@sha256:" + "1" * 64
    (file.parent.parent / "trunkline.yaml").write_text(
        "version: 1\nservice: shop\nchart: {path: chart}\nenvironments: {dev: {namespace: shop}}\n"
        "image: {repository: quay.io/acme/shop, username: robot, password: '${QUAY_PASSWORD}'}\n"
        f"ci: {{circleci: {{images: {{{image}}}}}}}\n"
    )
    assert run(["ci", "generate", "circleci", "--force"]) == 0
    assert run(["ci", "check"]) == 0
    monkeypatch.setenv("QUAY_PASSWORD", "s3cret-of-quay")
    assert run(["ci", "check"]) == 0
    assert "s3cret" not in file.read_text(encoding="utf-8")
