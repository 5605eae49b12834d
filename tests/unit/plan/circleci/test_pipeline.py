"""What CircleCI runs is what `trunkline run` does, stage for stage, and nothing gets past it."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.projects import a_project, an_environment
from trunkline.app.ci_generate import drift, generated, is_changed_by_hand, is_generated, pinned
from trunkline.config.circleci_settings import CircleSettings
from trunkline.config.project import Project
from trunkline.errors import UsageError
from trunkline.plan.circleci.checklist import checklist
from trunkline.plan.circleci.jobs import Pipeline
from trunkline.plan.circleci.picture import as_svg, as_text, columns
from trunkline.plan.circleci.pipeline import pipeline_of
from trunkline.plan.circleci.writing import written
from trunkline.plan.pipeline import plan_pipeline

DIGEST = "sha256:" + "1" * 64
IMAGES = {name: f"quay.io/acme/deploy:{name}@{DIGEST}" for name in ("dev", "qa", "prod")}


def a_pipeline(**changes: Any) -> Pipeline:
    return pipeline_of(a_project(**{"test": "make test", **changes}), IMAGES)


def upstream(pipeline: Pipeline, name: str) -> set[str]:
    """What must have succeeded before a job begins, however far back."""
    jobs = {job.name: job for job in pipeline.jobs}
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for need, statuses in jobs[waiting.pop()].requires.items():
            if not statuses and need not in found:
                found.add(need)
                waiting.append(need)
    return found


def test_the_stages_are_those_of_a_run() -> None:
    """In their order, each as one job that calls one command."""
    project = a_project(test="make test")
    stages = [job.stage for job in pipeline_of(project, IMAGES).jobs if job.stage]
    assert stages == [str(stage) for stage in plan_pipeline(project)]


def test_nothing_reaches_an_environment_past_what_comes_before() -> None:
    """Production waits for its approval, that for QA, that for its own approval, and so on to the tests."""
    pipeline = a_pipeline()
    expected = {"test", "build", "deploy-dev", "approve-qa", "deploy-qa", "approve-prod"}
    assert upstream(pipeline, "deploy-prod") == expected
    for job in pipeline.jobs:
        if job.approval:
            assert any(name.startswith("deploy-") for name in job.requires), job.name


def test_an_environment_with_several_needs_waits_for_all_of_them() -> None:
    """Also where they stand beside each other."""
    environments = (
        an_environment("dev"),
        an_environment("qa"),
        an_environment("prod", needs=("dev", "qa"), approval=True),
    )
    pipeline = pipeline_of(a_project(environments=environments), IMAGES)
    jobs = {job.name: job for job in pipeline.jobs}
    assert set(jobs["approve-prod"].requires) == {"deploy-dev", "deploy-qa"}


def test_only_tests_run_for_other_branches() -> None:
    """And they get no secrets."""
    for pipeline in (a_pipeline(), a_pipeline(test="")):
        free = [job for job in pipeline.jobs if job.every_branch]
        assert [job.name for job in free] == (["test"] if pipeline == a_pipeline() else ["check"])
        assert {job.context for job in free} == {""}
    parsed = yaml.safe_load(written(a_pipeline(trunk='odd"name')))
    entries = [entry for entry in parsed["workflows"]["deliver"]["jobs"] if isinstance(entry, dict)]
    assert {next(iter(entry.values()))["filters"] for entry in entries} == {
        'pipeline.git.branch == "odd\\"name"'
    }


def test_circleci_is_more_patient_than_a_rollout() -> None:
    """A job that is silent may take the lock's time, the rollout's and an undo's before CircleCI ends it."""
    slow = an_environment("dev", timeout_s=3600.0, soak_s=600.0)
    pipeline = pipeline_of(a_project(environments=(slow,)), IMAGES)
    jobs = {job.name: job for job in pipeline.jobs}
    for name in ("deploy-dev", "repair-dev"):
        assert max(step.timeout_s for step in jobs[name].steps) >= 600 + 2 * 4200


def test_a_cancelled_deployment_is_repaired_and_lets_nothing_on() -> None:
    """The repair runs only then, and nothing waits for it."""
    pipeline = a_pipeline()
    for job in pipeline.jobs:
        if job.name.startswith("repair-"):
            assert list(job.requires.values()) == [("canceled",)]
            assert not any(job.name in other.requires for other in pipeline.jobs)


def test_the_file_is_what_a_reader_of_yaml_makes_of_it() -> None:
    """Every job, command, variable and requirement comes out as it went in."""
    settings = CircleSettings(
        roles={"prod": "arn:aws:iam::1:role/x"},
        resource_class="small",
        test_results="out",
        artifacts=("a b",),
    )
    pipeline = a_pipeline(circleci=settings)
    parsed = yaml.safe_load(written(pipeline))
    assert parsed["version"] == 2.1
    for job in pipeline.jobs:
        if job.approval:
            assert job.name not in parsed["jobs"]
            continue
        there = parsed["jobs"][job.name]
        assert there["docker"] == [{"image": job.image}]
        assert there.get("environment", {}) == dict(job.environment)
        commands = [step["run"]["command"] for step in there["steps"] if "run" in step]
        assert commands == [step.command for step in job.steps if step.kind == "run"]
    order = [
        entry if isinstance(entry, str) else next(iter(entry))
        for entry in parsed["workflows"]["deliver"]["jobs"]
    ]
    assert order == [job.name for job in pipeline.jobs]


_words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)


@given(
    _words,
    _words,
    st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), min_size=1).filter(
        str.strip
    ),
)
def test_whatever_is_configured_is_written_so_that_it_comes_out_again(
    context: str, image: str, install: str
) -> None:
    """Quotes, colons, hashes, signs of YAML and of CircleCI: what is configured is what CircleCI reads."""
    settings = CircleSettings(image=image, install=install, contexts={"dev": context})
    parsed = yaml.safe_load(written(a_pipeline(circleci=settings)))
    assert parsed["jobs"]["build"]["docker"][0]["image"] == image
    entries = {
        next(iter(item)): item for item in parsed["workflows"]["deliver"]["jobs"] if isinstance(item, dict)
    }
    assert entries["deploy-dev"]["deploy-dev"]["context"] == context
    found = parsed["jobs"]["build"]["steps"][2]["run"]["command"].rstrip("\n")
    assert found.replace("\\<<", "<<") == install.rstrip("\n")


def _settled(**changes: Any) -> Project:
    return a_project(**{"test": "make test", "circleci": CircleSettings(images=IMAGES), **changes})


def test_a_file_that_is_up_to_date_has_not_drifted() -> None:
    """And a file of somebody else's is none of ours."""
    project = _settled()
    text = generated(project, {})
    assert generated(project, {}) == text
    assert (drift(project, text), is_generated(text), is_changed_by_hand(text)) == (None, True, False)
    assert drift(project, "version: 2.1\n") is None
    assert not is_generated("version: 2.1\n# trunkline-content: sha256:x\n")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"trunk": "trunk"}, "# main goes all the way"),
        ({"service": "other"}, "--component-name=sample"),
        ({"test": ""}, "The project's own tests"),
        ({"environments": (an_environment("dev", timeout_s=600.0),)}, "no_output_timeout"),
    ],
)
def test_a_project_that_says_something_else_is_drift(changes: dict[str, Any], line: str) -> None:
    """It is found on the first line that is different."""
    text = generated(_settled(), {})
    found = drift(_settled(**changes), text)
    assert found is not None
    assert line in text.splitlines()[found.line - 1]


def test_a_change_by_hand_is_drift() -> None:
    """Whatever it is, and also where the project would say the same."""
    project = _settled()
    text = generated(project, {}).replace("approve-prod\n", "deploy-qa\n", 1)
    found = drift(project, text)
    assert found is not None
    assert "changed by hand" in found.why
    assert is_changed_by_hand(text)


def test_images_that_are_not_configured_are_those_that_the_file_pins() -> None:
    """To check a file no registry is asked; an environment without an image is told of with the way to get one."""
    project = a_project(test="make test")
    text = generated(project, IMAGES)
    assert pinned(project, text) == IMAGES
    assert drift(project, text) is None
    with pytest.raises(UsageError, match="dev, qa, prod have no image"):
        generated(project, {})


def test_the_picture_has_every_job() -> None:
    """As text and as a picture, those that wait to the right of what they wait for."""
    pipeline = a_pipeline(service="a<b>")
    for text in (as_text(pipeline), as_svg(pipeline)):
        assert all(job.name in text for job in pipeline.jobs)
    assert "<b>" not in as_svg(pipeline)
    place = {job.name: number for number, column in enumerate(columns(pipeline)) for job in column}
    assert all(place[need] < place[job.name] for job in pipeline.jobs for need in job.requires)


def test_the_checklist_names_what_no_file_can_carry() -> None:
    """Every context with its restriction, who may approve, and whom a role trusts."""
    environments = (an_environment("dev"), an_environment("prod", approval=True, approvers=("ada",)))
    settings = CircleSettings(contexts={"prod": "vault"}, roles={"prod": "arn:aws:iam::1:role/x"})
    told = "\n".join(
        f"{item.what} {item.why}"
        for item in checklist(a_project(environments=environments, circleci=settings))
    )
    for word in (
        "context vault",
        "trunkline-dev",
        "not job.ssh.enabled",
        "CIRCLE_TOKEN",
        "ada",
        "role/x",
        "TRUNKLINE_LEDGER",
    ):
        assert word in told, word
