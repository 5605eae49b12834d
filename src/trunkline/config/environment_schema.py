"""The shape of an environment in a `trunkline.yaml`, as `schema` has that of all else.

Importing this module imports pydantic: only what loads a file may do so.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trunkline.config import kinds, rules
from trunkline.config.check_schema import CheckSection
from trunkline.config.kinds import Section

OptionalReleaseName = Annotated[str, kinds.optional(kinds.text(rules.RELEASE))]
Namespace = Annotated[str, kinds.text(rules.NAMESPACE)]
EnvironmentName = Annotated[str, kinds.text(rules.ENVIRONMENT)]
OptionalLine = Annotated[str, kinds.optional(kinds.text(rules.LINE))]
OptionalPath = Annotated[str, kinds.optional(kinds.text(rules.PATH))]
ValuesFile = Annotated[str, kinds.text(rules.FILE)]
Timeout = Annotated[str, kinds.text(rules.TIMEOUT, number="; give it a unit")]
Duration = Annotated[str, kinds.text(rules.DURATION, number="; give it a unit")]
OptionalAge = Annotated[str, kinds.optional(kinds.text(rules.AGE, number="; give it a unit"))]
Allowance = Annotated[str, kinds.choice(*rules.ALLOWANCES)]
HistoryMax = Annotated[int, kinds.count(2)]
Flag = Annotated[bool, kinds.FLAG]
Reaction = Annotated[str, kinds.choice(*rules.REACTIONS)]


class EnvironmentSection(Section):
    """One place that commits are deployed to."""

    namespace: Namespace = Field(description="The Kubernetes namespace.", examples=["sample-qa"])
    release: OptionalReleaseName = Field(
        "", description="The Helm release's name; the service's when left out.", examples=["sample"]
    )
    context: OptionalLine = Field(
        "",
        description="The kubeconfig's context; its current one when left out or empty.",
        examples=["qa-cluster"],
    )
    kubeconfig: OptionalPath = Field(
        "",
        description="The kubeconfig, from this file's directory; the one that kubectl takes when left out or empty.",
        examples=["~/.kube/qa.yaml"],
    )
    values: list[ValuesFile] = Field(
        [],
        description="Values files below values.location; later ones win.",
        examples=[["base.yaml", "qa.yaml"]],
    )
    needs: list[EnvironmentName] = Field(
        [], description="Environments that must run a commit before this one may.", examples=[["dev"]]
    )
    approval: Flag = Field(
        default=False,
        description="Whether a person has to say yes before each deployment.",
        examples=[True],
    )
    timeout: Timeout = Field("5m", description="The longest that a rollout may take.", examples=["5m"])
    settle: Duration = Field(
        "10s",
        description="How long pods without a readiness probe must stay up to count as good.",
        examples=["10s"],
    )
    checks: list[CheckSection] = Field(
        [],
        description=(
            "What is tried once the rollout is good, in this order; one that fails makes the deployment fail. A check "
            "may use ${TRUNKLINE_COMMIT}, ${TRUNKLINE_SHORT_COMMIT}, ${TRUNKLINE_IMAGE}, ${TRUNKLINE_DIGEST}, "
            "${TRUNKLINE_SERVICE}, ${TRUNKLINE_ENVIRONMENT}, ${TRUNKLINE_NAMESPACE} and ${TRUNKLINE_RELEASE}."
        ),
        examples=[[{"http": {"service": "sample", "port": 8000, "path": "/healthz"}}, {"helm_test": True}]],
    )
    soak: Duration = Field(
        "0s",
        description="How long to watch after the checks: a restart or a pod that is no longer ready is a failure.",
        examples=["2m"],
    )
    on_failure: Reaction = Field(
        "rollback",
        description="What happens to a failed deployment: rollback undoes it, keep leaves it for a person to look at.",
        examples=["keep"],
    )
    history_max: HistoryMax = Field(10, description="How many Helm revisions are kept.", examples=[10])
    create_namespace: Flag = Field(
        default=True, description="Whether to create the namespace when it is not there.", examples=[False]
    )
    gate_max_age: OptionalAge = Field(
        "",
        description=(
            "Refuse an image that the gate has not let pass within this time; when left out, no gate is asked here."
        ),
        examples=["7d"],
    )
    allow: list[Allowance] = Field(
        [],
        description=(
            "What trunk discipline lets through here: dirty (a work tree with changes), off_trunk (a commit that is not on trunk)."
        ),
        examples=[["dirty", "off_trunk"]],
    )
    tag: OptionalLine = Field(
        "",
        description="The `environment` tag of measurements; the environment's name when left out.",
        examples=["production"],
    )
