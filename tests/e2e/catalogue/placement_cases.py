"""Cases: no node takes the pods, their volumes do not come, or the cluster does not let them be made."""

from __future__ import annotations

from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.objects import claim, container, deployment, mounted, service, volume, webhook
from trunkline.domain.rollouts import Cause

# A node that runs nothing: it exists in the API alone.
_RESERVED_NODE = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {"name": "@NAMESPACE@", "labels": {"catalogue.example.com/node": "@NAMESPACE@"}},
    "spec": {"taints": [{"key": "catalogue.example.com/reserved", "value": "gpu", "effect": "NoSchedule"}]},
    "status": {"capacity": {"cpu": "8", "memory": "8Gi", "pods": "110"}},
}
_QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "team-quota"},
    "spec": {"hard": {"pods": "1"}},
}
_LIMITS = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "team-limits"},
    "spec": {"limits": [{"type": "Container", "max": {"memory": "64Mi"}}]},
}


def _requests(**amounts: str) -> dict[str, object]:
    return container(resources={"requests": amounts})


CASES = (
    Case(
        "no-room",
        "asks for 99 processors; the revision before was good",
        (deployment(_requests(cpu="99")),),
        Cause.NO_ROOM,
        evidence=("Insufficient cpu",),
        advice="requests",
        before=(deployment(),),
    ),
    Case(
        "taint",
        "the only node that fits has a taint",
        (deployment(nodeSelector={"catalogue.example.com/node": "@NAMESPACE@"}),),
        Cause.TAINTED,
        evidence=("catalogue.example.com/reserved",),
        advice="toleration",
        setting=(_RESERVED_NODE,),
    ),
    Case(
        "node-selector",
        "no node has the label",
        # Another case's node is tainted: that is not what this one is about.
        (deployment(nodeSelector={"disk": "nowhere"}, tolerations=[{"operator": "Exists"}]),),
        Cause.NO_MATCHING_NODE,
        evidence=("didn't match",),
        advice="label|affinity|selector",
    ),
    Case(
        "host-port",
        "two pods want the same port of one node",
        (deployment(container(ports=[{"containerPort": 80, "hostPort": 19_999}]), replicas=2),),
        Cause.UNSCHEDULABLE,
        evidence=("free ports",),
    ),
    Case(
        "claim-without-volume",
        "the claim's volume is to be made by hand, and nobody does",
        (claim(), deployment(mounted("data"), **volume("data", persistentVolumeClaim={"claimName": "data"}))),
        Cause.VOLUME_UNBOUND,
        says=("data",),
        evidence=("no persistent volumes available|unbound immediate",),
        advice="storage class|StorageClass|volume",
    ),
    Case(
        "storage-class-unknown",
        "the claim's storage class does not exist",
        (
            claim(storage_class="golden"),
            deployment(mounted("data"), **volume("data", persistentVolumeClaim={"claimName": "data"})),
        ),
        Cause.VOLUME_UNBOUND,
        says=("data",),
        evidence=('storageclass.* "golden" not found',),
    ),
    Case(
        "host-path-type",
        "the node's directory is not there",
        (deployment(mounted("data"), **volume("data", hostPath={"path": "/no/such", "type": "Directory"})),),
        Cause.VOLUME_UNMOUNTED,
        evidence=("hostPath type check failed",),
    ),
    Case(
        "csi-driver-missing",
        "the volume's driver is on no node",
        (deployment(mounted("data"), **volume("data", csi={"driver": "disks.example.com"})),),
        Cause.VOLUME_UNMOUNTED,
        evidence=("disks.example.com",),
    ),
    Case(
        "quota",
        "the namespace may have one pod and the release wants two; the revision before was good",
        (deployment(replicas=2),),
        Cause.QUOTA,
        says=("team-quota",),
        evidence=("exceeded quota: team-quota",),
        advice="quota",
        before=(deployment(spec={"strategy": {"type": "Recreate"}}),),
        setting=(_QUOTA,),
    ),
    Case(
        "limit-range",
        "the container's limit is above what the namespace allows",
        (deployment(container(resources={"limits": {"memory": "128Mi"}})),),
        Cause.QUOTA,
        evidence=("maximum memory usage per Container is 64Mi",),
        advice="limit",
        setting=(_LIMITS,),
    ),
    Case(
        "webhook-denies-pods",
        "an admission webhook refuses the pods",
        (deployment(),),
        Cause.ADMISSION,
        says=("signed",),
        evidence=("images of this team must be signed",),
        setting=(webhook("policy", "/deny", "", "pods"),),
    ),
    Case(
        "webhook-denies-deployment",
        "an admission webhook refuses the Deployment itself",
        (deployment(),),
        Cause.ADMISSION,
        says=("signed",),
        evidence=("images of this team must be signed",),
        setting=(webhook("policy", "/deny", "apps", "deployments"),),
    ),
    Case(
        "service-account-missing",
        "the pods' service account does not exist",
        (deployment(serviceAccountName="deployer"),),
        Cause.CREATE_REFUSED,
        says=("deployer",),
        evidence=('serviceaccount "deployer" not found',),
        advice="service account|ServiceAccount",
    ),
    Case(
        "load-balancer",
        "a Service waits for a load balancer that nobody makes",
        (service(type="LoadBalancer"), deployment()),
        Cause.NO_ADDRESS,
        says=("service/web",),
        timeout_s=15,
        patient=True,
    ),
)
