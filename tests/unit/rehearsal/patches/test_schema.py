"""The table of types: complete, small, quick and up to date."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dev import rehearsal_schema
from tests.unit.rehearsal.patches.kinds import CUSTOM, DEPLOYMENT, POD, SERVICE
from trunkline.rehearsal.kinds import BUILT_IN, Kind
from trunkline.rehearsal.patches.schema import Shape, shape_named, shape_of

_UNKNOWN = {"gateway.networking.k8s.io"}


def _at(kind: Kind, *path: str) -> Shape:
    found = shape_of(kind)
    assert found is not None
    for key in path:
        found = (found.element or found) if key == "[]" else found.fields[key]
    return found


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: f"{kind.group}/{kind.kind}")
def test_every_built_in_kind_is_in_the_table(kind: Kind) -> None:
    """Each version of each built-in kind has a type, but for those that real clusters have as custom resources."""
    for version in kind.versions:
        assert (shape_of(kind, kind.spelled(version)) is None) == (kind.group in _UNKNOWN)


def test_the_table_has_all_that_later_releases_added() -> None:
    """The stored table is what its script makes of it, as far as that can be said without a cluster."""
    assert rehearsal_schema.missing() == []


def test_the_table_is_complete_and_small() -> None:
    """Every type that a field names is in the table, which lies beside its module and weighs less than 150 kB."""
    path = Path(rehearsal_schema.TABLE)
    assert path.is_file()
    assert path.stat().st_size < 150_000
    types = json.loads(path.read_text())["types"]
    named = {text.split()[0].strip("[]{}") for fields in types.values() for text in fields.values()}
    assert {name for name in named if "." in name} <= types.keys()


@pytest.mark.parametrize(
    ("kind", "path", "keys", "merge_key"),
    [
        (DEPLOYMENT, "spec template spec containers", ("name",), "name"),
        (
            DEPLOYMENT,
            "spec template spec containers [] ports",
            ("containerPort", "protocol"),
            "containerPort",
        ),
        (DEPLOYMENT, "spec template spec containers [] volumeMounts", ("mountPath",), "mountPath"),
        (POD, "spec topologySpreadConstraints", ("topologyKey", "whenUnsatisfiable"), "topologyKey"),
        (POD, "spec schedulingGates", ("name",), "name"),
        (POD, "spec tolerations", (), ""),
        (POD, "status conditions", ("type",), "type"),
        (SERVICE, "spec ports", ("port", "protocol"), "port"),
        (SERVICE, "metadata ownerReferences", ("uid",), "uid"),
    ],
)
def test_lists_are_merged_by_their_keys(kind: Kind, path: str, keys: tuple[str, ...], merge_key: str) -> None:
    """Server-side apply and strategic merge patches each know the keys of a list's items."""
    found = _at(kind, *path.split())
    assert (found.keys, found.merge_key) == (keys, merge_key)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (POD, "spec containers [] startupProbe grpc port"),
        (POD, "spec initContainers [] restartPolicy"),
        (POD, "spec initContainers [] resizePolicy [] resourceName"),
        (POD, "spec containers [] lifecycle preStop sleep seconds"),
        (POD, "spec topologySpreadConstraints [] minDomains"),
        (DEPLOYMENT, "spec template spec securityContext seccompProfile type"),
    ],
)
def test_newer_fields_are_known(kind: Kind, path: str) -> None:
    """What releases after that of the table's source have added is there."""
    assert _at(kind, *path.split()).form != "any"


def test_what_is_owned_as_a_whole_is_known() -> None:
    """Selectors, references and sets are told apart from what is merged."""
    assert _at(DEPLOYMENT, "spec", "selector").is_atomic
    assert _at(POD, "spec", "nodeSelector").is_atomic
    assert _at(POD, "metadata", "finalizers").is_set
    assert not _at(POD, "metadata", "labels").is_atomic
    assert shape_of(CUSTOM) is None
    assert shape_named("autoscaling.v1.Scale") is not None
    assert shape_named("example.v1.Nothing") is None
