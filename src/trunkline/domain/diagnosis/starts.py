"""Why a container cannot be created or started: the words of kubelets and runtimes, sorted into causes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trunkline.dataclass import dataclass
from trunkline.domain.diagnosis.look import Finding, Look, finding
from trunkline.domain.rollouts.causes import COMPANION_GRACE_S, CONFIGURATION_GRACE_S, CRASHES, Cause
from trunkline.domain.rollouts.shapes import mapping, number, text
from trunkline.domain.rollouts.words import KubernetesObject, Resource
from trunkline.expressions import expression

_CONFIGURATION = "CreateContainerConfigError"
_START_REASONS = {"CreateContainerError", "RunContainerError"}
# `ContainerCannotRun` is Docker's word, `StartError` containerd's.
START_ERRORS = {"StartError", "ContainerCannotRun"}
# The kubelet's own caches and its queue, which mend themselves.
_PASSING = expression(
    r"failed to sync .* cache|services have not yet been read|not registered$|is reserved for|"
    r"context deadline exceeded|context canceled|cannot allocate memory|resource temporarily unavailable",
    re.IGNORECASE,
)
_BENIGN = expression(r"failed to sync .* cache|services have not yet been read|not registered", re.IGNORECASE)
MISSING = (
    (expression(r"couldn't find key (?P<key>\S+) in (?P<kind>ConfigMap|Secret) (\S*/)?(?P<name>\S+)"), "{kind} {name} has no key {key}"),
    (expression(r"(?P<kind>configmap|secret) references non-existent (config|secret) key: (?P<key>\S+)", re.IGNORECASE),
     "a {kind} has no key {key}"),
    (expression(r'(?P<kind>configmaps?|secrets?) "(?P<name>[^"]+)" not found', re.IGNORECASE), "{kind} {name} does not exist"),
)  # fmt: skip
_KINDS = {"configmap": "ConfigMap", "secret": "Secret"}


@dataclass(frozen=True, slots=True)
class _Words:
    pattern: re.Pattern[str]
    cause: Cause
    sentence: str
    advice: str = ""


_TABLE = (
    _Words(expression("exec format error", re.IGNORECASE), Cause.EXEC_FORMAT,
           "container {name} of {resource} cannot be started: its program was built for another architecture, or is no program"),
    _Words(expression(r'executable file not found|no command specified|exec: "[^"]+":.*no such file or directory|'
                      r"exec \S+: no such file or directory", re.IGNORECASE), Cause.COMMAND_NOT_FOUND,
           "container {name} of {resource} cannot be started: the image has no command {command}"),
    _Words(expression(r"exec: .*permission denied", re.IGNORECASE), Cause.CANNOT_START,
           "container {name} of {resource} cannot be started: {command} may not be executed",
           "Make the file executable in the image (chmod +x), or correct `command` in the values."),
    _Words(expression(r"exec: .*is a directory", re.IGNORECASE), Cause.CANNOT_START,
           "container {name} of {resource} cannot be started: {command} is a directory",
           "Correct `command` in the values."),
    _Words(expression(r"runAsNonRoot|run as root|non-numeric user", re.IGNORECASE), Cause.CANNOT_START,
           "container {name} of {resource} cannot be started: its image runs as root, and runAsNonRoot forbids it",
           "Give the image a numeric USER, or set securityContext.runAsUser."),
    _Words(expression(r"unable to find user|no matching entries in passwd", re.IGNORECASE), Cause.CANNOT_START,
           "container {name} of {resource} cannot be started: the image does not know its user",
           "Create the user in the image, or set securityContext.runAsUser to a number."),
)  # fmt: skip


def start_findings(
    resource: Resource, pod: KubernetesObject, status: KubernetesObject, look: Look
) -> Iterator[Finding]:
    """What keeps a container from being created or started."""
    waiting, reason = mapping(status, "state", "waiting"), text(status, "state", "waiting", "reason")
    message = text(waiting, "message")
    where = text(pod, "metadata", "name")
    if reason == _CONFIGURATION:
        if not _BENIGN.search(message):
            yield _misconfigured(resource, where, status, message, look)
    elif reason in _START_REASONS:
        yield start_failure(resource, where, status, message)
    else:
        ended = mapping(status, "state", "terminated") or mapping(status, "lastState", "terminated")
        if text(ended, "reason") in START_ERRORS and "running" not in mapping(status, "state"):
            yield start_failure(resource, where, status, text(ended, "message"))


def start_failure(resource: Resource, pod: str, status: KubernetesObject, message: str) -> Finding:
    """A container that the runtime could not start; what a second try might mend gets one."""
    name = text(status, "name") or "?"
    command = re.search(r'exec: "?([^":]+)"?', message)
    words = {"name": name, "resource": resource, "command": command.group(1) if command else "to run"}
    for rule in _TABLE:
        if rule.pattern.search(message):
            sentence = rule.sentence.format(**words)
            return finding(rule.cause, resource, sentence, (message,), advice=rule.advice, pod=pod)
    sentence = f"container {name} of {resource} cannot be started: {_reason(message)}"
    certain = number(status, "restartCount") + 1 >= CRASHES and not _PASSING.search(message)
    grace_s = 0 if certain else COMPANION_GRACE_S
    return finding(Cause.CANNOT_START, resource, sentence, (message,), pod=pod, grace_s=grace_s)


def what_is_missing(message: str) -> str:
    """The ConfigMap, Secret or key that a message says is missing, in words; empty if it says no such thing."""
    for pattern, words in MISSING:
        if found := pattern.search(message):
            groups = found.groupdict()
            groups["kind"] = _KINDS.get(groups["kind"].lower().rstrip("s"), groups["kind"])
            return words.format(**groups)
    return ""


def _misconfigured(
    resource: Resource, pod: str, status: KubernetesObject, message: str, look: Look
) -> Finding:
    missing = what_is_missing(message)
    if not missing:
        return start_failure(resource, pod, status, message)
    sentence = f"container {text(status, 'name') or '?'} of {resource} lacks configuration: {missing}"
    grace_s = COMPANION_GRACE_S if look.has_custom_resources else CONFIGURATION_GRACE_S
    return finding(Cause.CONFIGURATION, resource, sentence, (message,), pod=pod, grace_s=grace_s)


def _reason(message: str) -> str:
    """The end of a runtime's chain of errors, without its own wrapping."""
    last = message.removesuffix(": unknown").rpartition("unable to start container process: ")[2]
    return last or "the runtime does not say why"
