"""Releases by Helm 4 and Helm 3: installs, upgrades that fail, rollbacks, hooks, and what is left afterwards."""

from __future__ import annotations

from tests.fidelity.sessions.manifests import CHART
from tests.fidelity.steps import Session, Step, helm, kubectl

_CODES = "jsonpath='{.status.replicas} {.status.readyReplicas} {.spec.template.metadata.annotations}'"


def _life(major: int) -> tuple[Step, ...]:
    undo = "--rollback-on-failure" if major == 4 else "--atomic"

    def call(name: str, line: str) -> Step:
        return helm(name, line, major)

    return (
        call(
            "server dry run", f"install web CHART --dry-run=server{'' if major == 4 else ' --set note=dry'}"
        ),
        call("status of nothing", "status web"),
        call("install and wait", "install web CHART --wait --timeout 60s"),
        call("install again", "install web CHART"),
        call("status", "status web"),
        call("list", "list"),
        call("values", "get values web --all"),
        call("manifest", "get manifest web"),
        call("hooks of it", "get hooks web"),
        call("notes", "get notes web"),
        call("metadata", "get metadata web"),
        kubectl("deployment after install", f"get deployment web -o {_CODES}"),
        kubectl("config after install", "get configmap settings -o json --show-managed-fields"),
        kubectl("service after install", "get service web -o json"),
        call("test", "test web --timeout 60s"),
        call("upgrade and wait", "upgrade web CHART --wait --timeout 60s --set note=two,replicas=2"),
        kubectl("config after upgrade", "get configmap settings -o jsonpath={.data}"),
        kubectl("deployment after upgrade", f"get deployment web -o {_CODES}"),
        call("history", "history web"),
        call("immutable field", "upgrade web CHART --set selector=other"),
        call("status after failure", "status web"),
        call("invalid object", "upgrade web CHART --set replicas=many"),
        call(
            "upgrade that never runs, undone", f"upgrade web CHART {undo} --timeout 10s --set script='exit 3'"
        ),
        call("history after undone upgrade", "history web"),
        call("rollback", "rollback web 1 --wait --timeout 60s"),
        kubectl("config after rollback", "get configmap settings -o jsonpath={.data}"),
        call("rollback to nowhere", "rollback web 77"),
        call("history after rollback", "history web --output json"),
        kubectl("release secrets", "get secrets -l owner=helm -L name,status,version --no-headers"),
        call("uninstall, history kept", "uninstall web --keep-history --wait --timeout 60s"),
        call("list uninstalled", "list --uninstalled"),
        kubectl("objects after uninstall", "get deployment,service,configmap -l app=web"),
        call("uninstall again", "uninstall web"),
        call("uninstall what is not there", "uninstall none"),
    )


def _hooks(major: int) -> tuple[Step, ...]:
    def call(name: str, line: str) -> Step:
        return helm(name, line, major)

    def sets(number: int, on: str, policy: str, code: int) -> str:
        return f"--set hooks[{number}].on={on},hooks[{number}].policy={policy},hooks[{number}].code={code}"

    good = (
        sets(0, "pre-install", "before-hook-creation", 0) + " " + sets(1, "post-install", "hook-succeeded", 0)
    )
    return (
        call("install with hooks", f"install web CHART {good} --timeout 60s"),
        kubectl("hooks that stay", "get jobs -o custom-columns=N:.metadata.name,S:.status.succeeded"),
        call("failing hook", f"upgrade web CHART {sets(0, 'pre-upgrade', 'hook-failed', 1)} --timeout 60s"),
        kubectl("failed hook is gone", "get job job-pre-upgrade"),
        call("history after failing hook", "history web"),
        call(
            "failing hook stays",
            f"upgrade web CHART {sets(0, 'post-upgrade', 'before-hook-creation', 1)} --timeout 60s",
        ),
        kubectl(
            "failed hook is there",
            "get job job-post-upgrade -o jsonpath='{.status.failed} {.status.conditions[*].type}'",
        ),
        call("rollback with hooks", "rollback web 1 --timeout 60s"),
        call(
            "upgrade with hooks for the end",
            f"upgrade web CHART {sets(0, 'pre-delete', 'hook-succeeded', 0)}",
        ),
        call("hooks that there are", "get hooks web"),
        call("uninstall with hook", "uninstall web --timeout 60s"),
        call("list at the end", "list --all" if major == 3 else "list"),
    )


_OPTIONS = (
    helm("install client-side", "install web CHART --server-side=false"),
    kubectl("managers client-side", "get configmap settings -o json --show-managed-fields"),
    helm("upgrade server-side", "upgrade web CHART --server-side=true --set note=two"),
    helm("wait in the old way", "upgrade web CHART --wait=legacy --timeout 60s --set note=three"),
    kubectl(
        "somebody else's change", 'patch configmap settings --type=merge -p \'{"data":{"note":"mine"}}\''
    ),
    helm("upgrade over it", "upgrade web CHART --set note=four"),
    kubectl("what became of it", "get configmap settings -o jsonpath={.data}"),
    helm("json status", "status web -o json", compared="exit"),
    helm("uninstall", "uninstall web"),
    helm("install or upgrade", "upgrade --install web CHART"),
    helm("install or upgrade again", "upgrade --install web CHART"),
    helm("history", "history web"),
    helm("template", "template web CHART"),
    helm("no such chart", "install other DIR/none"),
    helm("bad name", "install Bad_Name CHART"),
    helm("uninstall, dry", "uninstall web --dry-run"),
)

SESSIONS = (
    Session("helm4", _life(4), CHART),
    Session("helm3", _life(3), CHART),
    Session("hooks4", _hooks(4), CHART),
    Session("hooks3", _hooks(3), CHART),
    Session("helm-options", _OPTIONS, CHART),
)
