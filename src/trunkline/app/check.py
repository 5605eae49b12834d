"""Trying everything that a deployment will need, and saying for each what is wrong and how to mend it."""

from __future__ import annotations

from collections.abc import Callable

from trunkline.app.material import gathered
from trunkline.config.checks import HttpCheck
from trunkline.config.project import Environment, GateSettings
from trunkline.dataclass import dataclass
from trunkline.domain.durations import format_duration
from trunkline.errors import ConfigurationError, TrunklineError, UsageError
from trunkline.ports import World

_DEEDS = (
    ("create", "", "secrets"),
    ("create", "apps", "deployments"),
    ("create", "coordination.k8s.io", "leases"),
    ("list", "", "pods"),
)

# What `kubectl port-forward` to a Service needs besides.
_FORWARDING = (("get", "", "services"), ("create", "", "pods/portforward"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried: what it said, or what is wrong and how to mend it."""

    role: str
    name: str
    good: bool
    text: str
    mend: str = ""


def check_online(world: World, sinks: Callable[[], str] | None) -> tuple[Finding, ...]:
    """Try tools, registry, storage, clusters and sinks, all at the same time.

    Args:
        world: whose project is checked.
        sinks: tries the measurement sink; None where none is configured.
    """
    project = world.project
    trials: list[tuple[str, str, Callable[[], str]]] = [
        ("git", "commit", lambda: world.source.commit(project.trunk).short),
        ("builder", project.image.builder or "any", lambda: f"{world.builder().name} works"),
    ]
    if project.image.repository is not None:
        repository = project.image.repository
        trials.append(
            ("registry", repository.registry, lambda: world.registry.check(repository, project.image))
        )
    trials.append(("gate", "vulnerabilities", lambda: _gate(project.gate)))
    for environment in project.environments:
        trials += _trials(world, environment)
    if sinks is not None:
        trials.append(("sink", "datadog", sinks))
    # A release uses this module, too, and needs no pool.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    with ThreadPoolExecutor(max_workers=8) as pool:
        return tuple(pool.map(lambda trial: _try(*trial), trials))


def _gate(settings: GateSettings | None) -> str:
    if settings is None:
        return "none is configured: no image is looked at for known vulnerabilities before it is deployed"
    where = "reports" if settings.scanner == "reports" else settings.url or "the image's registry"
    return f"images are judged by what {where} says, within {format_duration(settings.timeout_s)}"


def _trials(world: World, environment: Environment) -> list[tuple[str, str, Callable[[], str]]]:
    target = environment.target
    return [
        ("chart and values", environment.name, lambda: _material(world, environment)),
        ("helm", environment.name, lambda: f"Helm {world.helm(target.cluster).version()}"),
        ("cluster", environment.name, lambda: _cluster(world, environment)),
        *([("checks", environment.name, lambda: _checks(world, environment))] if environment.checks else []),
    ]


def _material(world: World, environment: Environment) -> str:
    from trunkline.app.values_schema import check_values  # noqa: PLC0415 - a release uses this module, too

    with gathered(world, environment) as material:
        check_values(world, environment, material)
        return f"{material.label} with {len(material.values)} values layers"


def _cluster(world: World, environment: Environment) -> str:
    cluster = world.cluster(environment.target.cluster)
    version = cluster.version()
    deeds = (*_DEEDS, *_FORWARDING) if _forwards(environment) else _DEEDS
    for verb, group, resource in deeds:
        if not cluster.allowed(environment.namespace, verb, group, resource):
            raise TrunklineError(
                f"Kubernetes {version} answers, but these credentials may not {verb} {resource} "
                f"in namespace {environment.namespace}.",
                "Ask for a role that may, such as `edit` in that namespace.",
            )
    return f"Kubernetes {version}, and the credentials may deploy to {environment.namespace}"


def _checks(world: World, environment: Environment) -> str:
    ensure_tools(world, environment)
    return ", ".join(check.name for check in environment.checks)


def ensure_tools(world: World, environment: Environment) -> None:
    """Verify that the environment's checks find here what they need; better now than after the rollout.

    Raises:
        UsageError: they do not.
    """
    if _forwards(environment) and world.processes.find("kubectl") is None:
        raise UsageError(
            f"A check of {environment.name} asks a Service through kubectl, and kubectl is not on PATH.",
            "Install kubectl, or let the check ask a `url`.",
        )


def _forwards(environment: Environment) -> bool:
    return any(isinstance(check, HttpCheck) and check.service for check in environment.checks)


def _try(role: str, name: str, trial: Callable[[], str]) -> Finding:
    try:
        return Finding(role, name, good=True, text=trial())
    except TrunklineError as error:
        mistakes = error.mistakes if isinstance(error, ConfigurationError) else ()
        return Finding(role, name, good=False, text="\n  ".join((error.message, *mistakes)), mend=error.hint)
