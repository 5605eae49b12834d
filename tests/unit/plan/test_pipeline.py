"""A run's stages, and what trunk discipline lets through."""

from __future__ import annotations

import pytest

from tests.fakes.projects import a_project, an_environment
from trunkline.domain.commits import Commit
from trunkline.errors import UsageError
from trunkline.plan.pipeline import check_discipline, find_environment, plan_pipeline

SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("test", "until", "stages"),
    [
        ("", "", "build, deploy dev, approval qa, deploy qa, approval prod, deploy prod"),
        ("make test", "dev", "test, build, deploy dev"),
        ("", "qa", "build, deploy dev, approval qa, deploy qa"),
    ],
)
def test_stages(test: str, until: str, stages: str) -> None:
    """A run tests (where there are tests), builds, and deploys up to the last environment that was asked for."""
    assert ", ".join(map(str, plan_pipeline(a_project(test=test), until))) == stages


def test_needs_come_first() -> None:
    """Environments come after what they need, whatever their order in the file, and each once."""
    project = a_project(
        environments=(
            an_environment("prod", needs=("qa", "load")),
            an_environment("qa", needs=("dev",)),
            an_environment("load", needs=("dev",)),
            an_environment("dev"),
            an_environment("sandbox"),
        )
    )
    assert [stage.environment for stage in plan_pipeline(project)[1:]] == [
        "dev",
        "qa",
        "load",
        "prod",
        "sandbox",
    ]
    assert [stage.environment for stage in plan_pipeline(project, "load")[1:]] == ["dev", "load"]


def test_an_unknown_environment_names_the_known_ones() -> None:
    """Who mistypes an environment is told which there are."""
    for ask in (lambda: plan_pipeline(a_project(), "prd"), lambda: find_environment(a_project(), "prd")):
        with pytest.raises(UsageError, match=r"no environment 'prd' in trunkline\.yaml") as caught:
            ask()
        assert caught.value.hint == "It knows: dev, qa, prod."
    with pytest.raises(UsageError) as caught:
        find_environment(a_project(environments=()), "dev")
    assert caught.value.hint == "It knows: none."


TREE = "a" * 40


@pytest.mark.parametrize(
    ("commit", "allow", "refusal"),
    [
        pytest.param(Commit(SHA, "main", True), "", "", id="clean, on trunk"),
        pytest.param(Commit(SHA, "main", True, TREE), "", "has changes that commit 0123456 does not hold", id="dirty"),
        pytest.param(Commit(SHA, "main", True, TREE), "dirty", "", id="dirty, allowed"),
        pytest.param(Commit(SHA, "feature", False), "", r"\(branch 'feature'\) is not on trunk 'main',", id="branch"),
        pytest.param(Commit(SHA, "feature", False), "off_trunk", "", id="branch, allowed"),
        pytest.param(Commit(SHA, "feature", False), "dirty", "is not on trunk", id="another thing is allowed"),
        pytest.param(Commit(SHA, None, None), "", r"\(no branch\) .* \(there is no such branch here\)", id="no trunk here"),
        pytest.param(Commit(SHA, None, None), "off_trunk", "", id="no trunk here, allowed"),
        pytest.param(Commit(SHA, "feature", False, TREE), "dirty", "is not on trunk", id="both, one allowed"),
        pytest.param(Commit(SHA, "feature", False, TREE), "off_trunk", "has changes", id="both, the other allowed"),
        pytest.param(Commit(SHA, "feature", False, TREE), "dirty off_trunk", "", id="both, both allowed"),
    ],
)  # fmt: skip
def test_discipline(commit: Commit, allow: str, refusal: str) -> None:
    """An environment takes clean commits of trunk, and what else it explicitly allows."""
    environment = an_environment(allow=frozenset(allow.split()))
    if not refusal:
        check_discipline(commit, environment, "main")
        return
    with pytest.raises(UsageError, match=refusal) as caught:
        check_discipline(commit, environment, "main")
    assert "`allow: [dirty, off_trunk]`" in caught.value.hint
