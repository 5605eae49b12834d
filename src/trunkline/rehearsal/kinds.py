"""The kinds of objects that a cluster knows, and what each may be asked for."""

from __future__ import annotations

from collections.abc import Iterator

from trunkline.dataclass import dataclass

VERSION = "v1.33.4"
"""The version of Kubernetes that is played."""
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """A resource of the API.

    Attributes:
        versions: those in which it is served, the preferred one first; objects have the same shape in all of them,
            unless `convert` of the API knows better.
        subresources: such as `status`, `scale`, `log`, `eviction`.
        is_virtual: whether nothing is stored, such as a review that is only answered.
    """

    group: str
    versions: tuple[str, ...]
    kind: str
    plural: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    is_virtual: bool = False

    @property
    def singular(self) -> str:
        """The name of one."""
        return self.kind.lower()

    @property
    def api_version(self) -> str:
        """The preferred group and version, as objects spell it."""
        return self.spelled(self.versions[0])

    @property
    def has_status(self) -> bool:
        """Whether its status is written by controllers only."""
        return "status" in self.subresources

    def spelled(self, version: str) -> str:
        """Group and version as objects spell them."""
        return f"{self.group}/{version}" if self.group else version


def _core(
    kind: str,
    plural: str,
    *short: str,
    namespaced: bool = True,
    sub: tuple[str, ...] = (),
    all_: bool = False,
) -> Kind:
    return Kind("", ("v1",), kind, plural, namespaced, short, sub, ("all",) if all_ else ())


_STATUS = ("status",)
_SCALED = ("status", "scale")
_ALL = ("all",)
BUILT_IN: tuple[Kind, ...] = (
    _core("Namespace", "namespaces", "ns", namespaced=False, sub=("finalize", "status")),
    _core("Node", "nodes", "no", namespaced=False, sub=_STATUS),
    _core("Pod", "pods", "po", sub=("status", "log", "eviction", "binding", "ephemeralcontainers", "exec", "portforward", "proxy"), all_=True),
    _core("Service", "services", "svc", sub=("status", "proxy"), all_=True),
    _core("ConfigMap", "configmaps", "cm"),
    _core("Secret", "secrets"),
    _core("ServiceAccount", "serviceaccounts", "sa", sub=("token",)),
    _core("Endpoints", "endpoints", "ep"),
    _core("Event", "events", "ev"),
    _core("LimitRange", "limitranges", "limits"),
    _core("ResourceQuota", "resourcequotas", "quota", sub=_STATUS),
    _core("PersistentVolume", "persistentvolumes", "pv", namespaced=False, sub=_STATUS),
    _core("PersistentVolumeClaim", "persistentvolumeclaims", "pvc", sub=_STATUS),
    _core("ReplicationController", "replicationcontrollers", "rc", sub=_SCALED, all_=True),
    _core("PodTemplate", "podtemplates"),
    Kind("apps", ("v1",), "Deployment", "deployments", True, ("deploy",), _SCALED, _ALL),
    Kind("apps", ("v1",), "ReplicaSet", "replicasets", True, ("rs",), _SCALED, _ALL),
    Kind("apps", ("v1",), "StatefulSet", "statefulsets", True, ("sts",), _SCALED, _ALL),
    Kind("apps", ("v1",), "DaemonSet", "daemonsets", True, ("ds",), _STATUS, _ALL),
    Kind("apps", ("v1",), "ControllerRevision", "controllerrevisions"),
    Kind("batch", ("v1",), "Job", "jobs", True, (), _STATUS, _ALL),
    Kind("batch", ("v1",), "CronJob", "cronjobs", True, ("cj",), _STATUS, _ALL),
    Kind("autoscaling", ("v2", "v1"), "HorizontalPodAutoscaler", "horizontalpodautoscalers", True, ("hpa",), _STATUS, _ALL),
    Kind("policy", ("v1",), "PodDisruptionBudget", "poddisruptionbudgets", True, ("pdb",), _STATUS),
    Kind("networking.k8s.io", ("v1",), "Ingress", "ingresses", True, ("ing",), _STATUS),
    Kind("networking.k8s.io", ("v1",), "IngressClass", "ingressclasses", namespaced=False),
    Kind("networking.k8s.io", ("v1",), "NetworkPolicy", "networkpolicies", True, ("netpol",)),
    Kind("discovery.k8s.io", ("v1",), "EndpointSlice", "endpointslices"),
    Kind("coordination.k8s.io", ("v1",), "Lease", "leases"),
    Kind("events.k8s.io", ("v1",), "Event", "events", True, ("ev",)),
    Kind("rbac.authorization.k8s.io", ("v1",), "Role", "roles"),
    Kind("rbac.authorization.k8s.io", ("v1",), "RoleBinding", "rolebindings"),
    Kind("rbac.authorization.k8s.io", ("v1",), "ClusterRole", "clusterroles", namespaced=False),
    Kind("rbac.authorization.k8s.io", ("v1",), "ClusterRoleBinding", "clusterrolebindings", namespaced=False),
    Kind("storage.k8s.io", ("v1",), "StorageClass", "storageclasses", False, ("sc",)),
    Kind("scheduling.k8s.io", ("v1",), "PriorityClass", "priorityclasses", False, ("pc",)),
    Kind("apiextensions.k8s.io", ("v1",), "CustomResourceDefinition", "customresourcedefinitions", False, ("crd", "crds"), _STATUS),
    Kind("admissionregistration.k8s.io", ("v1",), "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", namespaced=False),
    Kind("admissionregistration.k8s.io", ("v1",), "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", namespaced=False),
    Kind("apiregistration.k8s.io", ("v1",), "APIService", "apiservices", namespaced=False, subresources=_STATUS),
    Kind("gateway.networking.k8s.io", ("v1",), "HTTPRoute", "httproutes", subresources=_STATUS),
    Kind("gateway.networking.k8s.io", ("v1",), "Gateway", "gateways", True, ("gtw",), _STATUS),
    Kind("gateway.networking.k8s.io", ("v1",), "GatewayClass", "gatewayclasses", False, ("gc",), _STATUS),
    Kind("authorization.k8s.io", ("v1",), "SelfSubjectAccessReview", "selfsubjectaccessreviews", namespaced=False, is_virtual=True),
    Kind("authorization.k8s.io", ("v1",), "SelfSubjectRulesReview", "selfsubjectrulesreviews", namespaced=False, is_virtual=True),
    Kind("authorization.k8s.io", ("v1",), "SubjectAccessReview", "subjectaccessreviews", namespaced=False, is_virtual=True),
    Kind("authorization.k8s.io", ("v1",), "LocalSubjectAccessReview", "localsubjectaccessreviews", is_virtual=True),
    Kind("authentication.k8s.io", ("v1",), "SelfSubjectReview", "selfsubjectreviews", namespaced=False, is_virtual=True),
    Kind("authentication.k8s.io", ("v1",), "TokenReview", "tokenreviews", namespaced=False, is_virtual=True),
)  # fmt: skip


POD = next(kind for kind in BUILT_IN if (kind.group, kind.kind) == ("", "Pod"))


class Kinds:
    """All kinds of one cluster: what is built in, and what CustomResourceDefinitions have added."""

    def __init__(self) -> None:
        self._by_resource: dict[tuple[str, str], Kind] = {}
        self._by_kind: dict[tuple[str, str], Kind] = {}
        for kind in BUILT_IN:
            self.add(kind)

    def __iter__(self) -> Iterator[Kind]:
        # Of a copy: a definition may be served while a client asks what there is.
        return iter(list(self._by_resource.values()))

    def add(self, kind: Kind) -> None:
        """Serve a kind from now on, or serve it anew."""
        self._by_resource[kind.group, kind.plural] = kind
        self._by_kind[kind.group, kind.kind] = kind

    def remove(self, kind: Kind) -> None:
        """Serve it no longer."""
        self._by_resource.pop((kind.group, kind.plural), None)
        self._by_kind.pop((kind.group, kind.kind), None)

    def resource(self, group: str, plural: str) -> Kind | None:
        """The kind of a path."""
        return self._by_resource.get((group, plural))

    def of(self, api_version: str, kind: str) -> Kind | None:
        """The kind of an object, whatever its version."""
        return self._by_kind.get((api_version.rpartition("/")[0], kind))

    def named(self, group: str, kind: str) -> Kind:
        """A kind that is known to be there.

        Raises:
            KeyError: it is not.
        """
        return self._by_kind[group, kind]
