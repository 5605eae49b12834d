"""What the ledger remembers: runs, attempts at their stages, approvals and deployments.

Every one is a fact that happened and never changes; what is true now (a run's progress, an environment's
version) is computed from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from trunkline.dataclass import dataclass


class Stage(StrEnum):
    """The kinds of stage that a run is made of."""

    TEST = "test"
    BUILD = "build"
    GATE = "gate"
    DEPLOY = "deploy"
    APPROVAL = "approval"


class Kind(StrEnum):
    """Why a deployment was made."""

    RELEASE = "release"
    PROMOTION = "promotion"
    ROLLBACK = "rollback"


class Outcome(StrEnum):
    """How an attempt ended. An attempt without an outcome is at work, or its process died."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


class Decision(StrEnum):
    """What a person said about a deployment."""

    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Run:
    """One pipeline execution for one commit."""

    id: str
    service: str
    commit: str
    branch: str
    actor: str
    started_at: datetime
    until: str = ""
    ci: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a stage, as it is written down *before* anything is done.

    Attributes:
        environment: the environment's name, or empty for stages that have none.
        image: the reference that is built or deployed, as far as it is known; empty for a test stage.
        ci: what the CI said of itself (`CIRCLE_*`), without secrets.
    """

    id: str
    run_id: str
    service: str
    stage: Stage
    commit: str
    actor: str
    started_at: datetime
    environment: str = ""
    branch: str = ""
    image: str = ""
    release: str = ""
    kind: Kind = Kind.RELEASE
    ci: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended.

    Attributes:
        reason: one sentence for a person; empty for a success.
        cause: a stable code (`crash-loop`, `image-not-found`), or empty.
        undone: what was undone ("returned to revision 3"), or empty.
        digest: the image's digest, once it is known.
        revision: the Helm revision that was made, 0 if none was.
    """

    attempt_id: str
    finished_at: datetime
    outcome: Outcome
    reason: str = ""
    cause: str = ""
    undone: str = ""
    digest: str = ""
    revision: int = 0


@dataclass(frozen=True, slots=True)
class StepBegun:
    """A step of an attempt, as it is written down before it is done."""

    attempt_id: str
    step: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """An attempt together with its ending, if it has one."""

    attempt: Attempt
    ending: Ending | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the attempt ended well."""
        return self.ending is not None and self.ending.outcome is Outcome.SUCCEEDED

    @property
    def elapsed_s(self) -> float | None:
        """Seconds from start to end; None while it is not over."""
        if self.ending is None:
            return None
        return (self.ending.finished_at - self.attempt.started_at).total_seconds()


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's decision on one run's deployment to one environment."""

    id: str
    run_id: str
    environment: str
    decision: Decision
    actor: str
    decided_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A version that came to stand in an environment, with the Helm revision that carries it.

    Attributes:
        ingredients: the chart and the values layers, as `Ingredients.dump` has them; empty where nobody knows.
        changes: the commits that it brought, as `Changes.dump` has them; empty where nobody looked.
    """

    id: str
    attempt_id: str
    run_id: str
    service: str
    environment: str
    commit: str
    image: str
    digest: str
    release: str
    revision: int
    kind: Kind
    actor: str
    deployed_at: datetime
    ingredients: str = ""
    changes: str = ""


class Arrival(NamedTuple):
    """As much of a `Deployment` as tells what came where and when: a history has thousands."""

    id: str
    service: str
    environment: str
    commit: str
    kind: Kind
    actor: str
    deployed_at: datetime
    changes: str
