"""Charts in OCI registries, when what lies there is something else than a chart."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.charts.making import chart
from trunkline.adapters.storage.cache import ChartCache
from trunkline.adapters.storage.oci import OciCharts
from trunkline.config.project import ChartSettings, ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.errors import TrunklineError, Unreachable, UsageError
from trunkline.ports import Document, Manifest

CONFIG = {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": f"sha256:{'0' * 64}"}
LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
SETTINGS = ChartSettings(name="backend", repository="oci://registry.example/charts", version="1.0.0")


class FakeArtifacts:
    """Implements the port `Artifacts` with one manifest under every tag."""

    def __init__(self, manifest: Any, blob: bytes = b"", tags: tuple[str, ...] = ()) -> None:
        self.content, self.bytes, self.known = manifest, blob, tags
        self.fetched: list[str] = []

    def tags(self, repository: ImageReference, settings: ImageSettings) -> tuple[str, ...]:
        del repository, settings
        return self.known

    def manifest(self, image: ImageReference, settings: ImageSettings) -> Manifest | None:
        del image, settings
        if self.content is None:
            return None
        return Manifest(f"sha256:{'1' * 64}", "some/type", json.dumps(self.content).encode())

    def blob(self, image: ImageReference, digest: str, largest: int, settings: ImageSettings) -> bytes:
        del image, largest, settings
        self.fetched.append(digest)
        return self.bytes

    def referrers(self, image: ImageReference, settings: ImageSettings) -> Mapping[str, str]:
        raise AssertionError

    def attach(self, image: ImageReference, document: Document, settings: ImageSettings) -> str:
        raise AssertionError

    def tag(self, image: ImageReference, manifest: Manifest, settings: ImageSettings) -> None:
        raise AssertionError

    def delete(self, image: ImageReference, settings: ImageSettings) -> bool:
        raise AssertionError


def of(content: bytes, kind: str = LAYER) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"config": CONFIG, "layers": [{"mediaType": kind, "digest": digest, "size": len(content)}]}


def find(
    artifacts: FakeArtifacts, into: Path, settings: ChartSettings = SETTINGS, cache: Path | None = None
) -> Path:
    def write(name: str, content: bytes) -> Path:
        (into / name).write_bytes(content)
        return into / name

    return OciCharts(artifacts, ChartCache(cache), settings).find(write).path


@pytest.mark.parametrize("kind", [LAYER, "application/tar+gzip"])
def test_the_layer_is_the_chart(tmp_path: Path, kind: str) -> None:
    """The archive is the manifest's content layer, of today's media type or of the one before."""
    assert find(FakeArtifacts(of(chart(), kind), chart()), tmp_path).read_bytes() == chart()


def test_a_known_digest_is_not_fetched_again(tmp_path: Path) -> None:
    """What the manifest names by digest comes from the cache where it is there."""
    artifacts = FakeArtifacts(of(chart()), chart())
    for _ in range(2):
        assert find(artifacts, tmp_path, cache=tmp_path / "cache").read_bytes() == chart()
    assert len(artifacts.fetched) == 1


@pytest.mark.parametrize(
    ("manifest", "blob", "kind", "message"),
    [
        ({"config": {"mediaType": "application/vnd.oci.image.config.v1+json"}}, b"", UsageError, "is no Helm chart but"),
        ({"manifests": []}, b"", UsageError, r"is no Helm chart but another thing in the registry \(some/type\)"),
        ({"config": CONFIG, "layers": []}, b"", UsageError, "holds no chart's archive"),
        ({"config": CONFIG, "layers": [{"mediaType": LAYER, "digest": "md5:1"}]}, b"", UsageError, "holds no chart's"),
        (of(chart("frontend")), chart("frontend"), Unreachable, "holds the chart frontend 1.0.0, not backend 1.0.0"),
        (of(b"text"), b"text", Unreachable, "is no gzipped archive"),
        (of(chart()), chart(version="1.0.1"), Unreachable, "is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_chart(
    tmp_path: Path, manifest: Any, blob: bytes, kind: type[Exception], message: str
) -> None:
    """An image, an empty manifest, another chart or other bytes are each a sentence, and nothing is written."""
    with pytest.raises(kind, match=message):
        find(FakeArtifacts(manifest, blob), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_versions_are_spelled_as_tags(tmp_path: Path) -> None:
    """What a tag cannot hold is an underscore there; tags that are no versions are passed over."""
    content = chart(version="1.0.1+b.1")
    artifacts = FakeArtifacts(of(content), content, ("latest", "1.0.0", "1.0.1_b.1", "sha256-abc.sig"))
    settings = ChartSettings(name="backend", repository="oci://registry.example/charts", version="~1.0")
    assert find(artifacts, tmp_path, settings).name == "backend-1.0.1+b.1.tgz"


@pytest.mark.parametrize(
    ("repository", "message"),
    [
        ("oci://charts", "it names no registry"),
        ("oci://registry.example/Charts", "lower-case"),
        ("oci://registry.example:x/charts", "not a host name"),
        ("oci://", "is no address of a chart"),
    ],
)
def test_addresses_that_are_refused(tmp_path: Path, repository: str, message: str) -> None:
    """An address that leads to no registry is refused with how to write it."""
    settings = ChartSettings(name="backend", repository=repository, version="1.0.0")
    with pytest.raises(UsageError, match=message) as caught:
        find(FakeArtifacts(None), tmp_path, settings)
    assert "oci://registry.example.com/charts" in caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda below: st.lists(below) | st.dictionaries(st.sampled_from(["config", "layers", "mediaType", "digest"]), below),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["config", "layers"]), JSON))
def test_any_manifest(manifest: Any) -> None:
    """Whatever a registry calls a manifest, it is no chart and says so."""
    with pytest.raises(TrunklineError):
        find(FakeArtifacts(manifest), Path("/nonexistent"))
