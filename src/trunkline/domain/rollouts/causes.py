"""Every cause that a deployment can fail for: its stable code, what it means, when it is decided, what to do.

The table is the source of docs/reference/causes.md, and of the advice wherever a rule knows none that is closer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from trunkline.dataclass import dataclass

# A container's end can be bad luck once; the second one is a loop.
CRASHES = 2
# The kubelet forgets earlier crashes of a container that ran for ten minutes; a person would after a few.
STEADY_S = 300.0
# A container that was restarted has to outlive its life before, if that was not longer than this.
LONGEST_TRIAL_S = 60.0
# Kubelets try a pull again after 10 s: what fails twice, and still does after this, stays so.
PULL_GRACE_S = 20.0
# Where nothing tells how often it was tried.
PULL_PATIENCE_S = 60.0
SCHEDULING_GRACE_S = 30.0
# A node that is drained, rebooted or short of disk comes back, or its pods find another one.
NODE_GRACE_S = 60.0
VOLUME_GRACE_S = 30.0
ATTACH_GRACE_S = 90.0
SANDBOX_GRACE_S = 60.0
# Another controller of the same release may be about to make a Secret, or old pods to make room.
COMPANION_GRACE_S = 30.0
# A missing ConfigMap, Secret or key: Helm makes those of a release before its workloads, so nobody is late.
CONFIGURATION_GRACE_S = 0.0
# Kubelets try a mount again after 0.5, 1, 2, 4 and 8 s.
VOLUME_CONFIGURATION_GRACE_S = 20.0
SHORT_GRACE_S = 5.0


class Cause(StrEnum):
    """Why a deployment failed: stable codes for the ledger, for dashboards and for people's searches."""

    # what the new pods show
    IMAGE_NOT_FOUND = "image-not-found"
    IMAGE_DENIED = "image-denied"
    REGISTRY_UNREACHABLE = "registry-unreachable"
    IMAGE_PULL = "image-pull-failed"
    IMAGE_NAME = "image-name-invalid"
    CONFIGURATION = "configuration-missing"
    EXEC_FORMAT = "exec-format-error"
    COMMAND_NOT_FOUND = "command-not-found"
    CANNOT_START = "container-cannot-start"
    OUT_OF_MEMORY = "out-of-memory"
    CRASH_LOOP = "crash-loop"
    INIT_CRASH = "init-container-failing"
    LIVENESS = "liveness-restarts"
    STARTUP_PROBE = "startup-probe-failing"
    NEVER_READY = "never-ready"
    UNSTABLE = "not-stable"
    # what keeps pods from coming up
    NO_ROOM = "unschedulable-resources"
    TAINTED = "unschedulable-taints"
    NO_MATCHING_NODE = "unschedulable-affinity"
    UNSCHEDULABLE = "unschedulable"
    VOLUME_UNBOUND = "volume-not-bound"
    VOLUME_UNMOUNTED = "volume-not-mounted"
    QUOTA = "quota-exceeded"
    ADMISSION = "admission-denied"
    CREATE_REFUSED = "pods-refused"
    NAMESPACE_TERMINATING = "namespace-terminating"
    PROGRESS_DEADLINE = "progress-deadline"
    # other objects of the release
    JOB_FAILED = "job-failed"
    HOOK_FAILED = "hook-failed"
    NO_ADDRESS = "service-without-address"
    RESOURCE_FAILED = "resource-failed"
    # what Helm or the API refused to apply
    IMMUTABLE_FIELD = "immutable-field"
    OWNED_ELSEWHERE = "owned-elsewhere"
    KIND_UNKNOWN = "kind-unknown"
    INVALID_OBJECT = "invalid-object"
    FORBIDDEN = "forbidden"
    CHART_INVALID = "chart-invalid"
    HELM_FAILED = "helm-failed"
    # what was checked after the rollout
    CHECK_FAILED = "check-failed"
    SOAK_FAILED = "soak-failed"
    # nothing can be said
    API_UNREACHABLE = "api-unreachable"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Guide:
    """What a person should know of a cause, a sentence or less each."""

    meaning: str
    decided: str
    advice: str


_AT_ONCE = "at once"
_CRASHED = f"after the second crash; one that ends a run of {STEADY_S / 60:.0f} minutes or more counts anew"
_AT_TIMEOUT = "when the time is up"
_REFUSED = "at once, from Helm's or the API's answer"
_PLACED = f"after {SCHEDULING_GRACE_S:.0f} s; not while an autoscaler or a preemption is at work"
_CREATED = f"at once; after {COMPANION_GRACE_S:.0f} s where old pods may still make room, or a webhook does not answer"

GUIDE: Mapping[Cause, Guide] = {
    Cause.IMAGE_NOT_FOUND: Guide(
        "The registry has no such repository, tag or digest.",
        _AT_ONCE,
        "Build and push it (`trunkline build`), or correct the repository and tag in the values.",
    ),
    Cause.IMAGE_DENIED: Guide(
        "The registry does not hand the image out to the cluster.",
        _AT_ONCE,
        "Give the pods a pull secret (imagePullSecrets) that may read the repository, and check the repository's name.",
    ),
    Cause.REGISTRY_UNREACHABLE: Guide(
        "The node reaches no working registry: refused, not resolved, timed out, a certificate, a 5xx or 429 answer.",
        f"after {PULL_GRACE_S:.0f} s and a second try ({PULL_PATIENCE_S:.0f} s where nobody tells of tries)",
        "Check that the nodes reach the registry: its name resolves, it answers, and they trust its certificate.",
    ),
    Cause.IMAGE_PULL: Guide(
        "The image cannot be pulled for another reason, or may not be (`imagePullPolicy: Never`).",
        f"after {PULL_GRACE_S:.0f} s and a second try; at once where it may not be pulled",
        "Read the kubelet's words; check the node's disk and the image's `imagePullPolicy`.",
    ),
    Cause.IMAGE_NAME: Guide(
        "The image's name is no image name.", _AT_ONCE, "Correct the image's repository and tag in the values."
    ),
    Cause.CONFIGURATION: Guide(
        "A ConfigMap, a Secret or a key in one that the pods name does not exist.",
        f"at once; in a volume after {VOLUME_CONFIGURATION_GRACE_S:.0f} s; after {COMPANION_GRACE_S:.0f} s where the release has custom "
        "resources, whose controllers may be about to make it",
        "Create the missing ConfigMap, Secret or key, or correct its name in the values.",
    ),
    Cause.EXEC_FORMAT: Guide(
        "The program was built for another architecture, or is no program.",
        _AT_ONCE,
        "Build the image for the nodes' architecture (`--platform`); a script needs a `#!` line.",
    ),
    Cause.COMMAND_NOT_FOUND: Guide(
        "The image has no such command.",
        _AT_ONCE,
        "Correct `command` and `args` in the values, or the image's ENTRYPOINT; a script also needs its interpreter.",
    ),
    Cause.CANNOT_START: Guide(
        "The container cannot be created or started for another reason.",
        f"at once where it cannot mend itself, else after the second try or {COMPANION_GRACE_S:.0f} s",
        "Read the runtime's words; check command, working directory, user, mounts and security context.",
    ),
    Cause.OUT_OF_MEMORY: Guide(
        "The container was killed for using more memory than its limit.",
        "after the second time",
        "Raise resources.limits.memory, or make it use less.",
    ),
    Cause.CRASH_LOOP: Guide(
        "The container ends again and again, by itself or by a signal.",
        _CRASHED,
        "Read its last log lines: they come from the container that ended.",
    ),
    Cause.INIT_CRASH: Guide(
        "An init container ends with an error again and again, so the pod never starts.",
        _CRASHED,
        "Read the init container's last log lines; it often waits for something that is not there.",
    ),
    Cause.LIVENESS: Guide(
        "The kubelet restarts the container again and again, because its liveness probe fails.",
        "after the second time",
        "Check the probe's path, port and timing; a slow start wants a startupProbe.",
    ),
    Cause.STARTUP_PROBE: Guide(
        "The container does not pass its startup probe in time, and is restarted.",
        "after the second time",
        "Check the probe's path and port, or raise failureThreshold x periodSeconds above the time of a start.",
    ),
    Cause.NEVER_READY: Guide(
        "The pods run, and did not become ready.",
        _AT_TIMEOUT,
        "Check the probe's path and port, and what the container waits for; raise `timeout` if it only needs longer.",
    ),
    Cause.UNSTABLE: Guide(
        "The pods became ready, and containers kept restarting.",
        "after the second restart of a container, or when the time is up before it stayed up for `settle`",
        "Read the log of the container's previous life: kubectl logs --previous.",
    ),
    Cause.NO_ROOM: Guide(
        "No node has the CPU, memory or other resources that a pod asks for.",
        _PLACED,
        "Lower resources.requests, or add nodes.",
    ),
    Cause.TAINTED: Guide(
        "The nodes that are left have taints that the pod does not tolerate.",
        f"{_PLACED}; after {NODE_GRACE_S:.0f} s where the taint only says that a node is drained or not ready",
        "Add a toleration to the values, or remove the taint: kubectl describe nodes.",
    ),
    Cause.NO_MATCHING_NODE: Guide(
        "No node matches the pod's node selector, affinity, anti-affinity or spread constraints.",
        _PLACED,
        "Correct nodeSelector and affinity in the values, or label the nodes.",
    ),
    Cause.UNSCHEDULABLE: Guide(
        "No node takes the pod for another reason: ports, too many pods, volumes of another zone.",
        _PLACED,
        "Read the scheduler's words: kubectl describe pod.",
    ),
    Cause.VOLUME_UNBOUND: Guide(
        "A claim has no volume, or there is no such claim.",
        f"after {VOLUME_GRACE_S:.0f} s; after {SHORT_GRACE_S:.0f} s where its storage class does not exist",
        "Check the claim's storage class and size: kubectl describe pvc.",
    ),
    Cause.VOLUME_UNMOUNTED: Guide(
        "A volume cannot be mounted or attached.",
        f"after {VOLUME_GRACE_S:.0f} s; after {ATTACH_GRACE_S:.0f} s where it cannot be attached",
        "Check the volume's path, server or driver, and whether another node still holds it.",
    ),
    Cause.QUOTA: Guide(
        "The namespace's quota or limits do not allow the pods.",
        _CREATED,
        "Lower requests, limits or replicas, or have the quota raised: kubectl describe quota,limits.",
    ),
    Cause.ADMISSION: Guide(
        "An admission webhook or policy does not allow the object.",
        _CREATED,
        "Change what the policy names, or ask who owns the policy.",
    ),
    Cause.CREATE_REFUSED: Guide(
        "The API refuses the pods for another reason, such as a ServiceAccount that does not exist.",
        f"after {SHORT_GRACE_S:.0f} s",
        "Read the API's words, and correct the pod template.",
    ),
    Cause.NAMESPACE_TERMINATING: Guide(
        "The namespace is being deleted.", _AT_ONCE, "Wait until it is gone, and deploy again."
    ),
    Cause.PROGRESS_DEADLINE: Guide(
        "Kubernetes saw no progress within the Deployment's progressDeadlineSeconds.",
        "at once, unless the pods show a cause",
        "Look at the events of its pods; raise progressDeadlineSeconds if a start only needs longer.",
    ),
    Cause.JOB_FAILED: Guide(
        "A Job, or a pod of its own, ended with an error and is not tried again.",
        _AT_ONCE,
        "Read the log of its last pod.",
    ),
    Cause.HOOK_FAILED: Guide(
        "A hook of the chart ended with an error.", _AT_ONCE, "Read the hook's log; it runs again with the next deployment."
    ),
    Cause.NO_ADDRESS: Guide(
        "A Service of type LoadBalancer got no address.",
        f"when the time is up; after {NODE_GRACE_S:.0f} s where its controller says why",
        "Check the cluster's load balancer controller and its cloud's limits: kubectl describe service.",
    ),
    Cause.RESOURCE_FAILED: Guide(
        "An object says itself that it failed, or cannot roll out as it is.",
        f"at once, or after {SHORT_GRACE_S:.0f} s where its status may be about an older spec",
        "Read its conditions: kubectl describe.",
    ),
    Cause.IMMUTABLE_FIELD: Guide(
        "The release changes a field that Kubernetes does not let anybody change.",
        _REFUSED,
        "Give the object a new name, or delete it first (kubectl delete --cascade=orphan keeps its pods).",
    ),
    Cause.OWNED_ELSEWHERE: Guide(
        "An object, or a field of one, belongs to another release or to somebody else.",
        _REFUSED,
        "Remove it from one of the two, or let this release take it over.",
    ),
    Cause.KIND_UNKNOWN: Guide(
        "The cluster does not know a kind or version that the chart uses.",
        _REFUSED,
        "Install the CustomResourceDefinition first, or use a version that this cluster serves: kubectl api-resources.",
    ),
    Cause.INVALID_OBJECT: Guide(
        "The API finds an object of the chart invalid.", _REFUSED, "Correct the named field in the values or the chart."
    ),
    Cause.FORBIDDEN: Guide(
        "The credentials of the deployment may not do what the chart needs.",
        _REFUSED,
        "Give them the named permission with a Role and a RoleBinding.",
    ),
    Cause.CHART_INVALID: Guide(
        "The chart cannot be rendered with these values.",
        "at once, from Helm's answer",
        "Correct the values or the template that the message names: helm template shows it.",
    ),
    Cause.HELM_FAILED: Guide(
        "Helm failed for another reason.", "at once, from Helm's answer", "Read Helm's words."
    ),
    Cause.CHECK_FAILED: Guide(
        "A smoke check failed after the rollout.", "when its tries are used up", "Read the check's answer and the service's log."
    ),
    Cause.SOAK_FAILED: Guide(
        "A container restarted, or a pod stopped being ready, in the time of observation after the rollout.",
        "at once; not ready: after 10 s",
        "Read the log of the container's previous life: kubectl logs --previous.",
    ),
    Cause.API_UNREACHABLE: Guide(
        "The Kubernetes API did not answer to the end.",
        _AT_TIMEOUT,
        "Check the cluster; the release may be good: `trunkline status` tells once it answers.",
    ),
    Cause.TIMED_OUT: Guide(
        "The time was up, and nothing told of a cause.",
        _AT_TIMEOUT,
        "Look at the object that is named; raise `timeout` if it only needs longer.",
    ),
}  # fmt: skip
