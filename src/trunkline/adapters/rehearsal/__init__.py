"""The ports of a rehearsal: a stage around `trunkline.rehearsal`'s cluster, on which nothing is built or sent anywhere."""

from trunkline.adapters.rehearsal.forwarding import StubForwarding
from trunkline.adapters.rehearsal.images import DescribedImages
from trunkline.adapters.rehearsal.killing import HelmKiller
from trunkline.adapters.rehearsal.people import Approving, RehearsedSource
from trunkline.adapters.rehearsal.stage import ClusterSnapshot, SimulatedStage
from trunkline.adapters.rehearsal.time import RehearsedTime

__all__ = [
    "Approving",
    "ClusterSnapshot",
    "DescribedImages",
    "HelmKiller",
    "RehearsedSource",
    "RehearsedTime",
    "SimulatedStage",
    "StubForwarding",
]
