"""Which jobs a project needs on CircleCI: the same stages that `trunkline run` goes through, each as a job of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping

from trunkline import __version__
from trunkline.config.circleci_settings import CircleSettings
from trunkline.config.project import Environment, Project
from trunkline.domain.attempts import Stage
from trunkline.plan.circleci.jobs import Job, Pipeline, Step
from trunkline.plan.pipeline import PlannedStage, find_environment, plan_pipeline

# Beyond the rollout's own time: the lock, charts and values, Helm, and an undo that is watched as long again.
_WAIT_FOR_LOCK_S = 600.0
_MARGIN_S = 300.0
_CHECK_S = 60.0
_CANCELED = ("canceled",)
_CHECKOUT = Step("checkout")


def pipeline_of(project: Project, images: Mapping[str, str]) -> Pipeline:
    """The jobs of a project.

    Args:
        project: what is configured.
        images: the image of each environment's jobs.

    Raises:
        KeyError: an environment has no image.
    """
    made = _Maker(project, images)
    return Pipeline(project.service, project.trunk, tuple(made.jobs()), project.circleci.resource_class)


class _Maker:
    def __init__(self, project: Project, images: Mapping[str, str]) -> None:
        self._project = project
        self._settings: CircleSettings = project.circleci
        self._images = images

    def jobs(self) -> list[Job]:
        """All of them, in the order in which they may begin."""
        found: list[Job] = []
        last = ""
        for planned in plan_pipeline(self._project):
            job = self._job(planned, last)
            found.append(job)
            if planned.stage is Stage.DEPLOY:
                found.append(self._repair(planned.environment))
            last = job.name
        if not self._project.test:
            # Branches would otherwise run nothing, and a commit without jobs looks like a commit without trouble.
            found.insert(0, self._check())
        return found

    def _job(self, planned: PlannedStage, last: str) -> Job:
        match planned.stage:
            case Stage.TEST:
                return self._test()
            case Stage.BUILD:
                return self._build(last)
            case Stage.GATE:
                return self._gate(last)
            case Stage.APPROVAL:
                return self._approval(planned.environment, last)
            case Stage.DEPLOY:
                return self._deploy(planned.environment, last)

    def _check(self) -> Job:
        return Job(
            name="check",
            why="Whether this file is still what trunkline.yaml says; on every branch.",
            image=self._settings.image,
            steps=(_CHECKOUT, *self._installed(), _run("Check the pipeline", "trunkline ci check")),
            every_branch=True,
        )

    def _test(self) -> Job:
        kept = (
            [Step("store_test_results", command=self._settings.test_results)]
            if self._settings.test_results
            else []
        )
        kept += [Step("store_artifacts", command=path) for path in self._settings.artifacts]
        return Job(
            name="test",
            why="The project's own tests, and whether this file is still what trunkline.yaml says; on every branch.",
            stage=str(Stage.TEST),
            image=self._settings.image,
            steps=(
                _CHECKOUT,
                *self._installed(),
                _run("Check the pipeline", "trunkline ci check"),
                _run("Test", "trunkline test"),
                *kept,
            ),
            every_branch=True,
        )

    def _build(self, last: str) -> Job:
        return Job(
            name="build",
            why="The image of the commit, built once; every environment gets this very digest.",
            stage=str(Stage.BUILD),
            image=self._settings.image,
            steps=(
                _CHECKOUT,
                Step("setup_remote_docker"),
                *self._installed(),
                _run("Build and push", "trunkline build", 1800.0),
            ),
            requires=_after(last),
            context=self._settings.context,
        )

    def _gate(self, last: str) -> Job:
        gate = self._project.gate
        timeout_s = gate.timeout_s if gate else 0.0
        report = "trunkline-gate.sarif"
        return Job(
            name="gate",
            why="What the registry's scan found, by the policy of trunkline.yaml.",
            stage=str(Stage.GATE),
            image=self._settings.image,
            steps=(
                _CHECKOUT,
                *self._installed(),
                _run("Gate", f"trunkline gate --sarif {report}", timeout_s + _MARGIN_S),
                Step("store_artifacts", command=report),
            ),
            requires=_after(last),
            context=self._settings.context,
        )

    def _approval(self, name: str, last: str) -> Job:
        return Job(
            name=f"approve-{name}",
            why=f"A person says yes to {name}; waits for what must come before.",
            stage=f"{Stage.APPROVAL} {name}",
            requires=self._before(name, last),
        )

    def _deploy(self, name: str, last: str) -> Job:
        environment = find_environment(self._project, name)
        command = f"trunkline release {name} --wait-for-lock 10m"
        if environment.approval:
            requires: Mapping[str, tuple[str, ...]] = _after(f"approve-{name}")
        else:
            requires = self._before(name, last)
        return Job(
            name=f"deploy-{name}",
            why=f"The commit's image to {name}, watched until it is good, undone if it is not.",
            stage=f"{Stage.DEPLOY} {name}",
            image=self._images[name],
            steps=(_CHECKOUT, *self._marked(name, _run("Deploy", command, _silence_s(environment)))),
            environment=self._variables(name),
            requires=requires,
            context=self._settings.context_of(name),
            serial_group=f"{self._project.service}/{name}",
        )

    def _repair(self, name: str) -> Job:
        environment = find_environment(self._project, name)
        command = f"trunkline repair {name} --wait-for-lock 10m"
        return Job(
            name=f"repair-{name}",
            why=f"Runs only if deploy-{name} was cancelled: a job that is killed cannot tidy up after itself.",
            image=self._images[name],
            steps=(_CHECKOUT, _run("Repair", command, _silence_s(environment))),
            environment=self._variables(name),
            requires={f"deploy-{name}": _CANCELED},
            context=self._settings.context_of(name),
        )

    def _before(self, name: str, last: str) -> Mapping[str, tuple[str, ...]]:
        """What an environment waits for: those that it needs or, where it says nothing, what the pipeline did last."""
        needs = find_environment(self._project, name).needs
        return {f"deploy-{need}": () for need in needs} or _after(last)

    def _installed(self) -> tuple[Step, ...]:
        return (
            (_run("Install Trunkline", self._settings.install.replace("{version}", __version__)),)
            if self._settings.install
            else ()
        )

    def _variables(self, name: str) -> Mapping[str, str]:
        role = self._settings.roles.get(name)
        return {"AWS_ROLE_ARN": role} if role else {}

    def _marked(self, name: str, deploy: Step) -> tuple[Step, ...]:
        """A deployment that CircleCI's page of deployments hears of; one that does not listen stops nothing."""
        if not self._settings.deploy_markers:
            return (deploy,)
        marker = f"{self._project.service}-{name}"
        plan = (
            f"circleci run release plan {marker} --environment-name={name}"
            f" --component-name={self._project.service} --target-version=$CIRCLE_SHA1 || true"
        )
        return (
            _run("Tell CircleCI of the deployment", plan),
            deploy,
            _run(
                "Tell CircleCI that it is good",
                f"circleci run release update {marker} --status=SUCCESS || true",
            ),
            Step(
                "run",
                "Tell CircleCI that it failed",
                f"circleci run release update {marker} --status=FAILED || true",
                when="on_fail",
            ),
        )


def _run(name: str, command: str, timeout_s: float = 0.0) -> Step:
    return Step("run", name, command, timeout_s)


def _after(name: str) -> Mapping[str, tuple[str, ...]]:
    return {name: ()} if name else {}


def _silence_s(environment: Environment) -> float:
    """More than a deployment takes with its undo, in whole minutes: CircleCI would kill it in the middle of it."""
    rollout_s = environment.timeout_s + environment.soak_s + _CHECK_S * len(environment.checks)
    whole_s = _WAIT_FOR_LOCK_S + 2 * rollout_s + _MARGIN_S
    return math.ceil(whole_s / 60) * 60.0
