"""Where the steps of one deployment work, and the failure that knows its causes."""

from __future__ import annotations

from dataclasses import asdict

from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.rollouts import Cause, Failure
from trunkline.errors import DeploymentFailed
from trunkline.ports import Applied, Cluster, Helm, Watch, World
from trunkline.run.announce import Voice


@dataclass(slots=True)
class Site:
    """Where the steps of one deployment work, and what the last of them made."""

    environment: Environment
    helm: Helm
    cluster: Cluster
    watch: Watch
    voice: Voice
    digest: str = ""
    applied: Applied | None = None

    @property
    def revision(self) -> int:
        """The revision that the steps made or found so far, 0 for none."""
        return self.applied.revision if self.applied else 0

    @property
    def world(self) -> World:
        """All that is around."""
        return self.voice.world


class RolloutFailed(DeploymentFailed):
    """A deployment failed, and it is known why: `failures` holds at least one, the first one first."""

    def __init__(self, failures: tuple[Failure, ...]) -> None:
        sentences = dict.fromkeys(failure.sentence.rstrip(". ") for failure in failures)
        super().__init__("; ".join(sentences) + ".", failures[0].advice)
        self.failures = failures
        self.facts = {
            "cause": self.cause.value,
            "failures": [asdict(failure) | {"resource": str(failure.resource)} for failure in failures],
        }

    @property
    def cause(self) -> Cause:
        """The stable code of the first failure."""
        return self.failures[0].cause
