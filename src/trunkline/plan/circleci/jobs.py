"""The pipeline as CircleCI sees it: jobs that run a command of ours each, approvals, and what goes before what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a job.

    Attributes:
        kind: `run`, or one of CircleCI's own: `checkout`, `setup_remote_docker`, `store_test_results`, `store_artifacts`.
        name: what a `run` is called on the page.
        command: of a `run`; the path of a `store_...`.
        timeout_s: how long it may be silent; 0 for CircleCI's ten minutes.
        when: `on_success`, or `always` and `on_fail`.
    """

    kind: str
    name: str = ""
    command: str = ""
    timeout_s: float = 0.0
    when: str = "on_success"


@dataclass(frozen=True, slots=True)
class Job:
    """One job, or an approval, with its place in the workflow.

    Attributes:
        why: a sentence for whoever reads the file.
        stage: which stage of a run it is: `test`, `deploy dev`, `approval qa`; empty for one that has none there.
        image: empty for an approval.
        requires: names of jobs before it, with the statuses that they must have; empty for success.
        context: whose secrets it gets.
        serial_group: of all jobs in it one runs at a time.
        every_branch: whether it runs for other branches than the trunk, too.
    """

    name: str
    why: str
    stage: str = ""
    image: str = ""
    steps: tuple[Step, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    requires: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    context: str = ""
    serial_group: str = ""
    every_branch: bool = False

    @property
    def approval(self) -> bool:
        """Whether a person gives it, and nothing runs."""
        return not self.image


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The workflow, its jobs each behind those that it requires.

    Attributes:
        trunk: the branch that goes to production.
        resource_class: the size of the machines; empty for CircleCI's own choice.
    """

    service: str
    trunk: str
    jobs: tuple[Job, ...]
    resource_class: str = ""
