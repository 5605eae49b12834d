"""Controllers and pods: how Jobs, StatefulSets, DaemonSets, rollouts and containers end, with their events and conditions."""

from __future__ import annotations

from typing import Any

from tests.fidelity.sessions.manifests import deployment, job, pod, template
from tests.fidelity.steps import Session, Step, await_output, events, kubectl

_CONDITIONS = "jsonpath='{range .status.conditions[*]}{.type} {.status} {.reason} {.message}{\"\\n\"}{end}'"
_ENDS = "jsonpath='{.status.phase} {.status.containerStatuses[*].state.terminated.exitCode} {.status.containerStatuses[*].state.terminated.reason} {.status.reason}'"


def _set(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    inner = {"selector": {"matchLabels": {"app": name}}, "template": template(name), **spec}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": name}, "spec": inner}


def _rollout(replicas: int, surge: int | str, unavailable: int | str) -> tuple[Step, ...]:
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}}
    label = f"{replicas} replicas, surge {surge}, unavailable {unavailable}"
    name = "api"
    return (
        kubectl(f"create {label}", "apply -f -", deployment(name, replicas, strategy=strategy)),
        kubectl(f"ready {label}", "rollout status deployment api --timeout=60s", None, "exit"),
        kubectl(f"change {label}", "set env deployment api A=1"),
        kubectl(f"changed {label}", "rollout status deployment api --timeout=60s", None, "exit"),
        await_output("get deployment api -o jsonpath={.status.replicas}", str(replicas)),
        kubectl(
            f"replicasets of {label}",
            "get replicasets -l app=api -o custom-columns=R:.spec.replicas,A:.status.availableReplicas --no-headers",
            None,
            "sorted",
        ),
        kubectl(f"delete {label}", "delete deployment api --cascade=foreground --timeout=60s"),
    )


_ODD = {**pod("odd"), "spec": {"containers": [{"name": "main", "image": "Bad Image"}]}}
_JOBS = (
    kubectl("job", "apply -f -", job("good", "echo one; echo two")),
    kubectl("job completes", "wait job/good --for=condition=Complete --timeout=60s"),
    kubectl("its conditions", f"get job good -o {_CONDITIONS}"),
    kubectl("its logs", "logs job/good"),
    kubectl("its last line", "logs job/good --tail=1"),
    kubectl(
        "its numbers", "get job good -o jsonpath='{.status.succeeded} {.status.failed} {.status.active}'"
    ),
    kubectl("failing job", "apply -f -", job("bad", "echo no; exit 7", backoffLimit=0)),
    kubectl("job fails", "wait job/bad --for=condition=Failed --timeout=60s"),
    kubectl("failed conditions", f"get job bad -o {_CONDITIONS}"),
    kubectl("failed numbers", "get job bad -o jsonpath='{.status.failed} {.status.active}'"),
    kubectl(
        "events of failed job",
        "get events --field-selector involvedObject.name=bad -o custom-columns=T:.type,R:.reason --no-headers",
        None,
        "sorted",
    ),
    kubectl("late job", "apply -f -", job("late", "sleep 3600", activeDeadlineSeconds=2)),
    kubectl("job is late", "wait job/late --for=condition=Failed --timeout=60s"),
    kubectl("late conditions", f"get job late -o {_CONDITIONS}"),
    kubectl(
        "immutable template",
        'patch job good --type=json -p \'[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"x"}]\'',
    ),
    kubectl("no logs of a wrong container", "logs job/good -c other"),
)
_PODS = (
    kubectl("pod that ends", "apply -f -", pod("ends", "exit 0", restartPolicy="Never")),
    await_output("get pod ends -o jsonpath={.status.phase}", "Succeeded"),
    kubectl("how it ended", f"get pod ends -o {_ENDS}"),
    kubectl("pod that fails", "apply -f -", pod("fails", "echo last words; exit 9", restartPolicy="Never")),
    await_output("get pod fails -o jsonpath={.status.phase}", "Failed"),
    kubectl("how it failed", f"get pod fails -o {_ENDS}"),
    kubectl("what it said", "logs fails"),
    events("what happened to it", "fails"),
    kubectl("crash loop", "apply -f -", pod("loops", "exit 2")),
    await_output(
        "get pod loops -o jsonpath={.status.containerStatuses[0].state.waiting.reason}", "CrashLoopBackOff"
    ),
    kubectl(
        "last end",
        "get pod loops -o jsonpath='{.status.containerStatuses[0].lastState.terminated.exitCode} {.status.phase}'",
    ),
    kubectl(
        "config that is not there",
        'run wants --image=127.0.0.1:5000/catalogue/tools:latest --overrides=\'{"spec":{"containers":[{"name":"wants","image":"127.0.0.1:5000/catalogue/tools:latest","envFrom":[{"configMapRef":{"name":"none"}}]}]}}\'',
    ),
    await_output(
        "get pod wants -o jsonpath={.status.containerStatuses[0].state.waiting.reason}",
        "CreateContainerConfigError",
    ),
    kubectl("what it waits for", "get pod wants -o jsonpath='{.status.containerStatuses[0].state.waiting}'"),
    kubectl("unschedulable", "apply -f -", pod("nowhere", nodeSelector={"no": "such"})),
    await_output("get pod nowhere -o jsonpath={.status.conditions[0].reason}", "Unschedulable"),
    kubectl(
        "why it is unschedulable",
        "get pod nowhere -o jsonpath='{.status.conditions[0].type} {.status.conditions[0].reason} {.status.phase}'",
    ),
    kubectl("bad image name", "apply -f -", _ODD),
    await_output(
        "get pod odd -o jsonpath={.status.containerStatuses[0].state.waiting.reason}", "InvalidImageName"
    ),
    kubectl(
        "what is wrong with it",
        "get pod odd -o jsonpath='{.status.containerStatuses[0].state.waiting.reason}'",
    ),
    kubectl(
        "init container",
        "apply -f -",
        pod(
            "begins",
            initContainers=[
                {"name": "first", "image": "127.0.0.1:5000/catalogue/tools:latest", "command": ["true"]}
            ],
        ),
    ),
    kubectl("ready after it", "wait pod/begins --for=condition=Ready --timeout=60s"),
    kubectl(
        "its whole spec",
        "get pod begins -o jsonpath='{.spec.tolerations} {.spec.dnsPolicy} {.spec.restartPolicy} {.status.qosClass}'",
    ),
    kubectl("immutable pod", 'patch pod begins --type=merge -p \'{"spec":{"restartPolicy":"Never"}}\''),
    kubectl("delete pods", "delete pod begins --timeout=60s"),
    kubectl("no such log", "logs none"),
)
_SETS = (
    kubectl("statefulset", "apply -f -", _set("StatefulSet", "db", replicas=2, serviceName="db")),
    kubectl("statefulset ready", "rollout status statefulset db --timeout=60s", None, "exit"),
    kubectl("statefulset table", "get statefulset db"),
    kubectl("pods in order", "get pods -l app=db -o name --sort-by=.metadata.creationTimestamp"),
    kubectl(
        "statefulset status",
        "get statefulset db -o jsonpath='{.status.replicas} {.status.readyReplicas} {.status.updatedReplicas}'",
    ),
    kubectl("scale down", "scale statefulset db --replicas=1"),
    await_output("get statefulset db -o jsonpath={.status.replicas}", "1"),
    kubectl("the first stays", "get pods -l app=db -o name"),
    kubectl("immutable statefulset", 'patch statefulset db --type=merge -p \'{"spec":{"serviceName":"x"}}\''),
    kubectl(
        "statefulset events",
        "get events --field-selector involvedObject.kind=StatefulSet -o custom-columns=T:.type,R:.reason,M:.message --no-headers",
        None,
        "sorted",
    ),
    kubectl("daemonset", "apply -f -", _set("DaemonSet", "agent")),
    kubectl("daemonset ready", "rollout status daemonset agent --timeout=60s", None, "exit"),
    kubectl("daemonset table", "get daemonset agent"),
    kubectl(
        "daemonset status",
        "get daemonset agent -o jsonpath='{.status.desiredNumberScheduled} {.status.numberReady}'",
    ),
    kubectl(
        "deadline",
        "apply -f -",
        {
            **deployment("web", 1, progressDeadlineSeconds=2),
            "spec": {
                **deployment("web", 1)["spec"],
                "progressDeadlineSeconds": 2,
                "template": template("web", nodeSelector={"no": "such"}),
            },
        },
    ),
    kubectl("deadline passes", "rollout status deployment web --timeout=60s", None, "exit"),
    kubectl(
        "conditions after deadline",
        "get deployment web -o jsonpath='{range .status.conditions[*]}{.type} {.status} {.reason}{\"\\n\"}{end}'",
        None,
        "sorted",
    ),
)
SESSIONS = (
    Session("jobs", _JOBS),
    Session("pods", _PODS),
    Session("sets", _SETS),
    Session("surges", (*_rollout(3, 1, 0), *_rollout(3, 0, 1), *_rollout(4, "50%", "25%"))),
)
