"""Namespaces: furnished, cleared, held; the words were recorded on a real cluster."""

from __future__ import annotations

from typing import Any

from tests.unit.rehearsal.controllers.world import World, condition
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.controllers.namespaces import Namespaces
from trunkline.rehearsal.objects import Object


class Cluster(World):
    def __init__(self) -> None:
        super().__init__()
        self.loop.add(
            Namespaces(Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events))
        )
        self.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}})
        self.settle()

    def thing(self, name: str, **meta: Any) -> Object:
        meta = {"name": name, "namespace": "shop", **meta}
        return self.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta})

    def end(self) -> None:
        self.delete("Namespace", "shop", "")
        self.settle()


def test_a_namespace_is_furnished() -> None:
    """A namespace has a default account and the cluster's authority, and gets them back."""
    cluster = Cluster()
    assert cluster.get("ConfigMap", "kube-root-ca.crt", "shop")["data"].keys() == {"ca.crt"}
    cluster.delete("ServiceAccount", "default", "shop")
    cluster.settle()
    assert cluster.get("ServiceAccount", "default", "shop")


def test_a_namespace_goes_with_all_that_is_in_it() -> None:
    """What is in a namespace that is deleted is deleted, and then the namespace itself."""
    cluster = Cluster()
    cluster.thing("one")
    cluster.end()
    assert cluster.all("Namespace") == cluster.all("ConfigMap") == cluster.all("ServiceAccount") == []


def test_a_finalizer_holds_a_namespace() -> None:
    """What waits for somebody else's finalizer holds the namespace, which says so in the API's words."""
    cluster = Cluster()
    cluster.thing("held", finalizers=["example.com/hold"])
    cluster.end()
    namespace = cluster.get("Namespace", "shop", "")
    assert namespace["status"]["phase"] == "Terminating"
    assert [item["type"] for item in namespace["status"]["conditions"]] == [
        "NamespaceDeletionDiscoveryFailure",
        "NamespaceDeletionGroupVersionParsingFailure",
        "NamespaceDeletionContentFailure",
        "NamespaceContentRemaining",
        "NamespaceFinalizersRemaining",
    ]
    assert condition(namespace, "NamespaceContentRemaining") == {
        "status": "True",
        "reason": "SomeResourcesRemain",
        "message": "Some resources are remaining: configmaps. has 1 resource instances",
    }
    assert condition(namespace, "NamespaceFinalizersRemaining") == {
        "status": "True",
        "reason": "SomeFinalizersRemain",
        "message": "Some content in the namespace has finalizers remaining: "
        "example.com/hold in 1 resource instances",
    }
    cluster.change("ConfigMap", "held", lambda value: value["metadata"].update(finalizers=[]), "shop")
    cluster.settle()
    assert cluster.all("Namespace") == []
