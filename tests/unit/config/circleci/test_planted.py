"""Mistakes that were planted into a good configuration, one by one, are found on their lines."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from trunkline.config.circleci.check import check_config

HERE = Path(__file__).parent
BASE = (HERE / "base.yml").read_text(encoding="utf-8")


class Planted(NamedTuple):
    """A mistake: what is replaced by what, which rule sees it, and what the line begins with on which it does."""

    rule: str
    old: str
    new: str
    line: str = ""


PLANTED = [
    Planted("yaml", "  build:\n    docker:", "  test:\n    docker:"),
    Planted("yaml", "[ci, all]", "[ci, all"),
    Planted("yaml", "condition: << pipeline.parameters.quick >>", "condition: *quick"),
    Planted("version", "version: 2.1", "version: 3", "version: 3"),
    Planted("version", "version: 2.1\n", "", "orbs:"),
    Planted("obsolete", "version: 2.1", "version: 2", "version: 2"),
    Planted("top-level", "workflows:", "workflow:"),
    Planted("missing-key", "    type: boolean\n    default: false", "    type: boolean", "quick:"),
    Planted("shape", "    parallelism: 2", "    parallelism: two"),
    Planted("shape", "slack: circleci/slack@4.13.3", "slack: circleci/slack"),
    Planted("shape", "path: reports", "path: [reports]"),
    Planted("shape", "      COLOUR: blue", "      COLOUR: [blue]", "COLOUR:"),
    Planted("shape", "          no_output_timeout: 20m", "          no_output_timeout: twenty"),
    Planted("shape", "      - run:\n          command: npm test\n          no_output_timeout: 20m", "      - run:\n        command: npm test", "- run:"),
    Planted("shape", '      - run: echo "$PASSWORD"', '      - run\n      - run: echo "$PASSWORD"', "- run"),
    Planted("shape", "    steps:\n      - checkout\n      - setup_remote_docker", "    steps:\n      checkout: x\n    y:\n      - setup_remote_docker", "checkout: x"),
    Planted("shape", "          type: approval\n          requires:\n            - deploy-qa", "          type: aproval\n          requires:\n            - deploy-qa", "type: aproval"),
    Planted("unknown-key", "    docker:\n      - image: cimg/base:2024.06", "    dockers:\n      - image: cimg/base:2024.06", "dockers:"),
    Planted("unknown-key", "      - image: acme/deploy:1.4", "      - image: acme/deploy:1.4\n        pasword: x", "pasword:"),
    Planted("unknown-key", "          no_output_timeout: 20m", "          no_output_time: 20m"),
    Planted("unknown-key", "          key: a\n", "          keys: [a]\n          key: a\n", "keys:"),
    Planted("unknown-key", "    when: pipeline.parameters.quick and", "    if: pipeline.parameters.quick and"),
    Planted("unknown-key", "          context: quay\n          requires:", "          context: quay\n          require:", "require:"),
    Planted("unknown-key", "          name: deploy-qa\n          to: qa\n          context: qa", "          name: deploy-qa\n          to: qa\n          contexts: qa", "contexts: qa"),
    Planted("missing-key", "          command: npm test\n", "", "no_output_timeout"),
    Planted("missing-key", "          path: reports", "          name: reports"),
    Planted("missing-key", "          key: a\n", "", "paths: [b]"),
    Planted("missing-key", "    steps:\n      - checkout\n      - run: helm", "    description: x\n    environment2: y\n# helm", "deploy:"),
    Planted("no-executor", "    docker:\n      - image: cimg/base:2024.06\n", "", "build:"),
    Planted("unknown-job", '  quickly:\n    when: pipeline.parameters.quick and pipeline.git.branch != "main"\n    jobs:\n      - test', '  quickly:\n    when: pipeline.parameters.quick and pipeline.git.branch != "main"\n    jobs:\n      - tests', "- tests"),
    Planted("unknown-job", "      - deploy:\n          name: deploy-dev", "      - deploi:\n          name: deploy-dev", "- deploi"),
    Planted("unknown-job", "      - approve-qa:\n          type: approval", "      - approve-qa:\n          typ: approval", "- approve-qa"),
    Planted("unknown-step", "      - setup_remote_docker", "      - setup_docker"),
    Planted("unknown-step", "      - install:\n          directory: web", "      - instal:\n          directory: web", "- instal:"),
    Planted("unknown-executor", "      name: node", "      name: nodes"),
    Planted("unknown-orb", "      - slack/notify", "      - slak/notify"),
    Planted("unknown-orb", "  quickly:\n", "  other:\n    jobs:\n      - teams/report\n  quickly:\n", "- teams/report"),
    Planted("unknown-parameter", '      version: "22.3"', '      versions: "22.3"'),
    Planted("unknown-parameter", "          directory: web", "          directory: web\n          folder: x", "folder: x"),
    Planted("unknown-parameter", "command: npm << parameters.mode >>", "command: npm << parameters.mod >>"),
    Planted("unknown-parameter", "<< pipeline.parameters.quick >>", "<< pipeline.parameters.quik >>", "condition:"),
    Planted("unknown-parameter", "--namespace << parameters.to >>", "--namespace << parameters.too >>", "- run: helm"),
    Planted("unknown-parameter", "          to: dev", "          to: dev\n          colour: red", "colour: red"),
    Planted("missing-parameter", "      - install:\n          directory: web", "      - install", "- install"),
    Planted("missing-parameter", "          to: prod\n", "", "- deploy:"),
    Planted("bad-argument", "          to: qa\n", "          to: qa\n          count: many\n", "count: many"),
    Planted("bad-argument", "          directory: web", "          directory: web\n          mode: some", "mode: some"),
    Planted("bad-argument", "        default: ci", "        default: none"),
    Planted("bad-argument", "        type: integer\n        default: 1", "        type: integer\n        default: one", "default: one"),
    Planted("shape", "        type: integer", "        type: number"),
    Planted("unclosed", "      - run: echo quick", "      - run: cat <<EOF", "- run:"),
    Planted("unclosed", "command: npm << parameters.mode >>", "command: |\n            npm ci\n            npm << parameters.mode", "npm << parameters.mode"),
    Planted("unclosed", "      - run: echo quick", "      - run: cat <<EOF >> $BASH_ENV", "- run: cat"),
    Planted("requires-unknown", "            - build\n", "            - biuld\n", "- biuld"),
    Planted("requires-unknown", "            - deploy-qa", "            - deploy"),
    Planted("requires-self", "            - approve-qa", "            - deploy-qa", "- deploy-qa"),
    Planted("requires-cycle", "          context: quay\n          requires:\n            - test", "          context: quay\n          requires:\n            - deploy-dev", "- deploy-dev"),
    Planted("requires-status", "approve-prod: [success]", "approve-prod: [succeeded]"),
    Planted("requires-status", "            - build\n", "            - build: faild\n", "- build: faild"),
    Planted("duplicate-name", "          name: deploy-qa", "          name: deploy-dev"),
    Planted("approval-runs", "      - approve-qa:\n          type: approval", "      - build:\n          type: approval", "- build:"),
    Planted("approval-runs", "          type: approval\n          requires:\n            - deploy-dev", "          type: approval\n          pre-steps: [checkout]\n          requires:\n            - deploy-dev", "pre-steps"),
    Planted("approval-first", "          type: approval\n          requires:\n            - deploy-dev\n", "          type: approval\n", "- approve-qa"),
    Planted("approval-idle", "            - approve-qa\n", "            - deploy-dev\n", "- approve-qa"),
    Planted("serial-group", "serial-group: shop/qa", "serial-group: shop/dev"),
    Planted("serial-group", "serial-group: shop/qa", "serial-group: shop qa"),
    Planted("expression", 'filters: pipeline.git.branch == "main"', 'filters: pipeline.git.branch = "main"'),
    Planted("expression", 'filters: pipeline.git.branch == "main"', "filters: pipeline.git.branch == main"),
    Planted("expression", "when: pipeline.parameters.quick and", "when: pipeline.parameters.quick &&"),
    Planted("expression", 'and pipeline.git.branch != "main"', 'and (pipeline.git.branch != "main"', "when:"),
    Planted("image-moving", "acme/deploy:1.4", "acme/deploy:latest"),
    Planted("image-moving", "acme/deploy:1.4", "acme/deploy"),
    Planted("image-moving", "circleci/slack@4.13.3", "circleci/slack@volatile"),
    Planted("secret-in-command", 'echo "$PASSWORD" | docker login --username me --password-stdin', "docker login -u me -p $PASSWORD"),
    Planted("secret-in-command", "      - run: echo quick", "      - run: curl -u me:$TOKEN https://example.com"),
    Planted("secret-in-command", "      COLOUR: blue", "      KEY: AKIAABCDEFGHIJKLMNOP", "KEY:"),
    Planted("deploy-any-branch", '          filters: pipeline.git.branch == "main"\n', "", "- deploy:"),
    Planted("environment-skipped", "            - approve-prod: [success]", "            - deploy-dev", "- deploy:"),
    Planted("environment-skipped", "          requires:\n            - deploy-qa", "          requires:\n            - deploy-dev", "- deploy:"),
    Planted("release-substring", "      - run: helm upgrade", "      - run: helm ls | grep $RELEASE_NAME && helm upgrade"),
    Planted("obsolete", '          filters: pipeline.git.branch == "main"', "          filters:\n            branches:\n              only: main", "filters:"),
    Planted("obsolete", "      - setup_remote_docker", "      - setup_remote_docker:\n          version: 19.03.13", "version: 19"),
    Planted("obsolete", "cimg/base:2024.06", "circleci/python:3.6"),
    Planted("obsolete", "      - run: echo quick", "      - deploy: echo quick", "- deploy:"),
    Planted("obsolete", "    docker:\n      - image: cimg/base:2024.06", "    machine: true", "machine:"),
    Planted("secrets-everywhere", "          context: prod\n", "", "- deploy:"),
]  # fmt: skip


def _lines(item: Planted, content: str) -> set[int]:
    """Where the mistake may be told: every line that begins so, of those that the change touched or follow it."""
    if item.rule == "yaml":
        return set(range(1, content.count("\n") + 2))
    begin = content[: BASE.index(item.old)].count("\n")
    wanted = (item.line or item.new).strip().split("\n")[0]
    lines = content.splitlines()
    found = {number for number, line in enumerate(lines, 1) if wanted in line}
    assert found, f"no line begins with {wanted!r}"
    near = {number for number in found if number >= begin - 14}
    return (
        {min(near or found, key=lambda number: abs(number - begin - 1))} if item.line == "" else near or found
    )


def test_the_base_is_good() -> None:
    """So that whatever is found was planted."""
    assert check_config(BASE) == ()


@pytest.mark.parametrize("item", PLANTED, ids=lambda item: f"{item.rule}: {item.new[:40].strip()!r}")
def test_a_planted_mistake_is_found(item: Planted) -> None:
    """By its rule, on its line, with a reason and a mend."""
    assert BASE.count(item.old) >= 1, item.old
    content = BASE.replace(item.old, item.new, 1)
    found = check_config(content)
    assert [f for f in found if f.rule == item.rule and f.spot.line in _lines(item, content)], [
        (f.rule, f.spot.line, f.what) for f in found
    ]
    assert all(f.what and f.why and f.mend for f in found)


def test_they_are_many() -> None:
    """As many as a linter that is to be trusted should be tried with."""
    assert len(PLANTED) >= 60
