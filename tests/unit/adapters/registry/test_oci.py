"""The registry adapter against servers that want tokens, stumble, lie or are not registries at all."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request as WebRequest
from werkzeug import Response as WebResponse

from tests.fakes.http import ScriptedHttp
from tests.fakes.processes import FakeProcesses
from trunkline.adapters.http import HttpClient
from trunkline.adapters.registry import OciRegistry
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, Unreachable
from trunkline.ports import Http, Request, Response

DIGEST = "sha256:" + "ab" * 32
TOKEN = "t0ken-of-an-hour"
PASSWORD = "p4ss-word!"
TAG = "/v2/acme/api/manifests/one"


class Asked:
    """A registry adapter with all that it used: the pauses, and what it taught the redactor."""

    def __init__(self, http: Http, environ: dict[str, str] | None = None, home: str = "/nonexistent") -> None:
        self.pauses: list[float] = []
        self.redactor = Redactor()
        self.processes = FakeProcesses(lambda command: AssertionError(command.argv))
        self.registry = OciRegistry(
            http, environ or {}, Path(home), self.redactor, self.processes, pause=self.pauses.append
        )


def image_at(server: HTTPServer, tag: str = "one") -> ImageReference:
    return parse_image(f"127.0.0.1:{server.port}/acme/api:{tag}")


def settings_for(image: ImageReference, username: str = "acme+ci", password: str = PASSWORD) -> ImageSettings:
    return ImageSettings(image, username=username, password=password)


def found(request: WebRequest) -> WebResponse:
    return WebResponse(headers={"Docker-Content-Digest": DIGEST})


class TokenServer:
    """Quay's manners: a challenge, a token service beside it, and a manifest for who brings the token."""

    def __init__(self, server: HTTPServer) -> None:
        self.seen: list[WebRequest] = []
        self._realm = server.url_for("/v2/auth")
        server.expect_request("/v2/auth").respond_with_handler(self._auth)
        server.expect_request(TAG).respond_with_handler(self._manifest)

    def _auth(self, request: WebRequest) -> WebResponse:
        self.seen.append(request)
        if request.authorization and request.authorization.password != PASSWORD:
            body = json.dumps({"errors": [{"code": "UNAUTHORIZED", "message": "Could not find robot"}]})
            return WebResponse(body, 401)
        return WebResponse(json.dumps({"token": TOKEN}))

    def _manifest(self, request: WebRequest) -> WebResponse:
        if request.headers.get("Authorization") == f"Bearer {TOKEN}":
            return found(request)
        challenge = f'Bearer realm="{self._realm}",service="quay.io",scope="repository:acme/api:pull"'
        return WebResponse(status=401, headers={"WWW-Authenticate": challenge})


def test_a_token_is_fetched_with_the_login(httpserver: HTTPServer) -> None:
    """A Bearer challenge is answered with a token for exactly the service and scope that it names."""
    tokens, image, asked = TokenServer(httpserver), image_at(httpserver), Asked(HttpClient())
    assert asked.registry.digest(image, settings_for(image)) == DIGEST
    (request,) = tokens.seen
    assert dict(request.args) == {"service": "quay.io", "scope": "repository:acme/api:pull"}
    assert request.authorization is not None
    assert (request.authorization.username, request.authorization.password) == ("acme+ci", PASSWORD)


def test_what_is_secret_is_taught_to_the_redactor(httpserver: HTTPServer) -> None:
    """Password, token and the base64 of the login are hidden from then on."""
    TokenServer(httpserver)
    image, asked = image_at(httpserver), Asked(HttpClient())
    asked.registry.digest(image, settings_for(image))
    pair = base64.b64encode(f"acme+ci:{PASSWORD}".encode()).decode()
    shown = asked.redactor.text(f"{PASSWORD} {TOKEN} Basic {pair}")
    assert not any(secret in shown for secret in (PASSWORD, TOKEN, pair))


def test_a_stranger_gets_a_token_too(httpserver: HTTPServer) -> None:
    """Public images need a token without a login."""
    tokens, image = TokenServer(httpserver), image_at(httpserver)
    assert Asked(HttpClient()).registry.digest(image, ImageSettings(image)) == DIGEST
    assert tokens.seen[0].authorization is None


def test_a_refused_login_names_user_and_reason(httpserver: HTTPServer) -> None:
    """What the token service says of a wrong password is told, and the password is not."""
    TokenServer(httpserver)
    image = image_at(httpserver)
    with pytest.raises(Refused) as caught:
        Asked(HttpClient()).registry.digest(image, settings_for(image, password="wr0ng-word"))
    assert "refuses" in caught.value.message
    assert "acme+ci (HTTP 401: Could not find robot)" in caught.value.message
    assert "does not exist" in caught.value.hint
    assert "wr0ng-word" not in caught.value.message + caught.value.hint


def test_a_stored_login_is_found(httpserver: HTTPServer, tmp_path: Path) -> None:
    """Without a configured login the one in Docker's file is used."""
    tokens, image = TokenServer(httpserver), image_at(httpserver)
    auth = base64.b64encode(f"me:{PASSWORD}".encode()).decode()
    content = {"auths": {image.registry: {"auth": auth}}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    asked = Asked(HttpClient(), {"DOCKER_CONFIG": str(tmp_path)})
    assert asked.registry.digest(image, ImageSettings(image)) == DIGEST
    assert tokens.seen[0].authorization is not None
    assert tokens.seen[0].authorization.username == "me"
    assert asked.redactor.text(auth) != auth


def test_an_identity_token_is_exchanged(httpserver: HTTPServer, tmp_path: Path) -> None:
    """An identity token goes by POST as an OAuth2 refresh token, never in a URL."""
    image, forms = image_at(httpserver), []

    def auth(request: WebRequest) -> WebResponse:
        forms.append((request.method, dict(request.args), dict(request.form)))
        return WebResponse(json.dumps({"access_token": TOKEN}))

    httpserver.expect_request("/t").respond_with_handler(auth)
    httpserver.expect_request(TAG, headers={"Authorization": f"Bearer {TOKEN}"}).respond_with_handler(found)
    challenge = f'Bearer realm="{httpserver.url_for("/t")}",service="s"'
    httpserver.expect_request(TAG).respond_with_data(status=401, headers={"WWW-Authenticate": challenge})
    content = {"auths": {image.registry: {"identitytoken": "refresh-me"}}}
    (tmp_path / "config.json").write_text(json.dumps(content))
    asked = Asked(HttpClient(), {"DOCKER_CONFIG": str(tmp_path)})
    assert asked.registry.digest(image, ImageSettings(image)) == DIGEST
    ((method, query, form),) = forms
    assert (method, query) == ("POST", {})
    assert form["refresh_token"] == "refresh-me"
    assert form["scope"] == "repository:acme/api:pull"


def test_a_registry_without_head_is_asked_with_get(httpserver: HTTPServer) -> None:
    """Where HEAD is not allowed, the digest is that of the manifest's own bytes."""
    body = b'{"schemaVersion": 2}'
    httpserver.expect_request(TAG, method="HEAD").respond_with_data(status=405)
    httpserver.expect_request(TAG, method="GET").respond_with_data(body)
    image = image_at(httpserver)
    digest = Asked(HttpClient()).registry.digest(image, ImageSettings(image))
    assert digest == f"sha256:{hashlib.sha256(body).hexdigest()}"


def test_a_header_that_contradicts_the_body_is_refused(httpserver: HTTPServer) -> None:
    """A digest that is not that of the bytes that came with it is believed in neither spelling."""
    httpserver.expect_request(TAG, method="HEAD").respond_with_data(status=501)
    httpserver.expect_request(TAG, method="GET").respond_with_data(
        b"{}", headers={"Docker-Content-Digest": DIGEST}
    )
    image = image_at(httpserver)
    with pytest.raises(Unreachable, match=f"and not {DIGEST}"):
        Asked(HttpClient()).registry.digest(image, ImageSettings(image))


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_registry_that_stumbles_is_asked_again(status: int) -> None:
    """Two failures that pass are survived, with a pause before each new try."""
    asked = Asked(ScriptedHttp(Response(status, {}, b""), Response(status, {}, b""), ok()))
    image = parse_image("quay.io/acme/api:one")
    assert asked.registry.digest(image, ImageSettings(image)) == DIGEST
    assert asked.pauses == [0.5, 1.5]


def test_a_registry_that_stays_down_is_named() -> None:
    """After three tries the error says what the registry answers with."""
    asked = Asked(ScriptedHttp(Response(503, {}, b"")))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(
        Unreachable, match=r"quay.io answers with HTTP 503 to HEAD /v2/acme/api/manifests/one"
    ):
        asked.registry.digest(image, ImageSettings(image))
    assert len(asked.pauses) == 2


def test_a_short_retry_after_is_kept() -> None:
    """A registry that limits us is asked again exactly when it wants to be."""
    asked = Asked(ScriptedHttp(Response(429, {"retry-after": "3"}, b""), ok()))
    image = parse_image("quay.io/acme/api:one")
    assert asked.registry.digest(image, ImageSettings(image)) == DIGEST
    assert asked.pauses == [3.0]


def test_a_long_retry_after_is_not_waited_for() -> None:
    """A registry that wants us away for minutes ends the command at once, saying for how long."""
    asked = Asked(ScriptedHttp(Response(429, {"retry-after": "600"}, b"")))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Unreachable, match="wants to be asked again in 600 s"):
        asked.registry.digest(image, ImageSettings(image))
    assert asked.pauses == []


def test_one_broken_connection_is_an_accident() -> None:
    """A connection that breaks once is made again; a second one that breaks is the answer."""
    image = parse_image("quay.io/acme/api:one")
    broken = Unreachable("quay.io cannot be reached: the connection broke off.")
    assert Asked(ScriptedHttp(broken, ok())).registry.digest(image, ImageSettings(image)) == DIGEST
    with pytest.raises(Unreachable, match="broke off"):
        Asked(ScriptedHttp(broken)).registry.digest(image, ImageSettings(image))


def test_a_token_service_that_is_down_is_named() -> None:
    """Not the registry but the token service is what the error speaks of."""
    http = ScriptedHttp(challenge("https://auth.example/token"), Response(500, {}, b""))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Unreachable, match=r"auth.example answers with HTTP 500 to GET /token"):
        Asked(http).registry.digest(image, ImageSettings(image))


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"token": 1}', b"[" * 100_000])
def test_a_token_service_that_gives_no_token_is_told(body: bytes) -> None:
    """Whatever a proxy answers in a token service's place, the error says that there was no token."""
    http = ScriptedHttp(challenge("https://auth.example/token"), Response(200, {}, body))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Unreachable, match=r"auth.example gives no token for quay.io/acme/api"):
        Asked(http).registry.digest(image, ImageSettings(image))


def test_a_password_never_goes_out_in_clear_text() -> None:
    """A registry that names a token service without TLS gets nothing."""
    http = ScriptedHttp(challenge("http://auth.example/token"))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Refused, match="without TLS"):
        Asked(http).registry.digest(image, settings_for(image))
    assert [request.url for request in http.requests] == ["https://quay.io" + TAG]


def test_docker_hub_is_asked_where_it_lives() -> None:
    """`docker.io` is a name; its API has another address."""
    http = ScriptedHttp(ok())
    image = parse_image("docker.io/library/python:3.12-slim")
    assert Asked(http).registry.digest(image, ImageSettings(image)) == DIGEST
    assert http.requests[0].url == "https://registry-1.docker.io/v2/library/python/manifests/3.12-slim"


@pytest.mark.parametrize("status", [301, 404, 418])
def test_a_check_tells_a_registry_from_other_servers(status: int) -> None:
    """A repository that is not there yet is no trouble; an answer that no registry gives is."""
    registry = Asked(ScriptedHttp(Response(status, {}, b""))).registry
    image = parse_image("quay.io/acme/api")
    if status == 404:
        assert "no acme/api yet" in registry.check(image, ImageSettings(image))
    else:
        with pytest.raises(Unreachable, match=f"HTTP {status}"):
            registry.check(image, ImageSettings(image))


def test_an_image_without_tag_is_never_the_latest() -> None:
    """A reference that names no image is a fault of the caller, not `latest`."""
    http = ScriptedHttp(ok())
    with pytest.raises(ValueError, match="neither a tag nor a digest"):
        Asked(http).registry.digest(parse_image("quay.io/acme/api"), ImageSettings(None))
    assert http.requests == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"config": 1}',
        b'{"manifests": 7}',
        b'{"manifests": [7, {}]}',
        b'{"config": {"digest": "x"}}',
    ],
)
def test_labels_of_a_broken_manifest_are_an_error(body: bytes) -> None:
    """Whatever a broken registry serves as a manifest, the error names the image."""
    http = ScriptedHttp(Response(200, {}, body))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Unreachable, match=r"quay.io gave a broken answer about quay.io/acme/api:one"):
        Asked(http).registry.labels(image, ImageSettings(image))


def test_a_configuration_with_another_digest_is_refused() -> None:
    """Labels are believed only when their bytes are those that the manifest names."""
    manifest = json.dumps({"config": {"digest": DIGEST}}).encode()
    http = ScriptedHttp(Response(200, {}, manifest), Response(200, {}, b'{"config": {"Labels": {"a": "b"}}}'))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Unreachable, match="what came has the digest"):
        Asked(http).registry.labels(image, ImageSettings(image))


def ok() -> Response:
    return Response(200, {"docker-content-digest": DIGEST}, b"")


def challenge(realm: str) -> Response:
    return Response(401, {"www-authenticate": f'Bearer realm="{realm}",service="s"'}, b"")


def test_the_reason_of_a_refusal_is_cut_short() -> None:
    """A page of text in place of a reason does not become the error message."""
    body = json.dumps({"errors": [{"message": "no " * 5000}]}).encode()
    http = ScriptedHttp(lambda request: refusal(request, body))
    image = parse_image("quay.io/acme/api:one")
    with pytest.raises(Refused) as caught:
        Asked(http).registry.digest(image, settings_for(image))
    assert len(caught.value.message) < 400


def refusal(request: Request, body: bytes) -> Response:
    return Response(403, {}, body)
