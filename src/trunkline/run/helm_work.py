"""Helm's deeds on one release: upgrade, return, remove. Its hooks are watched meanwhile, and no record stays pending."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from trunkline.domain.refusals import cause_of_refusal
from trunkline.domain.releases import DEAD_CLIENT, ReleaseTarget
from trunkline.domain.rollouts import Cause, Failure, KubernetesObject, Resource, images_of
from trunkline.domain.rollouts.shapes import holds, text
from trunkline.domain.values.violations import is_about_values
from trunkline.errors import DeploymentFailed, TrunklineError, ValuesRefused
from trunkline.plan.steps import Apply
from trunkline.ports import UpgradeRequest
from trunkline.run.hooks import HookWatch
from trunkline.run.site import RolloutFailed, Site

# A rollback or an uninstall only hands objects to the API; hooks are what may take their time.
_HELM_S = 120.0
# The kinds of hooks that do something.
_AT_WORK = {"Job", "Pod"}


def upgrade(step: Apply, site: Site) -> None:
    """Install or upgrade.

    Raises:
        RolloutFailed: Helm or the API refused, or a hook cannot succeed. Unreachable: the cluster does not answer.
    """
    request = UpgradeRequest(
        target=site.environment.target,
        chart=step.chart,
        values=step.values,
        pins=step.pins,
        description=step.description,
        history_max=step.history_max,
        create_namespace=step.create_namespace,
        timeout_s=step.timeout_s,
    )
    with _hooks_watched(site) as look:
        site.applied = site.helm.upgrade(request, site.voice.output, look)
    _check_digest(site)


def return_to(revision: int, site: Site) -> None:
    """Helm rollback; raises as `upgrade`."""
    environment = site.environment
    _stop_hooks(site)
    with _hooks_watched(site) as look:
        site.applied = site.helm.rollback(
            environment.target, revision, environment.history_max, _HELM_S, look
        )


def repair(revision: int, status: str, site: Site) -> None:
    """Write `failed` where a dead client left `pending-*`, and end the hooks that work on for nobody.

    Raises:
        Unreachable: the cluster does not answer.
    """
    target = site.environment.target
    site.cluster.mark_failed(target, revision, f"{DEAD_CLIENT} while it was {status}")
    _stop_hooks(site)


def remove(site: Site) -> None:
    """Helm uninstall, until the last pod is gone; hooks go, too, which Helm leaves behind. Raises as `upgrade`."""
    target = site.environment.target
    site.applied = None
    latest = site.helm.history(target).latest
    objects: tuple[Mapping[str, Any], ...] = ()
    if latest is not None:
        objects = site.helm.applied(target, latest.number).objects
    hooks = tuple(hook for hook in site.helm.hooks(target) if not _is_kept(hook))
    site.helm.uninstall(target, _HELM_S)
    site.cluster.delete(hooks, target.namespace)
    site.cluster.forget_good(target)
    if not site.cluster.gone((*objects, *hooks), target.namespace, _HELM_S):
        raise DeploymentFailed(
            f"{target} is uninstalled, but its pods are still there after {_HELM_S:.0f} s.",
            f"Look at them: kubectl get pods --namespace {target.namespace}",
        )


def _is_kept(hook: Mapping[str, Any]) -> bool:
    """Whether the chart's author wants it to outlive the release."""
    annotations = (hook.get("metadata") or {}).get("annotations") or {}
    return annotations.get("helm.sh/resource-policy") == "keep"


@contextmanager
def _hooks_watched(site: Site) -> Iterator[Callable[[], None]]:
    """Gives what Helm is to call meanwhile; however Helm ends, its record says so afterwards."""
    hooks = HookWatch(site.environment.target, site.helm, site.cluster, site.watch)

    def look() -> None:
        if failures := hooks.failures():
            raise RolloutFailed(failures)

    try:
        yield look
    except RolloutFailed:
        _leave_nothing_pending(site)
        raise
    except DeploymentFailed as error:
        _leave_nothing_pending(site)
        if is_about_values(error.message):
            raise ValuesRefused(error.message, "Correct the values layers, or the chart's schema.") from error
        raise RolloutFailed(hooks.failures() or (refusal(site.environment.target, error),)) from error
    except KeyboardInterrupt:
        _leave_nothing_pending(site)
        with contextlib.suppress(TrunklineError):
            _stop_hooks(site)
        raise


def _leave_nothing_pending(site: Site) -> None:
    """Helm is gone and the lease is ours: nobody else will ever say how its revision ended."""
    target = site.environment.target
    # What fails here is repaired by the next deployment.
    with contextlib.suppress(TrunklineError):
        latest = site.helm.history(target).latest
        if latest is not None and latest.pending:
            site.cluster.mark_failed(target, latest.number, f"{DEAD_CLIENT} while it was {latest.status}")


def _stop_hooks(site: Site) -> None:
    """Delete the newest revision's hooks that have not ended: nobody waits for them, and the next ones must not meet them."""
    target = site.environment.target
    hooks = [hook for hook in site.helm.hooks(target) if hook.get("kind") in _AT_WORK and not _is_kept(hook)]
    seen = site.cluster.live(hooks, target.namespace)
    unfinished = [
        hook for hook, live in zip(hooks, seen, strict=True) if live.found and not _has_ended(live.found)
    ]
    site.cluster.delete(unfinished, target.namespace)


def _has_ended(live: KubernetesObject) -> bool:
    if text(live, "kind") == "Pod":
        return text(live, "status", "phase") in {"Succeeded", "Failed"}
    return holds(live, "Complete") or holds(live, "Failed")


def refusal(target: ReleaseTarget, error: DeploymentFailed) -> Failure:
    """What Helm or the API refused, as a failure with its cause."""
    cause, advice = cause_of_refusal(error.message)
    if cause is Cause.HELM_FAILED:
        advice = error.hint or advice
    return Failure(cause, Resource("Release", target.namespace, target.name), error.message, (), advice)


def _check_digest(site: Site) -> None:
    """A chart that does not know our digest key deploys by tag: say so, since a tag can be moved."""
    if site.digest and site.applied is not None:
        names = images_of(site.applied.objects)
        if names and not any(name.endswith(f"@{site.digest}") for name in names):
            site.voice.warn(
                "the chart does not use the digest that it was given: the pods name the image by its tag alone "
                "(name the right key in `chart.image_keys.digest`)"
            )
