"""What Trunkline needs of the world, as Protocols; and `World`, which holds one of each.

Adapters implement these, tests bring small fakes that pass the same contract tests, `bootstrap` composes.
Every method says what it raises; anything else that comes out of an adapter is a fault of Trunkline.

A port is imported when it is asked for: no command needs all of them.
"""

from typing import TYPE_CHECKING

from trunkline.lazily import importing

if TYPE_CHECKING:
    from trunkline.ports.clock import Clock
    from trunkline.ports.cluster import Cluster, Lease, LeaseHolder, LiveObject, LogLine, Watch
    from trunkline.ports.forwarding import Forwarding
    from trunkline.ports.helm import Applied, Helm, UpgradeRequest
    from trunkline.ports.http import Http, Opened, Request, Response, TlsSettings
    from trunkline.ports.images import (
        Artifacts,
        BillOfMaterials,
        Document,
        ImageBuilder,
        LocalRegistryKeeper,
        Manifest,
        Registry,
    )
    from trunkline.ports.ledger import Ledger
    from trunkline.ports.people import Answer, Approver, Listener, Surroundings
    from trunkline.ports.processes import Command, Completed, Meanwhile, OnLine, Processes, Running
    from trunkline.ports.sources import SourceControl, Storage
    from trunkline.ports.world import World

__all__ = [
    "Answer",
    "Applied",
    "Approver",
    "Artifacts",
    "BillOfMaterials",
    "Clock",
    "Cluster",
    "Command",
    "Completed",
    "Document",
    "Forwarding",
    "Helm",
    "Http",
    "ImageBuilder",
    "Lease",
    "LeaseHolder",
    "Ledger",
    "Listener",
    "LiveObject",
    "LocalRegistryKeeper",
    "LogLine",
    "Manifest",
    "Meanwhile",
    "OnLine",
    "Opened",
    "Processes",
    "Registry",
    "Request",
    "Response",
    "Running",
    "SourceControl",
    "Storage",
    "Surroundings",
    "TlsSettings",
    "UpgradeRequest",
    "Watch",
    "World",
]

__getattr__ = importing(
    __name__,
    {
        "Answer": "people",
        "Applied": "helm",
        "Approver": "people",
        "Artifacts": "images",
        "BillOfMaterials": "images",
        "Clock": "clock",
        "Cluster": "cluster",
        "Command": "processes",
        "Completed": "processes",
        "Document": "images",
        "Forwarding": "forwarding",
        "Helm": "helm",
        "Http": "http",
        "ImageBuilder": "images",
        "Lease": "cluster",
        "LeaseHolder": "cluster",
        "Ledger": "ledger",
        "Listener": "people",
        "LiveObject": "cluster",
        "LocalRegistryKeeper": "images",
        "LogLine": "cluster",
        "Manifest": "images",
        "Meanwhile": "processes",
        "OnLine": "processes",
        "Opened": "http",
        "Processes": "processes",
        "Registry": "images",
        "Request": "http",
        "Response": "http",
        "Running": "processes",
        "SourceControl": "sources",
        "Storage": "sources",
        "Surroundings": "people",
        "TlsSettings": "http",
        "UpgradeRequest": "helm",
        "Watch": "cluster",
        "World": "world",
    },
)
