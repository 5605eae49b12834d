"""`trunkline rehearse`: a project's own pipeline with the failures that one fears, with the real Helm."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

from tests.e2e.workbench import Workbench
from trunkline.domain.rehearsals import SHIPPED


def add_scenarios(bench: Workbench, text: str) -> None:
    path = bench.directory / "trunkline.yaml"
    path.write_text(f"{path.read_text(encoding='utf-8')}\nrehearse:\n  scenarios:\n{text}", encoding="utf-8")


def test_every_scenario_ends_as_expected(workbench: Workbench) -> None:
    """All failures that come along are stopped where they strike and undone, or come through; nothing is left over."""
    done = workbench.trunkline("rehearse", "--all-failures", "--output", "json")
    assert done.code == 0, str(done)
    found = done.json
    assert found["environments"] == ["dev", "qa", "prod"]
    assert {item["scenario"]["name"] for item in found["performances"]} == set(SHIPPED)
    assert [item["broken"] for item in found["performances"] if item["broken"]] == []
    stopped = [item for item in found["performances"] if item["ending"] == "stopped"]
    assert {item["stopped_at"] for item in stopped} == {"qa"}
    assert {tuple(item["touched"]) for item in stopped} == {()}
    assert {item["undone"] for item in stopped} == {"returned to revision 1"}


def test_a_failure_where_it_is_asked_for(workbench: Workbench) -> None:
    """What --fail says of a scenario counts: the environment, and how the container ends."""
    done = workbench.succeed(
        "rehearse", "--fail", "crash-loop:environment=prod,exit_code=7,logs=no luck", "--output", "json"
    )
    (seen,) = done.json["performances"]
    assert (seen["struck"], seen["stopped_at"], seen["cause"]) == ("prod", "prod", "crash-loop")
    assert "exit code 7" in seen["sentence"]
    assert any("no luck" in moment["text"] for moment in seen["moments"]) or "no luck" in done.stdout


def test_the_first_rollout_may_be_struck(workbench: Workbench) -> None:
    """A first install that fails leaves nothing behind."""
    done = workbench.succeed(
        "rehearse", "--fail", "image-missing:environment=dev,rollout=1", "--output", "json"
    )
    (seen,) = done.json["performances"]
    assert (seen["stopped_at"], seen["undone"]) == ("dev", "the release was removed again")


def test_an_expectation_that_does_not_hold(workbench: Workbench, tmp_path: Path) -> None:
    """The exit code is 1, the table and the JUnit report say which expectation it was, and the time line is shown."""
    add_scenarios(
        workbench,
        """\
    - name: nobody-would-notice
      what: crash-loop
      story: The new version ends at once.
      environment: dev
      after: 1s
      expect: {ending: delivered}
""",
    )
    report = tmp_path / "reports" / "rehearsal.xml"
    done = workbench.trunkline("rehearse", "--fail", "nobody-would-notice", "--junit", str(report))
    assert done.code == 1, str(done)
    assert "The train was to come through, and was stopped at dev" in done.stdout
    assert "1 of 1 failures did not end as expected." in done.stdout
    assert "crash-loop" in done.stdout
    (case,) = ET.parse(report).getroot().iter("testcase")
    assert case.get("name") == "nobody-would-notice"
    assert case.find("failure") is not None


def test_mistakes_are_told_at_once(workbench: Workbench) -> None:
    """An unknown scenario, an unknown setting and an environment that is not on the way are usage errors."""
    for wrong, words in (
        ("nothing-such", "There is no scenario 'nothing-such'"),
        ("crash-loop:colour=red", "does not know 'colour'"),
        ("crash-loop:after=soon", "cannot be the after"),
        ("crash-loop:environment=mars", "which is not on the way"),
    ):
        done = workbench.trunkline("rehearse", "--fail", wrong)
        assert done.code == 2, str(done)
        assert words in done.stderr


def test_the_list_of_scenarios(workbench: Workbench) -> None:
    """--list shows those that come along and the project's own, and plays nothing."""
    add_scenarios(workbench, "    - {name: mine, what: never-ready}\n")
    names = {item["name"] for item in workbench.succeed("rehearse", "--list", "--output", "json").json}
    assert names == {*SHIPPED, "mine"}


def test_a_chart_that_cannot_work_at_all(workbench: Workbench) -> None:
    """When not even the healthy run comes through, that is said with its cause."""
    workbench.write_values(
        "dev", {"environment": {"configMap": {"FLAGS": {"config": "nowhere", "name": "url"}}}}
    )
    done = workbench.trunkline("rehearse")
    assert done.code == 1, str(done)
    assert "Not even the rehearsal without a failure comes through" in done.stderr
    assert "nowhere" in done.stderr
