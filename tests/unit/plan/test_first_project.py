"""A first trunkline.yaml: what an old pipeline says is carried over, the rest is guessed aloud, and all of it passes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.config.circleci.carry_over import Carried, OldEnvironment, carried_from
from trunkline.config.load import read_project
from trunkline.config.project import Project
from trunkline.plan.first_project import Clues, Draft, first_project

OLD = """\
version: 2.1
jobs:
  unit_tests:
    docker: [{image: "cimg/node:20.14"}]
    steps:
      - checkout
      - run: npm ci
      - run: npm test
  build_image:
    docker: [{image: acme/tools:1}]
    environment:
      IMAGE_NAME: acme/ts-sample
    steps: [checkout, {run: build}]
  deploy_dev: &deploy
    docker: [{image: acme/tools-dev:1}]
    environment:
      RELEASE_NAME: ts-sample-dev
      RELEASE_NAMESPACE: development
      HELM_CHART_REPOSITORY: s3://acme-charts
      HELM_CHART_NAME: acme/backend
      HELM_VALUES_S3_FOLDER: ts-sample
      HELM_VALUES_FILENAME: dev.yaml
      HELM_VALUES_BASE_ON: "true"
    steps:
      - run: aws s3 cp s3://acme-values/ts-sample/dev.yaml .
      - run: release
  deploy_qa:
    <<: *deploy
    environment:
      RELEASE_NAME: ts-sample-qa
      RELEASE_NAMESPACE: qa
      HELM_VALUES_S3_FOLDER: ts-sample
      HELM_VALUES_FILENAME: qa.yaml
workflows:
  w:
    jobs:
      - unit_tests
      - build_image: {requires: [unit_tests], context: quay}
      - deploy_dev:
          context: kube-dev
          requires: [build_image]
          filters: {branches: {only: master}}
      - approve_qa: {type: approval, requires: [deploy_dev]}
      - deploy_qa: {context: [kube-qa, extra], requires: [approve_qa]}
"""


def _read(draft: Draft) -> Project:
    return read_project(draft.text.encode(), "trunkline.yaml", Path("/project"), {})


def test_an_old_pipeline_is_carried_over() -> None:
    """Image, chart, buckets, releases, namespaces, values, contexts, the trunk and the tests."""
    draft = first_project(Clues("ts-sample", carried=carried_from(OLD)))
    project = _read(draft)
    assert (project.service, project.trunk, project.test) == ("ts-sample", "master", "npm test")
    assert str(project.image.repository) == "quay.io/acme/ts-sample"
    assert (project.chart.name, project.chart.repository) == ("backend", "s3://acme-charts")
    assert project.values_location.startswith("s3://acme-values")
    dev, qa = project.environments
    assert (dev.name, dev.release, dev.namespace, dev.values, dev.approval) == (
        "dev", "ts-sample-dev", "development", ("ts-sample/base.yaml", "ts-sample/dev.yaml"), False
    )  # fmt: skip
    assert (qa.name, qa.release, qa.needs, qa.approval, qa.values) == (
        "qa", "ts-sample-qa", ("dev",), True, ("ts-sample/qa.yaml",)
    )  # fmt: skip
    assert project.circleci.context_of("qa") == "kube-qa"
    assert any("no production" in item for item in draft.todo)
    assert not any("made up" in item for item in draft.todo)


def test_commands_are_read_where_nothing_else_says_it() -> None:
    """`helm upgrade`, `docker push` and what is exported before them."""
    old = """\
version: 2.1
jobs:
  build:
    docker: [{image: acme/tools:1}]
    steps:
      - run: docker build --tag quay.io/acme/shop:$CIRCLE_SHA1 . && docker push quay.io/acme/shop:$CIRCLE_SHA1
  release-production:
    docker: [{image: acme/tools:1}]
    steps:
      - run: |
          export HELM_CHART_REPOSITORY=s3://acme-charts
          helm upgrade --install shop charts/backend --namespace shop-live -f prod.yaml
workflows:
  w: {jobs: [build, release-production]}
"""
    project = _read(first_project(Clues("shop", carried=carried_from(old))))
    assert str(project.image.repository) == "quay.io/acme/shop"
    [prod] = project.environments
    assert (prod.name, prod.namespace, prod.release) == ("prod", "shop-live", "shop")


def test_a_repository_without_a_pipeline() -> None:
    """Its chart, its values by their names, its tests; what nobody says is listed."""
    clues = Clues(
        "My Shop!", "trunk", "docker/Dockerfile", ("chart", "old/chart"),
        ("values", ("base.yaml", "dev.yaml", "prod.yaml")), ("make test", "the Makefile"),
    )  # fmt: skip
    draft = first_project(clues)
    project = _read(draft)
    assert (project.service, project.trunk, project.test) == ("my-shop", "trunk", "make test")
    assert (project.chart.path, project.image.dockerfile) == ("chart", "docker/Dockerfile")
    assert [(item.name, item.values, item.needs) for item in project.environments] == [
        ("dev", ("base.yaml", "dev.yaml"), ()), ("prod", ("base.yaml", "prod.yaml"), ("dev",))
    ]  # fmt: skip
    assert any("made up" in item for item in draft.todo)
    assert any("old/chart" in item for item in draft.todo)


def test_nothing_at_all() -> None:
    """An empty directory gets a file that says what is missing."""
    draft = first_project(Clues("x"))
    assert [item.name for item in _read(draft).environments] == ["dev"]
    assert len(draft.todo) >= 5


_texts = st.text(max_size=20)


_said = st.dictionaries(
    st.sampled_from(
        ["IMAGE_NAME", "SERVICE_NAME", "RELEASE_NAME", "RELEASE_NAMESPACE", "HELM_CHART_NAME", "HELM_CHART_REPOSITORY",
         "HELM_CHART_VERSION", "HELM_VALUES_LOCATION", "HELM_VALUES_S3_FOLDER", "HELM_VALUES_FILENAME", "HELM_VALUES_BASE_ON"]
    ),
    _texts | st.sampled_from(["true", "s3://x", "a/b", "${HOME}", "../x", "1.x"]),
)  # fmt: skip


@given(_texts, _texts, _texts, _said, _said)
def test_whatever_a_repository_says_the_draft_passes(
    name: str, test: str, dockerfile: str, variables: dict[str, str], of_qa: dict[str, str]
) -> None:
    """What does not fit where it would stand is left out, and listed where it is needed."""
    environments = [OldEnvironment("dev", "d", variables, context=test), OldEnvironment("qa", "q", of_qa)]
    carried = Carried(variables, environments, test, trunk=name)
    _read(first_project(Clues(name, test, dockerfile, (name,), carried=carried)))


@pytest.mark.parametrize(
    "text", ["", "[]", "version: [", "jobs: 3\nworkflows: {w: {jobs: [a]}}", "workflows: {w: 3}"]
)
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    """An old file that is none is no reason to give up."""
    assert carried_from(text) == Carried()
