"""What Trunkline needs of the world, as Protocols; and `World`, which holds one of each.

Adapters implement these, tests bring small fakes that pass the same contract tests, `bootstrap` composes.
Every method says what it raises; anything else that comes out of an adapter is a fault of Trunkline.
"""

from trunkline.ports.clock import Clock
from trunkline.ports.cluster import Cluster, Lease, LeaseHolder, LiveObject, LogLine, Watch
from trunkline.ports.forwarding import Forwarding
from trunkline.ports.helm import Applied, Helm, UpgradeRequest
from trunkline.ports.http import Http, Opened, Request, Response, TlsSettings
from trunkline.ports.images import Artifacts, ImageBuilder, Manifest, Registry
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
    "Clock",
    "Cluster",
    "Command",
    "Completed",
    "Forwarding",
    "Helm",
    "Http",
    "ImageBuilder",
    "Lease",
    "LeaseHolder",
    "Ledger",
    "Listener",
    "LiveObject",
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
