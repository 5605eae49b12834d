"""Which stage a CI job is, told by its name."""

from __future__ import annotations

import pytest

from trunkline.domain.attempts import Stage
from trunkline.domain.job_stages import JobStage, stage_of

PLACES = ("dev", "qa", "prod")


@pytest.mark.parametrize(
    ("name", "approval", "expected"),
    [
        ("build", False, JobStage(Stage.BUILD)),
        ("build_and_push_image", False, JobStage(Stage.BUILD)),
        ("unit-tests", False, JobStage(Stage.TEST)),
        ("scan-image", False, JobStage(Stage.GATE)),
        ("deploy_dev", False, JobStage(Stage.DEPLOY, "dev")),
        ("deploy-to-production", False, JobStage(Stage.DEPLOY, "prod")),
        ("helm-upgrade-QA", False, JobStage(Stage.DEPLOY, "qa")),
        ("approval_qa", True, JobStage(Stage.APPROVAL, "qa")),
        ("hold", True, None),
        ("deploy", False, None),
        ("notify", False, None),
        ("ship-it", False, JobStage(Stage.DEPLOY, "prod")),
    ],
)
def test_names(name: str, approval: bool, expected: JobStage | None) -> None:
    """Words tell, the project's own names first; what somebody said counts more; what says nothing is left out."""
    named = {"ship-it": JobStage(Stage.DEPLOY, "prod")}
    assert stage_of(name, PLACES, named, approval=approval) == expected


def test_an_environments_own_name_counts_more() -> None:
    """Where both `test` and `qa` are environments, `test` is not `qa`."""
    assert stage_of("deploy-test", ("qa", "test"), {}, approval=False) == JobStage(Stage.DEPLOY, "test")
