"""The shape of an environment in a `trunkline.yaml`, as `schema` has that of all else."""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.check_schema import CheckSection
from trunkline.config.sections import ListOf, Section, key

OPTIONAL_RELEASE_NAME = kinds.optional(kinds.text(rules.RELEASE))
NAMESPACE = kinds.text(rules.NAMESPACE)
ENVIRONMENT_NAME = kinds.text(rules.ENVIRONMENT)
LINE = kinds.text(rules.LINE)
OPTIONAL_LINE = kinds.optional(kinds.text(rules.LINE))
OPTIONAL_PATH = kinds.optional(kinds.text(rules.PATH))
VALUES_FILE = kinds.text(rules.FILE)
TIMEOUT = kinds.text(rules.TIMEOUT, number="; give it a unit")
DURATION = kinds.text(rules.DURATION, number="; give it a unit")
OPTIONAL_AGE = kinds.optional(kinds.text(rules.AGE, number="; give it a unit"))
ALLOWANCE = kinds.choice(*rules.ALLOWANCES)
HISTORY_MAX = kinds.count(2)
FLAG = kinds.FLAG
REACTION = kinds.choice(*rules.REACTIONS)


class EnvironmentSection(Section):
    """One place that commits are deployed to."""

    namespace: str = key(NAMESPACE, description="The Kubernetes namespace.", examples=["sample-qa"])
    release: str = key(
        OPTIONAL_RELEASE_NAME,
        "",
        description="The Helm release's name; the service's when left out.",
        examples=["sample"],
    )
    context: str = key(
        OPTIONAL_LINE,
        "",
        description="The kubeconfig's context; its current one when left out or empty.",
        examples=["qa-cluster"],
    )
    kubeconfig: str = key(
        OPTIONAL_PATH,
        "",
        description="The kubeconfig, from this file's directory; the one that kubectl takes when left out or empty.",
        examples=["~/.kube/qa.yaml"],
    )
    values: list[str] = key(
        ListOf(VALUES_FILE),
        [],
        description="Values files below values.location; later ones win.",
        examples=[["base.yaml", "qa.yaml"]],
    )
    needs: list[str] = key(
        ListOf(ENVIRONMENT_NAME),
        [],
        description="Environments that must run a commit before this one may.",
        examples=[["dev"]],
    )
    approval: bool = key(
        FLAG,
        default=False,
        description="Whether a person has to say yes before each deployment.",
        examples=[True],
    )
    approvers: list[str] = key(
        ListOf(LINE),
        [],
        description=(
            "Who may give the approval on CircleCI, by their logins; anybody when left out. They make an approval "
            "necessary, and CIRCLE_TOKEN, with which CircleCI is asked who gave it."
        ),
        examples=[["ada", "grace"]],
    )
    timeout: str = key(TIMEOUT, "5m", description="The longest that a rollout may take.", examples=["5m"])
    settle: str = key(
        DURATION,
        "10s",
        description="How long pods without a readiness probe must stay up to count as good.",
        examples=["10s"],
    )
    checks: list[CheckSection] = key(
        ListOf(CheckSection),
        [],
        description=(
            "What is tried once the rollout is good, in this order; one that fails makes the deployment fail. A check "
            "may use ${TRUNKLINE_COMMIT}, ${TRUNKLINE_SHORT_COMMIT}, ${TRUNKLINE_IMAGE}, ${TRUNKLINE_DIGEST}, "
            "${TRUNKLINE_SERVICE}, ${TRUNKLINE_ENVIRONMENT}, ${TRUNKLINE_NAMESPACE} and ${TRUNKLINE_RELEASE}."
        ),
        examples=[[{"http": {"service": "sample", "port": 8000, "path": "/healthz"}}, {"helm_test": True}]],
    )
    soak: str = key(
        DURATION,
        "0s",
        description="How long to watch after the checks: a restart or a pod that is no longer ready is a failure.",
        examples=["2m"],
    )
    on_failure: str = key(
        REACTION,
        "rollback",
        description="What happens to a failed deployment: rollback undoes it, keep leaves it for a person to look at.",
        examples=["keep"],
    )
    history_max: int = key(HISTORY_MAX, 10, description="How many Helm revisions are kept.", examples=[10])
    create_namespace: bool = key(
        FLAG,
        default=True,
        description="Whether to create the namespace when it is not there.",
        examples=[False],
    )
    gate_max_age: str = key(
        OPTIONAL_AGE,
        "",
        description=(
            "Refuse an image that the gate has not let pass within this time; when left out, no gate is asked here."
        ),
        examples=["7d"],
    )
    allow: list[str] = key(
        ListOf(ALLOWANCE),
        [],
        description=(
            "What trunk discipline lets through here: dirty (a work tree with changes), off_trunk (a commit that is not on trunk)."
        ),
        examples=[["dirty", "off_trunk"]],
    )
    tag: str = key(
        OPTIONAL_LINE,
        "",
        description="The `environment` tag of measurements; the environment's name when left out.",
        examples=["production"],
    )
