"""What a node cannot give a pod, and image names that nobody can read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rehearsal.played import played
from trunkline.rehearsal.nodes.pulls import is_valid_name, parse_failure

_SET_UP = 'MountVolume.SetUp failed for volume "data" : '


def _said(volume: Any) -> str:
    """What the kubelet says of a pod with this volume; empty where it runs."""
    with played() as world:
        containers = [{"name": "main", "image": "registry.example/web:1"}]
        world.pod({"containers": containers, "volumes": [{"name": "data", **volume}]})
        world.run(5)
        told = [message for _, message in world.events("FailedMount")]
        assert bool(told) == (world.status()["phase"] == "Pending")
        return told[0] if told else ""


@pytest.mark.parametrize(
    ("path", "kind", "why"),
    [
        ("/no/such", "Directory", "/no/such is not a directory"),
        ("/etc/no-such", "File", "/etc/no-such is not a file"),
        ("/run/no-such.sock", "Socket", "/run/no-such.sock is not a socket file"),
        ("/var/log/", "Directory", ""),
        ("/no/such", "DirectoryOrCreate", ""),
        ("/no/such", "FileOrCreate", ""),
        ("/no/such", "", ""),
    ],
)
def test_paths_of_the_node(path: str, kind: str, why: str) -> None:
    """A path of the node has to be what its type says, and only what every system has is there."""
    expected = f"{_SET_UP}hostPath type check failed: {why}" if why else ""
    assert _said({"hostPath": {"path": path, "type": kind}}) == expected


def test_a_driver_that_is_not_there() -> None:
    """A volume of a driver that is on no node is never mounted."""
    assert _said({"csi": {"driver": "disks.example.com"}}).endswith(
        "driver name disks.example.com not found in the list of registered CSI drivers"
    )


@pytest.mark.parametrize(
    ("image", "valid"),
    [
        ("nginx", True),
        ("nginx:1.27-alpine", True),
        ("REGISTRY.example:5000/team/a__b/c-d.e:V1", True),
        (f"quay.io/acme/sample@sha256:{'a' * 64}", True),
        ("quay.io/Acme/sample:1", False),
        ("nginx:", False),
        ("nginx:a:b", False),
        ("a b", False),
        ("", False),
    ],
)
def test_names_of_images(image: str, valid: bool) -> None:
    """Only the registry and the tag of an image may have capitals, and nothing may be left out."""
    assert is_valid_name(image) == valid


def test_a_name_with_capitals() -> None:
    """A name whose only fault is its capitals is told so."""
    assert parse_failure("127.0.0.1:5000/Catalogue/Tools:1") == (
        'couldn\'t parse image reference "127.0.0.1:5000/Catalogue/Tools:1": invalid reference format: '
        "repository name (Catalogue/Tools) must be lowercase"
    )
    assert parse_failure("a b").endswith("invalid reference format")


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_none(image: str) -> None:
    """Whatever an image is called, there is an answer."""
    assert is_valid_name(image) or parse_failure(image)
