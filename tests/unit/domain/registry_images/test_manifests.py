"""Reading what a registry keeps, whoever wrote it."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.registry_images.manifests import (
    Blob,
    ConfigFacts,
    ManifestFacts,
    read_config,
    read_manifest,
)
from trunkline.domain.registry_images.usage import images_in

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
KEYS = [
    "manifests",
    "layers",
    "config",
    "digest",
    "size",
    "mediaType",
    "platform",
    "os",
    "architecture",
    "subject",
    "annotations",
    "artifactType",
    "Labels",
    "history",
    "created",
    "created_by",
]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from([A, "os", "linux"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            below,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def test_a_manifest() -> None:
    """An image's manifest names its configuration and its layers, whose sizes are summed."""
    content = {
        "config": {"digest": A, "size": 5, "mediaType": "c"},
        "layers": [{"digest": B, "size": 7}, {"digest": "md5:1", "size": 9}, {"digest": C, "size": -1}],
    }
    facts = read_manifest(json.dumps(content).encode())
    assert facts == ManifestFacts(Blob(A, 5, "c"), (Blob(B, 7), Blob(C, 0)))
    assert facts.size == 12


def test_an_index() -> None:
    """An index names its images by platform, two of one platform both, and apart from them what attests them."""
    attests = {"vnd.docker.reference.type": "attestation-manifest"}
    arm = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    content = {
        "manifests": [
            {"digest": A, "platform": arm},
            {"digest": B, "platform": arm},
            {"digest": C, "annotations": attests},
            {"digest": C},
        ]
    }
    facts = read_manifest(json.dumps(content).encode())
    assert facts.children == {"linux/arm64/v8": A, f"linux/arm64/v8 {B}": B, C: C}
    assert facts.attestations == (C,)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ({"artifactType": "application/spdx+json", "subject": {"digest": A}}, "application/spdx+json"),
        ({"config": {"digest": B, "mediaType": "application/x"}, "subject": {"digest": A}}, "application/x"),
        ({"config": {"digest": B, "mediaType": "application/x"}}, ""),
    ],
)
def test_an_artifact(content: dict[str, Any], kind: str) -> None:
    """What is attached to an image says so, by its type or by that of its configuration."""
    assert read_manifest(json.dumps(content).encode()).kind == kind


def test_a_configuration() -> None:
    """A configuration tells when and for what an image was built, its labels and its steps."""
    content = {
        "os": "linux",
        "architecture": "amd64",
        "created": "2026-03-01T12:00:00.123456789Z",
        "config": {"Labels": {"a": "b", "n": 1}},
        "history": [{"created_by": "COPY\nx"}, {"empty_layer": True}, 5],
    }
    moment = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)
    assert read_config(json.dumps(content).encode()) == ConfigFacts(
        moment, "linux/amd64", {"a": "b", "n": "1"}, ("COPY x",)
    )


@given(JSON | st.binary())
def test_anything(content: Any) -> None:
    """Whatever a registry keeps, it is read as far as it makes sense, or it is a ValueError."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    for read in (read_manifest, read_config):
        with contextlib.suppress(ValueError):
            read(raw)


@pytest.mark.parametrize("content", [b"", b"[]", b"[" * 100_000, b"\xff"])
def test_what_is_none(content: bytes) -> None:
    """What is no JSON object is refused."""
    with pytest.raises(ValueError, match="no JSON"):
        read_manifest(content)


def test_images_of_objects() -> None:
    """Every container's image is found, in any kind of object; what is no image is passed over."""
    pod = {
        "initContainers": [{"image": "a/init:1"}],
        "containers": [{"image": "a/main:1"}, {"image": "NO IMAGE"}, 3],
    }
    objects = [
        {"kind": "Deployment", "spec": {"template": {"spec": pod}}},
        {
            "kind": "CronJob",
            "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [{"image": "a/job"}]}}}}},
        },
        {"kind": "ConfigMap", "data": {"image": "a/not:1"}},
    ]
    assert {str(image).removeprefix("docker.io/") for image in images_in(objects)} == {
        "a/init:1",
        "a/main:1",
        "a/job",
    }


def test_deep_objects() -> None:
    """A custom resource that is nested very deeply ends nothing."""
    deep: dict[str, Any] = {}
    for _ in range(50_000):
        deep = {"spec": deep}
    assert images_in([deep]) == ()
