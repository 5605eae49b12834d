"""The stand-in for Quay is as strict as the real one, and a registry client that knows nothing of it can use it."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import urllib3

from tests.fakes.clock import FakeClock
from tests.fakes.quay import Quay, scenario
from tests.fakes.quay.content import INDEXES
from tests.fakes.quay.server import OCI_IMAGE

PATH = "acme/api"
ROBOT = {"authorization": f"Basic {base64.b64encode(b'acme+ci:p4ss-word').decode()}"}
WRONG = {"authorization": f"Basic {base64.b64encode(b'acme+ci:wr0ng').decode()}"}
READER, WRITER = ({"authorization": f"Bearer {text}"} for text in ("reader-token", "writer-token"))
DAY_S = 86400
PROBLEM = {"detail", "error_message", "error_type", "title", "type", "status"}


class Asked:
    """A Quay with a private repository, a robot that may write, and tokens that may read and write."""

    def __init__(self, quay: Quay, clock: FakeClock) -> None:
        self.quay, self.clock = quay, clock
        quay.robot("acme+ci", "p4ss-word", acme__api="write")
        quay.token("reader-token", "repo:read")
        quay.token("writer-token", "repo:write")
        self.digest = quay.image(PATH, "one")
        self.manifest = f"/api/v1/repository/{PATH}/manifest/{self.digest}/security"
        self.tag = f"/api/v1/repository/{PATH}/tag/one"

    def send(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: object = None
    ) -> urllib3.BaseHTTPResponse:
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return urllib3.request(
            method, f"{self.quay.url}{path}", headers=headers, body=content, redirect=False, retries=False
        )

    def bearer(self, actions: str = "pull", who: Mapping[str, str] | None = None) -> dict[str, str]:
        answer = self.send("GET", f"/v2/auth?service=quay&scope=repository:{PATH}:{actions}", who or ROBOT)
        return {"authorization": f"Bearer {answer.json()['token']}"}

    def tags(self, query: str = "", who: Mapping[str, str] = READER) -> dict[str, Any]:
        content: dict[str, Any] = self.send("GET", f"/api/v1/repository/{PATH}/tag/{query}", who).json()
        return content


@pytest.fixture
def asked() -> Iterator[Asked]:
    clock = FakeClock()
    with Quay(now=clock.monotonic) as quay:
        yield Asked(quay, clock)


@pytest.mark.parametrize(
    ("who", "path", "status", "kind"),
    [
        ({}, "", 401, "invalid_token"),
        (WRONG, "", 401, "invalid_token"),
        ({"authorization": "Bearer nobody"}, "", 401, "invalid_token"),
        (ROBOT, "acme/none", 403, "insufficient_scope"),
        (READER, "acme/none", 403, "insufficient_scope"),
        ({}, "acme/none", 401, "invalid_token"),
    ],
)
def test_problems(asked: Asked, who: dict[str, str], path: str, status: int, kind: str) -> None:
    """Whoever is not let in gets problem details with all of Quay's fields."""
    answer = asked.send("GET", asked.manifest.replace(PATH, path or PATH), who)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert set(content) == PROBLEM
    assert (content["error_type"], content["title"], content["status"]) == (kind, kind, status)


def test_an_unknown_digest(asked: Asked) -> None:
    """A digest that was never pushed is `not_found`; a tag in its place is no address at all."""
    unknown = asked.send("GET", asked.manifest.replace(asked.digest, "sha256:" + "0" * 64), ROBOT)
    assert (unknown.status, unknown.json()["error_type"]) == (404, "not_found")
    tag = asked.send("GET", asked.manifest.replace(asked.digest, "one"), ROBOT)
    assert (tag.status, tag.headers["content-type"].partition(";")[0]) == (404, "text/html")


def test_an_image_that_was_just_pushed(asked: Asked) -> None:
    """Before anybody has scanned it an image is queued, and has no data."""
    assert asked.send("GET", asked.manifest, ROBOT).json() == {"status": "queued", "data": None}


def test_vulnerabilities_are_asked_for(asked: Asked) -> None:
    """Without the parameter there are packages and nothing else: whoever forgets it would find every image clean."""
    asked.quay.play(PATH, asked.digest, "findings")
    for query, expected in (("", 0), ("?vulnerabilities=false", 0), ("?vulnerabilities=true", 6)):
        features = asked.send("GET", asked.manifest + query, ROBOT).json()["data"]["Layer"]["Features"]
        assert sum(len(feature["Vulnerabilities"]) for feature in features) == expected


def test_tags_are_not_for_robots(asked: Asked) -> None:
    """A robot's login is nobody's at the tags; a token's scope says whether it may write."""
    assert asked.tags(who=ROBOT)["error_type"] == "invalid_token"
    assert [tag["name"] for tag in asked.tags()["tags"]] == ["one"]
    body = {"immutable": True}
    statuses = [asked.send("PUT", asked.tag, who, body).status for who in (ROBOT, READER, WRITER)]
    assert statuses == [401, 403, 201]


def test_pages_of_tags(asked: Asked) -> None:
    """Tags come newest first, at most a hundred at once, and it is said whether there are more."""
    for number in range(120):
        asked.quay.image(PATH, f"t{number}")
    first, second = asked.tags("?limit=500"), asked.tags("?limit=500&page=2")
    assert (len(first["tags"]), first["has_additional"]) == (100, True)
    assert (len(second["tags"]), second["has_additional"]) == (21, False)
    assert first["tags"][0]["name"] == "t119"
    assert len(asked.tags()["tags"]) == 50
    assert asked.tags("?page=x")["error_type"] == "invalid_request"


def test_the_history_of_a_tag(asked: Asked) -> None:
    """What a tag stood for before is shown unless only what is alive is asked for."""
    other = asked.quay.image(PATH, "one", name="other")
    history = asked.tags("?specificTag=one")["tags"]
    assert [tag["manifest_digest"] for tag in history] == [other, asked.digest]
    assert "end_ts" in history[1]
    active = asked.tags("?specificTag=one&onlyActiveTags=true")["tags"]
    assert [tag["manifest_digest"] for tag in active] == [other]
    assert asked.tags("?specificTag=two")["tags"] == []


def test_an_expiry(asked: Asked) -> None:
    """A tag with an expiry is gone when that is over; one in the past is refused."""
    now = asked.clock.monotonic()
    assert asked.send("PUT", asked.tag, WRITER, {"expiration": now - 1}).status == 400
    assert asked.send("PUT", asked.tag, WRITER, {"expiration": now + DAY_S}).status == 201
    assert len(asked.tags("?onlyActiveTags=true")["tags"]) == 1
    asked.clock.advance(DAY_S + 1)
    assert asked.tags("?onlyActiveTags=true")["tags"] == []
    assert asked.send("PUT", asked.tag, WRITER, {"expiration": None}).status == 404


def test_labels_make_a_tag_expire(asked: Asked) -> None:
    """The labels of an image do without a token what the API does with one."""
    asked.quay.image(PATH, "branch", {"quay.expires-after": "2w"})
    (tag,) = asked.tags("?specificTag=branch")["tags"]
    assert tag["end_ts"] - tag["start_ts"] == 14 * DAY_S
    asked.quay.image(PATH, "release", {"quay.immutable": "true"})
    assert asked.tags("?specificTag=release")["tags"][0]["immutable"] is True


def test_an_immutable_tag(asked: Asked) -> None:
    """An immutable tag is not moved, not deleted, and not even pushed with the very same digest."""
    asked.send("PUT", asked.tag, WRITER, {"immutable": True})
    other = asked.quay.image(PATH, "two")
    for method, body in (
        ("PUT", {"manifest_digest": other}),
        ("DELETE", None),
        ("PUT", {"expiration": 1e12}),
    ):
        answer = asked.send(method, asked.tag, WRITER, body)
        assert (answer.status, answer.json()["error_type"]) == (409, "tag_immutable")
    headers = {**asked.bearer("pull,push"), "content-type": OCI_IMAGE}
    same = asked.quay.repositories[PATH].manifests[asked.digest].body
    assert asked.send("PUT", f"/v2/{PATH}/manifests/one", headers, same).status == 409
    assert asked.send("PUT", f"/v2/{PATH}/manifests/three", headers, same).status == 201


@pytest.mark.parametrize("body", [[], {}, {"expire": 1}, b"{"])
def test_a_change_that_is_none(asked: Asked, body: object) -> None:
    """A change of a tag has a known key."""
    assert asked.send("PUT", asked.tag, WRITER, body).status == 400


def test_the_token_service(asked: Asked) -> None:
    """A wrong login is refused there, a stranger gets nothing of what is private, and no scope is more than was granted."""
    place = f"/v2/auth?service=quay&scope=repository:{PATH}:pull,push"
    assert asked.send("GET", place, WRONG).status == 401
    assert asked.send("GET", "/v2/auth?service=quay").status == 401
    assert asked.send("GET", "/v2/auth?service=quay&scope=all").status == 400
    stranger = {"authorization": f"Bearer {asked.send('GET', place).json()['token']}"}
    manifest = f"/v2/{PATH}/manifests/one"
    assert asked.send("GET", manifest, stranger).status == 401
    assert asked.send("GET", manifest, asked.bearer()).status == 200
    denied = asked.send("PUT", manifest, {**asked.bearer(), "content-type": OCI_IMAGE}, b"{}")
    assert denied.status == 401
    assert "pull,push" in denied.headers["www-authenticate"]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/plain", b"{}"),
        (OCI_IMAGE, b"{"),
        (OCI_IMAGE, b"{}"),
        (min(INDEXES), json.dumps({"manifests": [{"digest": "sha256:" + "0" * 64}]}).encode()),
        (OCI_IMAGE, json.dumps({"config": {"digest": "sha256:" + "0" * 64}, "layers": []}).encode()),
    ],
)
def test_a_manifest_that_is_none(asked: Asked, kind: str, body: bytes) -> None:
    """A manifest of an unknown kind, a broken one, and one of things that were never pushed are refused."""
    headers = {**asked.bearer("pull,push"), "content-type": kind}
    answer = asked.send("PUT", f"/v2/{PATH}/manifests/new", headers, body)
    assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "MANIFEST_INVALID")


def test_the_limit() -> None:
    """With the limit on, the API takes 25 requests at once and 5 a second, and answers more with a bare page."""
    clock = FakeClock()
    with Quay(limited=True, now=clock.monotonic) as quay:
        asked = Asked(quay, clock)
        statuses = [asked.send("GET", asked.manifest, ROBOT).status for _ in range(27)]
        assert statuses == [200] * 25 + [429] * 2
        clock.advance(1.0)
        answers = [asked.send("GET", asked.manifest, ROBOT) for _ in range(6)]
        assert [answer.status for answer in answers] == [200] * 5 + [429]
        assert "retry-after" not in answers[-1].headers
        assert asked.send("GET", "/v2/").status == 401


def test_what_quay_has_not(asked: Asked) -> None:
    """An unknown address is a page, and every request is noted with its answer."""
    assert asked.send("GET", "/api/v1/nothing", READER).status == 404
    assert asked.send("POST", asked.manifest, ROBOT).status == 404
    assert [(seen.method, seen.status) for seen in asked.quay.seen] == [("GET", 404), ("POST", 404)]


def _skopeo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(("skopeo", *arguments), capture_output=True, text=True, timeout=60, check=False)


def test_another_client_pushes_and_pulls(asked: Asked, tmp_path: Any) -> None:
    """Skopeo logs in, pulls an index with its images, pushes it under another tag, and is refused an immutable one."""
    digest = asked.quay.index(PATH, "all", "linux/amd64", "linux/arm64")
    place = f"docker://{asked.quay.host}/{PATH}"
    login = "acme+ci:p4ss-word"
    pull = ("copy", "--all", "--preserve-digests", "--src-tls-verify=false", "--src-creds", login)
    push = ("copy", "--all", "--preserve-digests", "--dest-tls-verify=false", "--dest-creds", login)
    layout = f"oci:{tmp_path / 'layout'}:all"
    pulled = _skopeo(*pull, f"{place}:all", layout)
    assert pulled.returncode == 0, pulled.stderr
    asked.quay.repositories[PATH].blobs.clear()
    pushed = _skopeo(*push, layout, f"{place}:again")
    assert pushed.returncode == 0, pushed.stderr
    tag = asked.quay.repositories[PATH].tag("again", asked.clock.monotonic())
    assert tag is not None
    assert tag.digest == digest
    tag.immutable = True
    refused = _skopeo(*push, layout, f"{place}:again")
    assert refused.returncode != 0
    stranger = _skopeo("inspect", "--tls-verify=false", "--no-creds", f"{place}:all")
    assert stranger.returncode != 0


def test_it_serves_by_itself() -> None:
    """As a command it says where it is and as whom to come, and ends when it is told to."""
    command = (sys.executable, "-m", "tests.fakes.quay", "--scenario", "platforms")
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            place, login = process.stdout.readline().strip(), process.stdout.readline().split()
            host, _, digest = place.partition("/acme/api:one@")
            basic = base64.b64encode(":".join(login).encode()).decode()
            url = f"http://{host}/api/v1/repository/{PATH}/manifest/{digest}/security?vulnerabilities=true"
            answer = urllib3.request("GET", url, headers={"authorization": f"Basic {basic}"}, retries=False)
            assert answer.json() == {"status": "unsupported", "data": None}
        finally:
            process.terminate()
    assert process.returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "looks: [{state: dancing}]",
        "looks: [{state: queued, error: limited}]",
        "looks: [{state: queued, time: 3}]",
        "looks: [{state: scanned, findings: [{id: CVE-1, package: a, fixed_in: b}]}]",
    ],
)
def test_a_scenario_with_a_mistake(tmp_path: Any, text: str) -> None:
    """A scenario with a word that nobody knows is no scenario."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(AssertionError):
        scenario(str(path))
