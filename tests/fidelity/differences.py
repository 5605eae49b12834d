"""Where the simulation differs from what was recorded on Kubernetes 1.20, with the reason; what is not listed has to be the same."""

from __future__ import annotations

from collections.abc import Mapping

_API = "Kubernetes 1.20 serves other groups and versions; the simulation serves what a release uses, with CronJobs in batch/v1."
_CHECK = (
    "The simulation does not check this parameter or field yet, so it lets through what a real API refuses."
)
_DRYDELETE = "The simulation answers with the object where the real one answers with a Status."
_DRYPOST = "The simulation leaves out an empty status."
_EVENTS = "Newer versions, as the one played, tell more in these events: sizes, waiting, and from how many it was scaled."
_HELM = "It follows from another listed difference: what was refused earlier, and where, tells in Helm's history and output."
_ITEMS = "The simulation tells kind and apiVersion of each item in a list."
_JOBS = "Kubernetes 1.20 has no FailureTarget and SuccessCriteriaMet, and gives no reason when a Job completes; newer versions, as the one played, do."
_SERVICE = "Kubernetes 1.20 without dual stack has no ipFamilies and internalTrafficPolicy."
_STATUS = "Newer versions note a status that a controller wrote as a managed field of the subresource."
_VALIDATION = (
    "kubectl and Helm look at the schemas of a 1.20 server themselves; in the simulation the API refuses."
)
_WORDS = "The same is answered with the same code; words or details of the answer differ, and are not simulated to the letter."
_BROKEN = (
    "Kubernetes 1.20 answers 500 to a patch that is no JSON; the simulation blames the client, with 400."
)

LISTED: Mapping[tuple[str, str], str] = {
    ("changing", "bad schedule"): _API,
    ("changing", "create cronjob"): _API,
    ("changing", "delete all of a kind"): _API,
    ("changing", "invalid deployment"): _VALIDATION,
    ("helm3", "history after rollback"): _HELM,
    ("helm3", "history after undone upgrade"): _HELM,
    ("helm3", "immutable field"): _WORDS,
    ("helm3", "invalid object"): _VALIDATION,
    ("helm3", "list uninstalled"): _HELM,
    ("helm3", "release secrets"): _HELM,
    ("helm3", "service after install"): _SERVICE,
    ("helm4", "immutable field"): _WORDS,
    ("helm4", "invalid object"): _VALIDATION,
    ("helm4", "list uninstalled"): _HELM,
    ("helm4", "release secrets"): _HELM,
    ("helm4", "service after install"): _SERVICE,
    ("hooks3", "failed hook is there"): _JOBS,
    ("hooks4", "failed hook is there"): _JOBS,
    ("jobs", "failed conditions"): _JOBS,
    ("jobs", "immutable template"): _WORDS,
    ("jobs", "its conditions"): _JOBS,
    ("jobs", "late conditions"): _JOBS,
    ("pods", "immutable pod"): _CHECK,
    ("reading", "api resources"): _API,
    ("reading", "api versions"): _API,
    ("reading", "bad selector"): _WORDS,
    ("reading", "explain nothing"): _VALIDATION,
    ("requests", "apply without a manager"): _WORDS,
    ("requests", "bad continue"): _WORDS,
    ("requests", "bad version"): _CHECK,
    ("requests", "by a bad label"): _WORDS,
    ("requests", "by an unknown field"): _WORDS,
    ("requests", "by name"): _ITEMS,
    ("requests", "delete another uid"): _WORDS,
    ("requests", "delete dry"): _DRYDELETE,
    ("requests", "deployment that matches not"): _WORDS,
    ("requests", "deployment with no selector"): _WORDS,
    ("requests", "deployment, dry"): _DRYPOST,
    ("requests", "first chunk"): _ITEMS,
    ("requests", "get an unknown group"): _WORDS,
    ("requests", "get an unknown resource"): _WORDS,
    ("requests", "match without a version"): _CHECK,
    ("requests", "method not allowed"): _WORDS,
    ("requests", "patch no JSON"): _BROKEN,
    ("requests", "patch of an unknown kind"): _WORDS,
    ("requests", "post a list of numbers"): _WORDS,
    ("requests", "post an unknown medium"): _WORDS,
    ("requests", "post another kind"): _WORDS,
    ("requests", "post another namespace"): _WORDS,
    ("requests", "post dry in another way"): _WORDS,
    ("requests", "post no JSON"): _WORDS,
    ("requests", "post without a name"): _WORDS,
    ("requests", "post wrong types"): _WORDS,
    ("requests", "put a list"): _WORDS,
    ("requests", "scale of nothing"): _WORDS,
    ("rollout", "deployment's events"): _EVENTS,
    ("rollout", "service"): _SERVICE,
    ("rollout", "whole deployment"): _STATUS,
    ("rollout", "whole replicasets"): _STATUS,
    ("sets", "immutable statefulset"): _WORDS,
}

# Cases whose output depends on the moment; they are not compared.
VARYING: Mapping[tuple[str, str], str] = {
    ("helm3", "status"): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    (
        "helm3",
        "status after failure",
    ): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    (
        "helm4",
        "history after rollback",
    ): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    (
        "helm4",
        "history after undone upgrade",
    ): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    ("helm4", "status"): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    (
        "helm4",
        "status after failure",
    ): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    (
        "helm4",
        "upgrade that never runs, undone",
    ): "Helm tells the objects in any order, or where a rollout was when its time was up.",
    ("pods", "what happened to it"): "Whether an image has been pulled already depends on the node.",
}
