"""kubectl: reading, changing, applying, rolling out."""

from __future__ import annotations

from tests.fidelity.sessions.manifests import config, deployment, pod
from tests.fidelity.steps import Session, events, kubectl

_CHANGING = (
    kubectl("create", "create -f -", config(a="1", b="2")),
    kubectl("create again", "create -f -", config(a="1")),
    kubectl("apply over created", "apply -f -", config(a="2", b="2")),
    kubectl("apply unchanged", "apply -f -", config(a="2", b="2")),
    kubectl("diff", "diff -f -", config(a="3"), "exit"),
    kubectl("apply prunes fields", "apply -f -", config(a="2")),
    kubectl("applied", "get configmap settings -o json --show-managed-fields"),
    kubectl("merge patch", 'patch configmap settings --type=merge -p \'{"data":{"c":"3","a":null}}\''),
    kubectl(
        "JSON patch",
        'patch configmap settings --type=json -p \'[{"op":"add","path":"/data/d","value":"4"}]\'',
    ),
    kubectl(
        "JSON patch that fails",
        'patch configmap settings --type=json -p \'[{"op":"test","path":"/data/d","value":"5"}]\'',
    ),
    kubectl(
        "JSON patch of nothing",
        'patch configmap settings --type=json -p \'[{"op":"remove","path":"/data/zz"}]\'',
    ),
    kubectl("patched", "get configmap settings -o jsonpath={.data}"),
    kubectl(
        "server-side apply", "apply --server-side --field-manager=one -f -", config("shared", a="1", b="1")
    ),
    kubectl("server-side conflict", "apply --server-side --field-manager=two -f -", config("shared", a="2")),
    kubectl(
        "forced", "apply --server-side --field-manager=two --force-conflicts -f -", config("shared", a="2")
    ),
    kubectl(
        "first one gives up a field", "apply --server-side --field-manager=one -f -", config("shared", c="1")
    ),
    kubectl("managers", "get configmap shared -o json --show-managed-fields"),
    kubectl("replace", "replace -f -", config("shared", z="9")),
    kubectl("replace what is not there", "replace -f -", config("none", z="9")),
    kubectl("label", "label configmap shared tier=one"),
    kubectl("label again", "label configmap shared tier=two"),
    kubectl("label over", "label configmap shared tier=two --overwrite"),
    kubectl("label off", "label configmap shared tier-"),
    kubectl("annotate", "annotate configmap shared note=x"),
    kubectl("bad label", "label configmap shared 'tier=not good'"),
    kubectl("server dry run", "create configmap dry --from-literal=a=1 --dry-run=server -o jsonpath={.data}"),
    kubectl("dry run left nothing", "get configmap dry"),
    kubectl("create secret", "create secret generic hidden --from-literal=a=1"),
    kubectl("secret", "get secret hidden -o json"),
    kubectl("create quota", "create quota few --hard=pods=0"),
    kubectl("pod over quota", "create -f -", pod("alone")),
    kubectl("delete quota", "delete quota few"),
    kubectl("create job", "create job job --image=127.0.0.1:5000/catalogue/tools:latest -- true"),
    kubectl(
        "create cronjob",
        "create cronjob cron --schedule='0 0 1 1 *' --image=127.0.0.1:5000/catalogue/tools:latest -- true",
    ),
    kubectl(
        "bad schedule",
        "create cronjob cron2 --schedule='never' --image=127.0.0.1:5000/catalogue/tools:latest -- true",
    ),
    kubectl("create serviceaccount", "create serviceaccount robot"),
    kubectl("invalid name", "create configmap Not_Good"),
    kubectl(
        "unknown kind", "apply -f -", {"apiVersion": "no.such/v1", "kind": "Thing", "metadata": {"name": "x"}}
    ),
    kubectl("invalid deployment", "apply -f -", {**deployment(), "spec": {"replicas": -1}}),
    kubectl("delete", "delete configmap settings"),
    kubectl("delete again", "delete configmap settings"),
    kubectl("delete, ignoring", "delete configmap settings --ignore-not-found"),
    kubectl("delete all of a kind", "delete cronjobs --all"),
    kubectl("delete orphans", "delete job job --cascade=orphan"),
)
_ROLLOUT = (
    kubectl("apply deployment", "apply -f -", deployment()),
    kubectl("rollout status", "rollout status deployment web --timeout=60s", None, "exit"),
    kubectl("table", "get deployment web"),
    kubectl("wide table", "get deployment web -o wide"),
    kubectl("pods", "get pods -l app=web"),
    kubectl("pods by field", "get pods --field-selector status.phase=Running -o name"),
    kubectl("pods by no field", "get pods --field-selector nothing=1"),
    kubectl("replicasets", "get replicasets"),
    kubectl("whole deployment", "get deployment web -o json --show-managed-fields"),
    kubectl("whole replicasets", "get replicasets -l app=web -o json --show-managed-fields"),
    kubectl(
        "deployment's events",
        "get events --field-selector involvedObject.kind=Deployment -o custom-columns=T:.type,R:.reason,M:.message",
        None,
        "sorted",
    ),
    kubectl("set env", "set env deployment web A=1"),
    kubectl("status after env", "rollout status deployment web --timeout=60s", None, "exit"),
    kubectl("set resources", "set resources deployment web --limits=cpu=100m,memory=64Mi"),
    kubectl("status after resources", "rollout status deployment web --timeout=60s", None, "exit"),
    kubectl("rollout history", "rollout history deployment web"),
    kubectl("one revision", "rollout history deployment web --revision=2"),
    kubectl("undo", "rollout undo deployment web"),
    kubectl("status after undo", "rollout status deployment web --timeout=60s", None, "exit"),
    kubectl("history after undo", "rollout history deployment web"),
    kubectl("undo to nowhere", "rollout undo deployment web --to-revision=99"),
    kubectl("pause", "rollout pause deployment web"),
    kubectl("pause again", "rollout pause deployment web"),
    kubectl("restart when paused", "rollout restart deployment web"),
    kubectl("resume", "rollout resume deployment web"),
    kubectl("restart", "rollout restart deployment web"),
    kubectl("status after restart", "rollout status deployment web --timeout=60s", None, "exit"),
    kubectl("scale", "scale deployment web --replicas=3"),
    kubectl("wait for scale", "wait deployment/web --for=jsonpath={.status.readyReplicas}=3 --timeout=60s"),
    kubectl("scale from a wrong size", "scale deployment web --current-replicas=9 --replicas=1"),
    kubectl("wait for a condition", "wait deployment/web --for=condition=Available --timeout=60s"),
    kubectl("wait for nothing", "wait deployment/none --for=condition=Available --timeout=2s"),
    kubectl(
        "conditions",
        "get deployment web -o jsonpath='{range .status.conditions[*]}{.type} {.status} {.reason}{\"\\n\"}{end}'",
        None,
        "sorted",
    ),
    kubectl("expose", "expose deployment web --port=80"),
    kubectl("service", "get service web -o json"),
    kubectl("set image", "set image deployment web main=127.0.0.1:5000/catalogue/tools:latest"),
    kubectl("set image of no container", "set image deployment web other=x"),
    kubectl("describe", "describe deployment web", None, "exit"),
    kubectl("delete orphaning", "delete deployment web --cascade=orphan"),
    kubectl(
        "replicasets stay",
        "get replicasets -o custom-columns=R:.spec.replicas,O:.metadata.ownerReferences --no-headers",
        None,
        "sorted",
    ),
    kubectl("adopted again", "apply -f -", deployment(replicas=3)),
    kubectl("delete in the foreground", "delete deployment web --cascade=foreground --timeout=60s"),
    kubectl("nothing is left", "get deployments,replicasets"),
)
_READING = (
    kubectl("api versions", "api-versions"),
    kubectl("api resources", "api-resources --no-headers -o name", None, "sorted"),
    kubectl("explain", "explain deployment.spec.replicas", None, "exit"),
    kubectl("explain nothing", "explain deployment.spec.nothing"),
    kubectl("can I", "auth can-i create deployments"),
    kubectl("unknown resource", "get things"),
    kubectl("nothing there", "get pods"),
    kubectl("nothing of that name", "get pod none"),
    kubectl("unknown namespace", "get pods -n fid-none"),
    kubectl("empty list", "get pods -o json"),
    kubectl("namespace", "get namespace NS -o jsonpath='{.spec} {.status}'"),
    kubectl("bad selector", "get pods -l 'a b c'"),
    kubectl("delete nothing", "delete pods --all"),
    kubectl("set-based selector", "get configmaps -l 'a in (b,c),!d'"),
    kubectl(
        "custom columns",
        "get configmaps -o custom-columns=N:.metadata.name --field-selector metadata.name=none",
    ),
    events("no events", "none"),
)
SESSIONS = (Session("changing", _CHANGING), Session("rollout", _ROLLOUT), Session("reading", _READING))
