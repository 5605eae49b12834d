"""Configurations as people write them: nothing is found in good ones, and in the article's what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from trunkline.config.circleci.check import check_config
from trunkline.config.circleci.expressions import Unreadable, check_expression
from trunkline.config.circleci.findings import RULES, Severity

HERE = Path(__file__).parent
GOOD = sorted((HERE / "good").glob("*.yml"))
BASE = (HERE / "base.yml").read_text(encoding="utf-8")
# What is right about some of them all the same.
_WARNINGS = {"old_filters.yml": {"obsolete"}}


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.stem)
def test_a_good_configuration_is_left_alone(file: Path) -> None:
    """Orbs, matrices, dynamic configuration, anchors, every kind of machine: no error, and no warning that is not right."""
    found = check_config(file.read_text(encoding="utf-8"))
    assert {item.rule for item in found} == _WARNINGS.get(file.name, set()), found


def test_they_are_many() -> None:
    """As many kinds as there are ways to write one."""
    assert len(GOOD) >= 25


def test_the_articles_workflow() -> None:
    """Each of its defects by name, on its line."""
    content = (HERE / "article.yml").read_text(encoding="utf-8")
    lines = content.splitlines()
    found = {(item.rule, lines[item.spot.line - 1].strip()) for item in check_config(content)}
    assert found == {
        ("image-moving", "- image: quay.io/acme/build-tools"),
        ("obsolete", "version: 18.06.0-ce"),
        ("secret-in-command", 'docker login -u="$QUAY_USERNAME" -p="$QUAY_PASSWORD" quay.io'),
        ("release-substring", "if helm ls --all | grep $RELEASE_NAME; then"),
        ("deploy-any-branch", "- release_dev:"),
        ("approval-first", "- approval_qa:"),
        ("foreign-image", "- image: quay.io/acme/deploy-dev:1"),
        ("no-production", "- release_qa:"),
    }


def test_an_anchor_is_told_once() -> None:
    """However often what is wrong is repeated."""
    content = BASE.replace(
        "      - image: acme/deploy:1.4",
        "      - &image {image: acme/deploy}\n      - *image\n      - *image",
    )
    assert [item.rule for item in check_config(content)] == ["image-moving"]


@pytest.mark.parametrize(
    "text",
    [
        'pipeline.git.branch == "main"',
        "pipeline.git.branch != 'main' and not pipeline.git.tag starts-with \"v\"",
        "(pipeline.parameters.x or pipeline.parameters.y) and pipeline.number >= 3",
        "not not true",
        "pipeline.git.branch =~ /^release-[0-9]+$/ or job.ssh.enabled",
        'not (pipeline.git.branch == "a" or (pipeline.git.branch == "b"))',
    ],
)
def test_expressions_that_circleci_reads(text: str) -> None:
    """Comparisons, words between them, and parentheses."""
    check_expression(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('pipeline.git.branch = "main"', "'=' is no sign"),
        ("pipeline.git.branch == main", "'main' is no value"),
        ('pipeline.git.branch == "main', "is not closed"),
        ("pipeline.a && pipeline.b", "'&&' is no sign"),
        ("pipeline.a and", "ends where a value"),
        ("(pipeline.a", "a parenthesis is not closed"),
        ("pipeline.a)", "should end"),
        ("pipeline.a pipeline.b", "should end"),
        ("== 3", "stands where a value"),
        ("", "ends where a value"),
        ("(" * 500 + "true", "nested too deep"),
    ],
)
def test_expressions_that_circleci_does_not_read(text: str, what: str) -> None:
    """Each with what is wrong."""
    with pytest.raises(Unreadable, match=what.replace("(", "\\(")):
        check_expression(text)


_plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["<< parameters.x >>", "<<", "main", "test", "", "a/b", "checkout"]) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["run", "steps", "requires", "type", "docker", "image", "when", "matrix", "parameters", "name", "filters", "jobs", "context", "executor"]) | st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
_parts = st.sampled_from(
    [
        "version",
        "jobs",
        "workflows",
        "commands",
        "executors",
        "orbs",
        "parameters",
        "setup",
        "job-groups",
        "x",
    ]
)


@given(st.dictionaries(_parts, _plain, max_size=6))
def test_whatever_stands_there_is_answered(data: dict[str, object]) -> None:
    """Values of any kind at any place are findings, or nothing, and never a fault of ours."""
    for item in check_config(yaml.safe_dump(data)):
        assert item.rule in RULES
        assert item.spot.line >= 1


@given(st.text(max_size=200), st.integers(0, len(BASE)), st.integers(0, 60))
def test_a_file_that_somebody_tore_is_answered(torn: str, at: int, length: int) -> None:
    """Bytes from anywhere in the middle of a configuration."""
    check_config(BASE[:at] + torn + BASE[at + length :])


def test_every_rule_says_what_and_why() -> None:
    """In sentences."""
    for name, rule in RULES.items():
        assert rule.what.endswith("."), name
        assert rule.why.endswith("."), name
        assert rule.severity in Severity
