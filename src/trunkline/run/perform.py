"""One step of a plan becomes one deed, through the ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from trunkline.config.project import Environment
from trunkline.domain.releases import DEAD_CLIENT
from trunkline.domain.rollouts import Cause, awaited_in, images_of
from trunkline.errors import DeploymentFailed, Unreachable
from trunkline.plan.steps import Apply, AwaitRollout, Forget, NoteGood, Remove, Repair, Return, Step
from trunkline.ports import Applied, Cluster, Helm, UpgradeRequest, Watch
from trunkline.run.announce import Voice
from trunkline.run.rollout import await_rollout, explain

# A rollback or an uninstall only hands objects to the API; hooks are what may take their time.
_HELM_S = 120.0


class RolloutFailed(DeploymentFailed):
    """The rollout's verdict was a failure; `cause` is its stable code."""

    def __init__(self, message: str, cause: Cause, hint: str) -> None:
        super().__init__(message, hint)
        self.cause = cause


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


def perform(step: Step, site: Site) -> None:
    """Do one step.

    Raises:
        DeploymentFailed: it did not succeed. Unreachable: nobody can tell, the cluster does not answer.
    """
    target = site.environment.target
    match step:
        case Repair(revision, status):
            site.cluster.mark_failed(target, revision, f"{DEAD_CLIENT} while it was {status}")
        case Remove():
            site.applied = None
            _remove(site)
        case Return(revision, _):
            site.applied = site.helm.rollback(target, revision, site.environment.history_max, _HELM_S)
        case Apply():
            site.applied = site.helm.upgrade(_request(step, site), site.voice.output)
            _check_digest(site)
        case AwaitRollout():
            _await(step, site)
        case NoteGood():
            site.cluster.note_good(target, site.revision)
        case Forget():
            site.cluster.forget_good(target)
        case _:
            assert_never(step)


def _request(step: Apply, site: Site) -> UpgradeRequest:
    return UpgradeRequest(
        target=site.environment.target,
        chart=step.chart,
        values=step.values,
        pins=step.pins,
        description=step.description,
        history_max=step.history_max,
        create_namespace=step.create_namespace,
        timeout_s=step.timeout_s,
    )


def _remove(site: Site) -> None:
    target = site.environment.target
    latest = site.helm.history(target).latest
    objects: tuple[Mapping[str, Any], ...] = ()
    if latest is not None:
        objects = site.helm.applied(target, latest.number).objects
    site.helm.uninstall(target, _HELM_S)
    site.cluster.forget_good(target)
    if not site.cluster.gone(objects, target.namespace, _HELM_S):
        raise DeploymentFailed(
            f"{target} is uninstalled, but its pods are still there after {_HELM_S:.0f} s.",
            f"Look at them: kubectl get pods --namespace {target.namespace}",
        )


def _await(step: AwaitRollout, site: Site) -> None:
    target = site.environment.target
    if site.applied is None:
        site.applied = site.helm.applied(target, step.revision)
    resources = awaited_in(site.applied.objects, target.namespace)
    verdict = await_rollout(site.cluster, site.watch, resources, step.timeout_s, step.settle_s, site.voice)
    if verdict.succeeded:
        return
    first = verdict.failures[0]
    if first.cause is Cause.API_UNREACHABLE:
        raise Unreachable(explain(verdict), first.advice)
    site.voice.diagnosis(verdict.failures)
    raise RolloutFailed(explain(verdict), first.cause, first.advice)


def _check_digest(site: Site) -> None:
    """A chart that does not know our digest key deploys by tag: say so, since a tag can be moved."""
    if site.digest and site.applied is not None:
        names = images_of(site.applied.objects)
        if names and not any(name.endswith(f"@{site.digest}") for name in names):
            site.voice.warn(
                "the chart does not use the digest that it was given: the pods name the image by its tag alone "
                "(name the right key in `chart.image_keys.digest`)"
            )
