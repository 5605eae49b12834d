"""The lease as it lies in the cluster: a coordination.k8s.io/v1 Lease, read with mistrust and written whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from trunkline.adapters.kubernetes import incarnation
from trunkline.adapters.kubernetes.client import JsonObject, path_of
from trunkline.dataclass import dataclass
from trunkline.domain.releases import ReleaseTarget

DESCRIPTION = "trunkline.dev/holder-description"
PROCESS = "trunkline.dev/holder-process"
GOOD_REVISIONS = "trunkline.dev/good-revisions"
INGREDIENTS = "trunkline.dev/ingredients"
DURATION_S = 15
_MICRO_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What a lease says."""

    live: JsonObject

    @property
    def holder(self) -> str:
        """Who holds it; empty when it is free."""
        return str(self._spec.get("holderIdentity") or "")

    @property
    def description(self) -> str:
        """Who that is, for a person."""
        return str(self._annotations.get(DESCRIPTION) or self.holder)

    @property
    def since(self) -> str:
        """When it was acquired, to the second, by the holder's clock; empty when it does not say."""
        try:
            moment = datetime.fromisoformat(str(self._spec.get("acquireTime") or ""))
        except ValueError:
            return ""
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def duration_s(self) -> float:
        """How long its holder may be silent."""
        value = self._spec.get("leaseDurationSeconds")
        return float(value) if isinstance(value, int) and value > 0 else float(DURATION_S)

    @property
    def version(self) -> tuple[str, str, str]:
        """Changes whenever the holder renews it (or somebody else takes it)."""
        spec = self._spec
        return self.holder, str(spec.get("renewTime")), str(spec.get("leaseTransitions"))

    @property
    def transitions(self) -> int:
        """How often it went from one holder to another."""
        value = self._spec.get("leaseTransitions")
        return value if isinstance(value, int) and value > 0 else 0

    @property
    def good_revisions(self) -> dict[int, str]:
        """The revisions that are noted as good, in order, with what they are made of; what is no number is passed over."""
        noted = str(self._annotations.get(GOOD_REVISIONS) or "").split(",")
        lines = str(self._annotations.get(INGREDIENTS) or "").splitlines()
        made_of = {number: line for number, _, line in (line.partition(" ") for line in lines)}
        words = {word for word in noted if word.isascii() and word.isdigit()}
        return {int(word): made_of.get(word, "") for word in sorted(words, key=int)}

    @property
    def holder_is_gone(self) -> bool:
        """Whether the holder was a process of this machine that has ended."""
        process = incarnation.parse(str(self._annotations.get(PROCESS) or ""))
        return process is not None and incarnation.is_gone(process)

    @property
    def _spec(self) -> dict[str, Any]:
        return _mapping(self.live.get("spec"))

    @property
    def _annotations(self) -> dict[str, Any]:
        return _mapping(_mapping(self.live.get("metadata")).get("annotations"))

    def taken(
        self, holder: str, description: str, process: str, now: datetime, duration_s: int
    ) -> JsonObject:
        """The object that gives it to `holder`; guarded by the version that was read."""
        annotations = {**self._annotations, DESCRIPTION: description, PROCESS: process}
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration_s,
            "acquireTime": now.strftime(_MICRO_TIME),
            "renewTime": now.strftime(_MICRO_TIME),
            "leaseTransitions": self.transitions + 1,
        }
        return self._with(annotations, spec)

    def renewed(self, now: datetime) -> JsonObject:
        """The object with which its holder says that it is still there."""
        return self._with(self._annotations, {**self._spec, "renewTime": now.strftime(_MICRO_TIME)})

    def released(self, now: datetime) -> JsonObject:
        """The object that gives it back (client-go's way: no holder, one second)."""
        annotations = {
            key: value for key, value in self._annotations.items() if key not in {DESCRIPTION, PROCESS}
        }
        spec = {
            **self._spec,
            "holderIdentity": "",
            "leaseDurationSeconds": 1,
            "renewTime": now.strftime(_MICRO_TIME),
        }
        return self._with(annotations, spec)

    def with_good_revisions(self, revisions: Mapping[int, str]) -> JsonObject:
        """The object with these revisions noted as good, each with a line on what it is made of, and the lock as it is."""
        noted = {
            GOOD_REVISIONS: ",".join(map(str, revisions)),
            INGREDIENTS: "\n".join(f"{number} {line}" for number, line in revisions.items() if line),
        }
        return self._with({**self._annotations, **noted}, self._spec)

    def _with(self, annotations: dict[str, Any], spec: dict[str, Any]) -> JsonObject:
        return {
            **self.live,
            "metadata": {**_mapping(self.live.get("metadata")), "annotations": annotations},
            "spec": spec,
        }


def new_lease(target: ReleaseTarget) -> LeaseRecord:
    """A lease that nobody holds and the cluster does not know yet."""
    return LeaseRecord(
        {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {
                "name": lease_name(target),
                "namespace": target.namespace,
                "labels": {"app.kubernetes.io/managed-by": "trunkline"},
            },
        }
    )


def lease_name(target: ReleaseTarget) -> str:
    """What the lease of a release is called."""
    return f"trunkline-{target.name}"


def leases_path(namespace: str) -> str:
    """The API path of a namespace's leases."""
    return path_of("/apis/coordination.k8s.io/v1/namespaces", namespace, "leases")


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
