"""Chart repositories on web servers that are odd, in trouble or hostile."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_httpserver import HTTPServer
from werkzeug import Response as Answer

from tests.unit.domain.charts.making import chart
from trunkline.adapters.http import HttpClient
from trunkline.adapters.storage import charts
from trunkline.adapters.storage.verification import Found
from trunkline.adapters.storage.web import Web, WebLogin
from trunkline.errors import Refused, TrunklineError, Unreachable, UsageError
from trunkline.ports.sources import File

LOGIN = WebLogin("reader", "p4ss-word!")


def find(place: Web, into: Path, version: str = "") -> Found:
    def write(name: str, content: bytes) -> Path:
        (into / name).write_bytes(content)
        return into / name

    return charts.find(place, "backend", version, write)


def web(server: HTTPServer, path: str = "/charts", login: WebLogin | None = None) -> Web:
    return Web(server.url_for(path), HttpClient(), login, pause=lambda _: None)


def index(*entries: dict[str, Any]) -> str:
    return json.dumps({"apiVersion": "v1", "entries": {"backend": list(entries)}})


@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_trouble_that_passes(httpserver: HTTPServer, tmp_path: Path, status: int) -> None:
    """A server that stumbles is asked again."""
    for _ in range(2):
        httpserver.expect_ordered_request("/charts/backend-1.0.0.tgz").respond_with_data("", status=status)
    httpserver.expect_ordered_request("/charts/backend-1.0.0.tgz").respond_with_data(chart())
    assert find(web(httpserver), tmp_path, "1.0.0").path.read_bytes() == chart()


@pytest.mark.parametrize("status", [500, 503, 429, 418, 301, 204])
def test_trouble_that_does_not(httpserver: HTTPServer, tmp_path: Path, status: int) -> None:
    """A server that stays in trouble is exit code 7 with its status, and nothing is written."""
    httpserver.expect_request("/charts/backend-1.0.0.tgz").respond_with_data("", status=status)
    with pytest.raises(
        Unreachable, match=rf"/charts/backend-1\.0\.0\.tgz cannot be read: .* HTTP {status}\."
    ):
        find(web(httpserver), tmp_path, "1.0.0")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("wished", ["3600", "-1", "nan"])
def test_a_long_wait_is_told(httpserver: HTTPServer, tmp_path: Path, wished: str) -> None:
    """Who wants to be left alone for long is, and says for how long."""
    httpserver.expect_request("/charts/backend-1.0.0.tgz").respond_with_data(
        "", status=429, headers={"Retry-After": wished}
    )
    with pytest.raises(Unreachable, match=f"wants to be asked again in {wished} s"):
        find(web(httpserver), tmp_path, "1.0.0")
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<html>Please log in</html>", "is no gzipped archive"),
        (chart()[:60], "is damaged: it ends too early"),
        ("", "is no gzipped archive"),
    ],
)
def test_a_page_in_its_place(httpserver: HTTPServer, tmp_path: Path, body: Any, message: str) -> None:
    """A login page or half an archive that comes with status 200 is refused."""
    httpserver.expect_request("/charts/backend-1.0.0.tgz").respond_with_data(body)
    with pytest.raises(Unreachable, match=message):
        find(web(httpserver), tmp_path, "1.0.0")
    assert list(tmp_path.iterdir()) == []


def test_the_digest_of_the_index_holds(httpserver: HTTPServer, tmp_path: Path) -> None:
    """An archive that is not the one in the index is damaged."""
    httpserver.no_handler_status_code = 404
    entry = {"version": "1.0.0", "urls": ["elsewhere.tgz"], "digest": "0" * 64}
    httpserver.expect_request("/charts/index.yaml").respond_with_data(index(entry))
    httpserver.expect_request("/charts/elsewhere.tgz").respond_with_data(chart())
    for version in ("", "1.0.0"):
        with pytest.raises(Unreachable, match="but the index says 000"):
            find(web(httpserver), tmp_path, version)


def test_redirects_without_end(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A server that sends us round and round is exit code 7."""
    there = Answer("", 302, {"Location": "/charts/backend-1.0.0.tgz"})
    httpserver.expect_request("/charts/backend-1.0.0.tgz").respond_with_response(there)
    with pytest.raises(Unreachable, match="redirects again and again"):
        find(web(httpserver), tmp_path, "1.0.0")


@pytest.mark.parametrize("status", [401, 403])
def test_refusals(httpserver: HTTPServer, tmp_path: Path, status: int) -> None:
    """Who is refused learns as whom, and what to set; a password never shows."""
    httpserver.expect_request("/charts/backend-1.0.0.tgz").respond_with_data("", status=status)
    with pytest.raises(Refused, match=rf"is not shown without a login \(HTTP {status}\)") as caught:
        find(web(httpserver), tmp_path, "1.0.0")
    assert "chart.username" in caught.value.hint
    with pytest.raises(Refused, match=r"is not shown to reader") as caught:
        find(web(httpserver, login=LOGIN), tmp_path, "1.0.0")
    assert "p4ss" not in str(caught.value) + caught.value.hint


def test_a_query_goes_along_and_is_not_shown(httpserver: HTTPServer, tmp_path: Path) -> None:
    """A signature in the repository's address is sent with each request to it, and shows in no message."""
    httpserver.no_handler_status_code = 404
    httpserver.expect_request("/charts/index.yaml", query_string="sig=s3cret").respond_with_data(
        index({"version": "1.0.0", "urls": ["backend-1.0.0.tgz"]})
    )
    httpserver.expect_request("/charts/backend-1.0.0.tgz", query_string="sig=s3cret").respond_with_data(
        chart()
    )
    found = find(web(httpserver, "/charts?sig=s3cret"), tmp_path)
    assert found.address == httpserver.url_for("/charts/backend-1.0.0.tgz")
    with pytest.raises(UsageError) as caught:
        find(web(httpserver, "/charts?sig=s3cret"), tmp_path, "9.0.0")
    assert "s3cret" not in str(caught.value) + caught.value.hint


def test_the_provenance_lies_beside_the_archive(httpserver: HTTPServer, tmp_path: Path) -> None:
    """It is looked for under the archive's own address, in front of any query."""
    entry = {"version": "1.0.0", "urls": ["files/b.tgz?sig=1"]}
    httpserver.expect_request("/charts/index.yaml").respond_with_data(index(entry))
    httpserver.expect_request("/charts/files/b.tgz", query_string="sig=1").respond_with_data(chart())
    httpserver.expect_request("/charts/files/b.tgz.prov", query_string="sig=1").respond_with_data("signed")
    assert find(web(httpserver), tmp_path).provenance() == b"signed"


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://charts.example/stable", "over plain http"),
        ("https://user:pass@charts.example/stable", "bears a login"),
        ("https://user@charts.example/stable", "bears a login"),
        ("https://", "is no address of a web server"),
        ("https://[::1/stable", "is no address of a web server"),
    ],
)
def test_addresses_that_are_refused(location: str, message: str) -> None:
    """An address that would show a password or let anybody change a chart is refused, and not repeated with its login."""
    with pytest.raises(UsageError, match=message) as caught:
        Web(location, HttpClient())
    assert "pass" not in caught.value.message


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("backend-1.0.0.tgz", "https://charts.example/stable/backend-1.0.0.tgz"),
        ("../files/b.tgz", "https://charts.example/files/b.tgz"),
        ("https://cdn.example/b.tgz?x=1", "https://cdn.example/b.tgz?x=1"),
        ("http://cdn.example/b.tgz", None),
        ("ftp://cdn.example/b.tgz", None),
        ("file:///etc/passwd", None),
        ("https://user@cdn.example/b.tgz", None),
    ],
)
def test_where_an_index_may_lead(url: str, read: str | None) -> None:
    """An index may name archives anywhere that TLS protects, and nothing else."""
    assert Web("https://charts.example/stable/", HttpClient()).inside(url) == read


@given(st.binary() | st.text().map(str.encode) | st.just(b"entries:\n  backend:\n  - version: 1.0.0\n"))
def test_any_index(content: bytes) -> None:
    """Whatever a server calls an index, it ends in a chart or in a sentence of ours."""

    class Fixed(Web):
        def read(self, name: str, version: str = "", unless: str = "") -> Any:
            del version, unless
            return File(content) if name == "index.yaml" else None

    with pytest.raises(TrunklineError):
        find(Fixed("https://charts.example", HttpClient()), Path("/nonexistent"))
