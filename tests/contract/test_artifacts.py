"""The fake of what a registry keeps, and the adapter in front of a real one, do the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as Asked
from werkzeug import Response as Answer

from dev.registry import Registry as RealRegistry
from tests.contract.oci_push import INDEX, MANIFEST, Pusher, digest_of
from tests.fakes.images import FakeArtifacts, FakeRegistry
from tests.fakes.processes import FakeProcesses
from trunkline.adapters.http import HttpClient
from trunkline.adapters.registry import OciRegistry
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.redaction import Redactor
from trunkline.domain.registry_images.manifests import read_config, read_manifest
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Artifacts, Document

USER, PASSWORD = "acme+ci", "p4ss-word!"
LABELS = {"org.opencontainers.image.revision": "a" * 40}


@dataclass
class Stage:
    """A registry with one image under the tags `one` and `two`."""

    artifacts: Artifacts
    repository: ImageReference
    digest: str

    @property
    def settings(self) -> ImageSettings:
        return ImageSettings(self.repository, username=USER, password=PASSWORD)


@contextmanager
def fake() -> Iterator[Stage]:
    registry = FakeRegistry(passwords={USER: PASSWORD})
    repository = parse_image("registry.example/acme/api")
    digest = registry.put(repository.with_tag("one"), LABELS)
    registry.put(repository.with_tag("two"), LABELS)
    yield Stage(FakeArtifacts(registry), repository, digest)


@contextmanager
def real() -> Iterator[Stage]:
    with RealRegistry(username=USER, password=PASSWORD) as server:
        pusher = Pusher(server.url, "acme/api", (USER, PASSWORD))
        digest = pusher.image("one", LABELS)
        pusher.image("two", LABELS)
        yield Stage(adapter(), parse_image(f"{server.host}/acme/api"), digest)


def adapter() -> OciRegistry:
    processes = FakeProcesses(lambda command: AssertionError(command.argv))
    home = Path("/nonexistent")
    return OciRegistry(HttpClient(), {}, home, Redactor(), processes, pause=lambda _: None)


@pytest.fixture(params=[fake, real])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    begin: Callable[[], AbstractContextManager[Stage]] = request.param
    with begin() as stage:
        yield stage


def test_tags(stage: Stage) -> None:
    """All tags of a repository are listed; one that is not there has none."""
    assert sorted(stage.artifacts.tags(stage.repository, stage.settings)) == ["one", "two"]
    other = parse_image(f"{stage.repository.repository}-other")
    assert stage.artifacts.tags(other, stage.settings) == ()


def test_a_manifest_and_what_it_names(stage: Stage) -> None:
    """A tag and a digest lead to the same manifest, whose configuration has the labels; what is not there is None."""
    image = stage.repository.with_tag("one")
    manifest = stage.artifacts.manifest(image, stage.settings)
    assert manifest is not None
    assert manifest == stage.artifacts.manifest(stage.repository.with_digest(stage.digest), stage.settings)
    assert (manifest.digest, manifest.media_type) == (stage.digest, MANIFEST)
    config = read_manifest(manifest.content).config
    assert config is not None
    assert read_config(stage.artifacts.blob(image, config.digest, 10_000, stage.settings)).labels == LABELS
    assert stage.artifacts.manifest(stage.repository.with_tag("gone"), stage.settings) is None


def test_blobs_are_bounded(stage: Stage) -> None:
    """A blob that is larger than wanted, or not there, is an error."""
    manifest = stage.artifacts.manifest(stage.repository.with_tag("one"), stage.settings)
    assert manifest is not None
    config = read_manifest(manifest.content).config
    assert config is not None
    for digest, largest in ((config.digest, 10), ("sha256:" + "0" * 64, 10_000)):
        with pytest.raises(Unreachable):
            stage.artifacts.blob(stage.repository, digest, largest, stage.settings)


def test_another_tag(stage: Stage) -> None:
    """A manifest under another tag keeps its digest."""
    manifest = stage.artifacts.manifest(stage.repository.with_tag("one"), stage.settings)
    assert manifest is not None
    stage.artifacts.tag(stage.repository.with_tag("v1"), manifest, stage.settings)
    again = stage.artifacts.manifest(stage.repository.with_tag("v1"), stage.settings)
    assert again is not None
    assert again.digest == stage.digest


def test_deleting(stage: Stage) -> None:
    """A digest goes with all of its tags; done again, there is nothing to do."""
    image = stage.repository.with_digest(stage.digest)
    assert stage.artifacts.delete(image, stage.settings)
    assert stage.artifacts.tags(stage.repository, stage.settings) == ()
    assert not stage.artifacts.delete(image, stage.settings)


def test_nothing_is_attached(stage: Stage) -> None:
    """To an image nothing is attached until somebody does."""
    assert stage.artifacts.referrers(stage.repository.with_digest(stage.digest), stage.settings) == {}


def test_what_is_attached_by_the_fallback_tag() -> None:
    """Where the registry has no API for it, the tag of the digest lists what is attached."""
    with RealRegistry() as server:
        pusher = Pusher(server.url, "acme/api")
        digest = pusher.image("one", LABELS)
        attached = pusher.image("sbom", {})
        entry = {
            "mediaType": MANIFEST,
            "digest": attached,
            "size": 1,
            "artifactType": "application/spdx+json",
        }
        pusher.index(digest.replace(":", "-"), entry)
        repository = parse_image(f"{server.host}/acme/api")
        found = adapter().referrers(repository.with_digest(digest), ImageSettings(repository))
        assert found == {attached: "application/spdx+json"}


def test_what_is_attached_by_the_api(httpserver: HTTPServer) -> None:
    """Where the registry has the API of the specification 1.1, that is asked."""
    digest = "sha256:" + "1" * 64
    entries = [{"digest": digest, "artifactType": "application/vnd.cyclonedx+json"}, {"digest": "md5:1"}, 5]
    httpserver.expect_request(f"/v2/acme/api/referrers/{digest}").respond_with_json({"manifests": entries})
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    found = adapter().referrers(repository.with_digest(digest), ImageSettings(repository))
    assert found == {digest: "application/vnd.cyclonedx+json"}


def a_document(text: str = "{}") -> Document:
    return Document("application/spdx+json", text.encode(), 0)


def test_attaching(stage: Stage) -> None:
    """What is attached to a digest is found there; a second document beside it, the same one again once."""
    image = stage.repository.with_digest(stage.digest)
    first = stage.artifacts.attach(image, a_document(), stage.settings)
    assert stage.artifacts.attach(image, a_document(), stage.settings) == first
    second = stage.artifacts.attach(image, a_document('{"a": 1}'), stage.settings)
    found = stage.artifacts.referrers(image, stage.settings)
    assert found == {first: "application/spdx+json", second: "application/spdx+json"}
    # Attached, not pushed over it.
    manifest = stage.artifacts.manifest(stage.repository.with_tag("one"), stage.settings)
    assert manifest is not None
    assert manifest.digest == stage.digest


def test_an_artifact_is_what_the_specification_says() -> None:
    """Its manifest names type, subject and content, and its content is what was attached, byte for byte."""
    with real() as stage:
        image = stage.repository.with_digest(stage.digest)
        digest = stage.artifacts.attach(image, a_document('{"a": 1}'), stage.settings)
        manifest = stage.artifacts.manifest(stage.repository.with_digest(digest), stage.settings)
        assert manifest is not None
        facts = read_manifest(manifest.content)
        assert (facts.kind, facts.subject) == ("application/spdx+json", stage.digest)
        [layer] = facts.layers
        assert stage.artifacts.blob(image, layer.digest, 100, stage.settings) == b'{"a": 1}'


@pytest.mark.parametrize("broken", ["blobs", "manifest", "list"])
def test_a_registry_that_takes_half(httpserver: HTTPServer, broken: str) -> None:
    """A registry that takes the blobs and refuses the manifest, or the list of what is attached, is told as such."""
    digest = digest_of(b"{}")
    path = "/v2/acme/api"

    def answer(asked: Asked) -> Answer:
        tail = asked.path.removeprefix(path)
        if asked.method == "HEAD":
            return Answer(status=404)
        if asked.method == "GET":
            return Answer("{}") if tail.endswith(digest) else Answer(status=404)
        if asked.method == "POST":
            return Answer(status=202, headers={"Location": f"{path}/blobs/uploads/1?state=x"})
        if "/blobs/" in tail:
            return Answer(status=500 if broken == "blobs" else 201)
        if "/manifests/sha256-" in tail:
            return Answer(status=403 if broken == "list" else 201)
        return Answer(
            '{"errors": [{"code": "MANIFEST_INVALID"}]}', status=400 if broken == "manifest" else 201
        )

    httpserver.expect_request(re.compile(f"{path}/.*")).respond_with_handler(answer)
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    with pytest.raises(Unreachable) as caught:
        adapter().attach(repository.with_digest(digest), a_document(), ImageSettings(repository))
    assert "localhost" in caught.value.message


def test_an_upload_is_not_led_away(httpserver: HTTPServer) -> None:
    """A registry that wants the blob sent to another host does not get it there."""
    digest = digest_of(b"{}")
    httpserver.expect_request(f"/v2/acme/api/manifests/{digest}").respond_with_data("{}")
    away = {"Location": "http://localhost:1/elsewhere"}
    httpserver.expect_request("/v2/acme/api/blobs/uploads/").respond_with_data("", status=202, headers=away)
    httpserver.no_handler_status_code = 404
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    with pytest.raises(Unreachable, match="does not take a blob"):
        adapter().attach(repository.with_digest(digest), a_document(), ImageSettings(repository))


def test_many_tags_come_page_by_page(httpserver: HTTPServer) -> None:
    """A list of tags is read to its end, and a list without an end is an error."""

    def page(asked: Asked) -> Answer:
        last = asked.args.get("last", "")
        following = {"": "a", "a": "b"}.get(last, "")
        link = {"Link": f'</v2/acme/api/tags/list?n=1&last={following}>; rel="next"'} if following else {}
        return Answer(json.dumps({"tags": [f"tag-{last or 'first'}"]}), headers=link)

    httpserver.expect_request("/v2/acme/api/tags/list").respond_with_handler(page)
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    assert adapter().tags(repository, ImageSettings(repository)) == ("tag-first", "tag-a", "tag-b")
    httpserver.clear()
    circle = {"Link": '</v2/acme/api/tags/list?n=1&last=a>; rel="next"'}
    httpserver.expect_request("/v2/acme/api/tags/list").respond_with_data('{"tags": ["a"]}', headers=circle)
    with pytest.raises(Unreachable, match="its list of tags has no end"):
        adapter().tags(repository, ImageSettings(repository))


@pytest.mark.parametrize("status", [405, 400])
def test_a_registry_that_removes_nothing(httpserver: HTTPServer, status: int) -> None:
    """Where the registry does not remove for anybody, that is said with what to do."""
    digest = "sha256:" + "1" * 64
    httpserver.expect_request(f"/v2/acme/api/manifests/{digest}").respond_with_data("", status=status)
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    with pytest.raises(Refused, match=rf"removes nothing by its API \(HTTP {status}\)"):
        adapter().delete(repository.with_digest(digest), ImageSettings(repository))


def test_other_bytes_than_the_digest_says(httpserver: HTTPServer) -> None:
    """A manifest or a blob whose bytes are not those of its digest is refused."""
    digest = "sha256:" + "1" * 64
    for kind in ("manifests", "blobs"):
        httpserver.expect_request(f"/v2/acme/api/{kind}/{digest}").respond_with_data("{}")
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    settings = ImageSettings(repository)
    with pytest.raises(Unreachable, match=f"has the digest {digest_of(b'{}')} and not"):
        adapter().manifest(repository.with_digest(digest), settings)
    with pytest.raises(Unreachable, match=f"has the digest {digest_of(b'{}')} and not"):
        adapter().blob(repository, digest, 100, settings)


def test_a_tag_that_does_not_move(httpserver: HTTPServer) -> None:
    """A registry with immutable tags says so."""
    repository = parse_image(f"localhost:{httpserver.port}/acme/api")
    with RealRegistry() as server:
        Pusher(server.url, "acme/api").image("one", LABELS)
        source = parse_image(f"{server.host}/acme/api:one")
        manifest = adapter().manifest(source, ImageSettings(source))
    assert manifest is not None
    assert manifest.media_type != INDEX
    httpserver.expect_request("/v2/acme/api/manifests/v1", method="PUT").respond_with_data("", status=409)
    with pytest.raises(Refused, match="does not move the tag v1"):
        adapter().tag(repository.with_tag("v1"), manifest, ImageSettings(repository))
