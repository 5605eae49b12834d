"""Quay's scanner: what each of its answers means, and what is asked for an index of several platforms."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.http import ScriptedHttp, json_response
from trunkline.adapters.quay import QuayScanner
from trunkline.config.project import ImageSettings
from trunkline.domain.images import parse_image
from trunkline.domain.logins import Login
from trunkline.domain.vulnerabilities import Look, ScanState
from trunkline.errors import Refused, TrunklineError, Unreachable
from trunkline.ports import Request, Response
from trunkline.ports.scanners import RETRY_AFTER

DIGEST, AMD, ARM = (f"sha256:{letter * 64}" for letter in "abc")
IMAGE = parse_image(f"quay.example.com/acme/sample:0123456@{DIGEST}")
SETTINGS = ImageSettings(None)
ROBOT = Login("acme+ci", "hunter2hunter2")
VULNERABILITY = {
    "Severity": "Unknown",
    "NamespaceName": "debian",
    "Link": "https://security.example.org/CVE-2026-1 https://nvd.example.org/CVE-2026-1",
    "FixedBy": "1.3",
    "Description": "overflow",
    "Name": "CVE-2026-1",
    "Metadata": {"NVD": {"CVSSv3": {"Vectors": "CVSS:3.1/AV:N", "Score": 10.0}}},
}
FEATURE = {
    "Name": "zlib",
    "Version": "1.2",
    "AddedBy": f"sha256:{'d' * 64}",
    "Vulnerabilities": [VULNERABILITY],
}


def scanned(*features: Mapping[str, Any]) -> Response:
    return json_response({"status": "scanned", "data": {"Layer": {"Name": "x", "Features": list(features)}}})


def state(word: str) -> Response:
    return json_response({"status": word, "data": None})


def problem(status: int, kind: str) -> Response:
    return json_response(
        {"detail": f"{kind} it is", "error_type": kind, "title": kind, "status": status}, status
    )


def scanner(
    http: ScriptedHttp,
    login: Login | None = ROBOT,
    platforms: Mapping[str, str] | None = None,
    **more: Any,
) -> QuayScanner:
    return QuayScanner(http, lambda *_: login, lambda *_: platforms or {}, **more)


def look(*answers: Response | Exception, **more: Any) -> Look:
    return scanner(ScriptedHttp(*answers), **more).look(IMAGE, SETTINGS)


def test_what_is_asked() -> None:
    """The manifest is asked for by its digest, with the robot's login in a header and nowhere else."""
    http = ScriptedHttp(scanned())
    scanner(http).look(IMAGE, SETTINGS)
    request = http.requests[0]
    path = f"/api/v1/repository/acme/sample/manifest/{DIGEST}/security?vulnerabilities=true"
    assert request.url == f"https://quay.example.com{path}"
    assert request.headers["Authorization"] == f"Basic {base64.b64encode(b'acme+ci:hunter2hunter2').decode()}"
    assert "hunter2" not in f"{request} {request.url}"


def test_another_address_and_a_token() -> None:
    """Quay may be elsewhere than the registry, and a token takes the login's place."""
    http = ScriptedHttp(scanned())
    scanner(http, url="http://127.0.0.1:8080/", token="secret").look(IMAGE, SETTINGS)
    (request,) = http.requests
    assert request.url.startswith("http://127.0.0.1:8080/api/v1/")
    assert request.headers["Authorization"] == "Bearer secret"


def test_a_stranger() -> None:
    """Without a login nothing is claimed."""
    http = ScriptedHttp(scanned())
    scanner(http, login=None).look(IMAGE, SETTINGS)
    assert "Authorization" not in http.requests[0].headers


def test_findings() -> None:
    """A finding has all that Quay says of it, and a score of 10 without a severity is critical."""
    report = look(scanned(FEATURE, {"Name": "bash", "Version": "5", "Vulnerabilities": []})).report
    assert report
    assert (report.source, report.digest, report.packages) == ("quay", DIGEST, 2)
    (finding,) = report.findings
    assert (finding.id, finding.package, finding.version, finding.fixed_in) == (
        "CVE-2026-1",
        "zlib",
        "1.2",
        "1.3",
    )
    assert (finding.score, finding.weight, finding.layer) == (10.0, "critical", f"sha256:{'d' * 64}")
    assert finding.link == "https://security.example.org/CVE-2026-1"


def test_a_score_that_is_not_there() -> None:
    """An empty score, or none at all, is no score."""
    for metadata in ({}, {"NVD": {"CVSSv3": {"Vectors": "", "Score": ""}}}, None):
        feature = {**FEATURE, "Vulnerabilities": [{**VULNERABILITY, "Metadata": metadata}]}
        report = look(scanned(feature)).report
        assert report
        assert report.findings[0].score is None


def test_nothing_recognised() -> None:
    """A scan of an image in which no package is known says so."""
    report = look(scanned()).report
    assert report
    assert report.packages == 0


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (state("queued"), "queued"),
        (state("failed"), "failed"),
        (state("unsupported"), "unsupported"),
        (state("manifest_layer_too_large"), "too-large"),
        (problem(404, "not_found"), "not-scanned"),
        (Response(404, {}, b"404 page not found\n"), "not-scanned"),
        (problem(520, "downstream_issue"), "scanner-down"),
    ],
)
def test_states(answer: Response, expected: str) -> None:
    """Each state of a scan, and what the API says in its place, is told as what it is."""
    found = look(answer)
    assert (found.state, found.report) == (expected, None)


@pytest.mark.parametrize("status", [401, 403])
def test_refused(status: int) -> None:
    """Whoever is not let in is named, with what to do; the password is not."""
    for login, says in ((ROBOT, "acme+ci"), (None, "without a login")):
        with pytest.raises(Refused, match=re.escape(says)) as caught:
            look(problem(status, "insufficient_scope"), login=login)
        assert "insufficient_scope it is" in caught.value.message
        assert "hunter2" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("header", "wished_s"),
    [("7", 7.0), ("", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", 0.0), ("9" * 400, 86400.0)],
)
def test_limited(header: str, wished_s: float) -> None:
    """A server that limits us is asked again, not before it wants to be: that says nothing of its scanner."""
    with pytest.raises(Unreachable, match="limiting us") as caught:
        look(Response(429, {"retry-after": header}, b"<html>"))
    assert not isinstance(caught.value, Refused)
    assert caught.value.facts[RETRY_AFTER] == wished_s


@pytest.mark.parametrize(
    ("answer", "passes"),
    [
        (Response(200, {}, b"<html>please log in</html>"), False),
        (Response(200, {}, b'{"status": "scan'), True),
        (json_response({"status": "dancing"}), False),
        (Response(405, {}, b""), False),
        (Response(503, {}, b""), True),
        (Response(520, {}, b"<html>cloud</html>"), True),
    ],
)
def test_what_may_pass(answer: Response, passes: bool) -> None:
    """What may be better in a moment is no refusal; what stays as it is need not be waited for."""
    with pytest.raises(Unreachable) as caught:
        look(answer)
    assert isinstance(caught.value, Refused) is not passes


def test_a_wrong_login_on_a_public_repository() -> None:
    """A login that opened nothing is warned of once, without its password."""
    told: list[str] = []
    http = ScriptedHttp(scanned(), Response(401, {}, b""), scanned())
    asked = scanner(http, warn=told.append)
    asked.look(IMAGE, SETTINGS)
    asked.look(IMAGE, SETTINGS)
    (sentence,) = told
    assert "does not accept acme+ci" in sentence
    assert "hunter2" not in sentence + "".join(request.url for request in http.requests)


@pytest.mark.parametrize("answer", [Response(500, {}, b""), Unreachable("quay.example.com went away.")])
def test_a_login_that_nobody_can_tell_of(answer: Response | Exception) -> None:
    """Where it cannot be found out whether a login was used, that is told and the scan stands."""
    told: list[str] = []
    found = look(scanned(), answer, warn=told.append)
    assert found.state is ScanState.SCANNED
    assert "could not be told" in told[0]


def test_a_login_never_goes_over_a_network_in_clear() -> None:
    """Without TLS a login is sent to this machine alone."""
    http = ScriptedHttp(scanned())
    for token in ("", "secret-token"):
        with pytest.raises(Refused, match="without TLS"):
            scanner(http, url="http://quay.example.com", token=token).look(IMAGE, SETTINGS)
    assert http.requests == []


def test_a_server_that_repeats_what_it_was_given() -> None:
    """A password that a server repeats in its answer is not repeated by us."""
    pair = base64.b64encode(b"acme+ci:hunter2hunter2").decode()
    for token, secret in (("", pair), ("", "hunter2hunter2"), ("secret-token", "secret-token")):
        answer = json_response({"detail": f"what is {secret} for"}, 401)
        with pytest.raises(Refused) as caught:
            look(answer, token=token)
        assert secret not in caught.value.message
        assert "what is *****" in caught.value.message


@pytest.mark.parametrize(
    "answer",
    [
        Response(200, {}, b"<html>please log in</html>"),
        Response(200, {}, b'{"status": "scan'),
        Response(200, {}, b"\xff\xfe"),
        Response(200, {}, b"[" * 100_000),
        json_response({"status": "scanned", "data": None}),
        json_response({"status": "dancing"}),
        json_response([]),
        Response(500, {}, b""),
        Response(502, {}, b"<html>bad gateway</html>"),
        Response(418, {}, b""),
    ],
)
def test_no_answer_of_quays(answer: Response) -> None:
    """What is no answer of Quay's is never taken for a clean scan."""
    with pytest.raises(Unreachable):
        look(answer)


def test_several_platforms() -> None:
    """Of an index each platform is asked for, and the findings are joined with their platform."""
    answers = {DIGEST: state("unsupported"), AMD: scanned(FEATURE), ARM: scanned(FEATURE, FEATURE)}

    def answer(request: Request) -> Response:
        if "/v2/auth?" in request.url:
            return json_response({"token": "t0ken"})
        return next(found for digest, found in answers.items() if digest in request.url)

    platforms = {"linux/amd64": AMD, "linux/arm64": ARM}
    found = look(answer, platforms=platforms)  # type: ignore[arg-type]  # a script may be a function
    assert found.state is ScanState.SCANNED
    assert found.report
    assert (found.report.digest, found.report.packages) == (DIGEST, 2)
    assert [item.platform for item in found.report.findings] == ["linux/amd64", "linux/arm64", "linux/arm64"]
    answers[ARM] = state("queued")
    found = look(answer, platforms=platforms)  # type: ignore[arg-type]  # as above
    assert (found.state, found.detail) == (ScanState.QUEUED, "linux/arm64: queued")
    assert found.report
    assert len(found.report.findings) == 1
    answers[ARM] = scanned()
    found = look(answer, platforms=platforms)  # type: ignore[arg-type]  # as above
    assert found.report
    assert found.report.packages == 0
    answers[ARM] = problem(520, "downstream_issue")
    found = look(answer, platforms=platforms)  # type: ignore[arg-type]  # as above
    assert found.state is ScanState.SCANNER_DOWN


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["status", "data", "Layer", "Features"]), inner)
    ),
)


@given(_JSON, st.sampled_from([200, 401, 404, 429, 500, 520]))
def test_hostile_answers(body: Any, status: int) -> None:
    """Whatever comes is a look without a report, a whole report, or one of our sentences."""
    try:
        found = look(Response(status, {}, json.dumps(body).encode()))
    except TrunklineError:
        return
    assert (found.report is not None) == (found.state is ScanState.SCANNED)


@given(
    st.binary(max_size=200) | st.just(b'{"status": "scanned", "data": {"Layer": {"Name": "x"'),
    st.integers(100, 599),
    st.dictionaries(st.sampled_from(["retry-after", "content-type"]), st.text(max_size=20)),
)
def test_hostile_bytes(body: bytes, status: int, headers: dict[str, str]) -> None:
    """Whatever bytes come under whatever status, they are no scan, and a sentence shows no secret."""
    try:
        found = look(Response(status, headers, body))
    except TrunklineError as error:
        said = f"{error.message} {error.hint}"
        assert said.isprintable()
        assert ROBOT.password not in said
    else:
        assert found.report is None
