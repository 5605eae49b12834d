"""The garbage collector: background, foreground, orphans, and owners that never were."""

from __future__ import annotations

from typing import Any

from tests.unit.rehearsal.controllers.world import World
from trunkline.rehearsal.controllers.garbage import Garbage
from trunkline.rehearsal.controllers.means import Means
from trunkline.rehearsal.objects import Object
from trunkline.rehearsal.registry import Deletion


class Cluster(World):
    def __init__(self) -> None:
        super().__init__()
        self.loop.add(
            Garbage(Means(self.store, self.registry, self.kinds, self.clock, self.loop, self.events))
        )

    def thing(self, name: str, *owners: Object, **meta: Any) -> Object:
        references = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "blockOwnerDeletion": True,
            }
            for owner in owners
        ]
        owned = {"ownerReferences": references} if references else {}
        return self.create(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **owned, **meta}}
        )

    def end(self, name: str, propagation: str) -> None:
        self.registry.delete(self.kind("ConfigMap"), "default", name, Deletion(propagation=propagation))
        self.settle()

    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.all("ConfigMap")]

    def release(self, name: str) -> None:
        self.change("ConfigMap", name, lambda value: value["metadata"].update(finalizers=[]))
        self.settle()


def test_dependents_follow_in_the_background() -> None:
    """What belongs to something that is deleted is deleted, and what belongs to that, too."""
    cluster = Cluster()
    top = cluster.thing("top")
    cluster.thing("low", cluster.thing("middle", top))
    cluster.thing("other")
    cluster.settle()
    cluster.end("top", "Background")
    assert cluster.names() == ["other"]


def test_one_owner_is_enough() -> None:
    """A dependent stays as long as it has an owner, and forgets the one that is gone."""
    cluster = Cluster()
    cluster.thing("shared", cluster.thing("one"), cluster.thing("two"))
    cluster.end("one", "Background")
    (reference,) = cluster.get("ConfigMap", "shared")["metadata"]["ownerReferences"]
    assert reference["name"] == "two"
    cluster.end("two", "Background")
    assert cluster.names() == []


def test_an_owner_waits_in_the_foreground() -> None:
    """In the foreground an owner stays until the last of its dependents is gone, whatever holds that."""
    cluster = Cluster()
    top = cluster.thing("top")
    cluster.thing("low", cluster.thing("middle", top), finalizers=["x/y"])
    cluster.settle()
    cluster.end("top", "Foreground")
    assert cluster.names() == ["low", "middle", "top"]
    cluster.release("low")
    assert cluster.names() == []


def test_an_owner_without_dependents_goes_at_once() -> None:
    """In the foreground an owner that has nothing goes at once."""
    cluster = Cluster()
    cluster.thing("top")
    cluster.end("top", "Foreground")
    assert cluster.names() == []


def test_orphans_are_left_alone() -> None:
    """Orphaned dependents lose their owner and stay."""
    cluster = Cluster()
    cluster.thing("low", cluster.thing("top"))
    cluster.end("top", "Orphan")
    assert cluster.names() == ["low"]
    assert "ownerReferences" not in cluster.get("ConfigMap", "low")["metadata"]


def test_an_owner_that_never_was() -> None:
    """An object whose owner does not exist, or is another one of that name, is deleted."""
    cluster = Cluster()
    top = cluster.thing("top")
    cluster.thing("low", {"metadata": {"name": "top", "uid": "another"}})
    cluster.thing("lower", {"metadata": {"name": "nobody", "uid": "x"}})
    cluster.settle()
    assert cluster.names() == [top["metadata"]["name"]]


def test_an_owner_of_an_unknown_kind_is_believed() -> None:
    """An owner whose kind this cluster does not know keeps what it owns."""
    cluster = Cluster()
    reference = {"apiVersion": "example.com/v1", "kind": "Thing", "name": "x", "uid": "y"}
    cluster.thing("low", ownerReferences=[reference])
    cluster.settle()
    assert cluster.names() == ["low"]
