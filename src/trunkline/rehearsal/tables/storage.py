"""Volumes, claims and their classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from trunkline.rehearsal.objects import Object, at, is_ending, metadata, name_of
from trunkline.rehearsal.tables.columns import Layout, columns
from trunkline.rehearsal.tables.spelling import UNSET, age, text, texts

_DEFAULT = "storageclass.kubernetes.io/is-default-class"
_CLASS = "volume.beta.kubernetes.io/storage-class"
_MODES = {
    "ReadWriteOnce": "RWO",
    "ReadOnlyMany": "ROX",
    "ReadWriteMany": "RWX",
    "ReadWriteOncePod": "RWOP",
}
"""The short words of the access modes, in the order in which they are told."""


def _volume(value: Object, now: datetime) -> list[Any]:
    claim = at(value, "spec", "claimRef")
    return [
        name_of(value),
        text(value, "spec", "capacity", "storage") or "0",
        _modes(value, "spec"),
        text(value, "spec", "persistentVolumeReclaimPolicy"),
        "Terminating" if is_ending(value) else text(value, "status", "phase"),
        f"{text(claim, 'namespace')}/{text(claim, 'name')}" if isinstance(claim, dict) else "",
        _class(value),
        text(value, "spec", "volumeAttributesClassName") or UNSET,
        text(value, "status", "reason"),
        age(value, now),
        text(value, "spec", "volumeMode") or UNSET,
    ]


def _claim(value: Object, now: datetime) -> list[Any]:
    volume = text(value, "spec", "volumeName")
    return [
        name_of(value),
        "Terminating" if is_ending(value) else text(value, "status", "phase"),
        volume,
        text(value, "status", "capacity", "storage") or "0" if volume else "",
        _modes(value, "status") if volume else "",
        _class(value),
        text(value, "spec", "volumeAttributesClassName") or UNSET,
        age(value, now),
        text(value, "spec", "volumeMode") or UNSET,
    ]


def _modes(value: Object, part: str) -> str:
    found = texts(value, part, "accessModes")
    return ",".join(short for mode, short in _MODES.items() if mode in found)


def _class(value: Object) -> str:
    return text(metadata(value), "annotations", _CLASS) or text(value, "spec", "storageClassName")


def _storage_class(value: Object, now: datetime) -> list[Any]:
    is_default = text(metadata(value), "annotations", _DEFAULT) == "true"
    return [
        name_of(value) + (" (default)" if is_default else ""),
        text(value, "provisioner"),
        text(value, "reclaimPolicy") or "Delete",
        text(value, "volumeBindingMode") or "Immediate",
        at(value, "allowVolumeExpansion") is True,
        age(value, now),
    ]


LAYOUTS = {
    ("", "PersistentVolume"): Layout(
        columns("Name", "Capacity", "Access Modes", "Reclaim Policy", "Status", "Claim", "StorageClass",
                "VolumeAttributesClass", "Reason", "Age", "*VolumeMode"),
        _volume,
    ),
    ("", "PersistentVolumeClaim"): Layout(
        columns("Name", "Status", "Volume", "Capacity", "Access Modes", "StorageClass", "VolumeAttributesClass",
                "Age", "*VolumeMode"),
        _claim,
    ),
    ("storage.k8s.io", "StorageClass"): Layout(
        columns("Name", "Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion", "Age"),
        _storage_class,
    ),
}  # fmt: skip
