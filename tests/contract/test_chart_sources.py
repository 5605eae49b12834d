"""A chart is found in the same way wherever it is kept, and refused in the same way where it is not what it should be."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import ClassVar

import obstore
import pytest

from dev import tools
from dev.registry import Registry
from dev.s3 import S3
from tests.standins.server import LoopbackServer
from tests.unit.domain.charts.making import chart
from trunkline.adapters.http import HttpClient
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.registry import OciRegistry
from trunkline.adapters.storage import FileStorage, Reach
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import Refused, Unreachable, UsageError

USER, PASSWORD = "charts+reader", "p4ss-word!"
VERSIONS = ("1.0.0", "1.9.0", "1.10.0", "1.10.1+build.5", "2.0.0-rc.1")
SIGNED = Path(__file__).with_name("signed")
ARCHIVE = "backend-1.0.0.tgz"


@dataclass
class Stage:
    """Charts `backend` in VERSIONS, a chart `frontend` that is another one's bytes, and how to get them.

    Attributes:
        repository: its address.
        put: keeps bytes as `<name>-<version>.tgz`.
        login: whether one is needed.
        asked: what was asked of the server so far, where that can be told.
    """

    repository: str
    put: Callable[[str, str, bytes], None]
    environ: Mapping[str, str] = field(default_factory=dict)
    login: bool = False
    asked: list[str] = field(default_factory=list)

    def settings(self, version: str = "", name: str = "backend") -> ChartSettings:
        username, password = (USER, PASSWORD) if self.login else ("", "")
        settings = ChartSettings(name=name, repository=self.repository, version=version)
        return replace(settings, username=username, password=password)

    def storage(self, cache: Path | None = None) -> FileStorage:
        return storage(self.environ, cache)


def storage(environ: Mapping[str, str], cache: Path | None = None) -> FileStorage:
    environ = {**environ, "TRUNKLINE_CACHE": str(cache) if cache else "off"}
    redactor, http = Redactor(), HttpClient()
    processes = SubprocessProcesses(
        {**os.environ, "PATH": f"{tools.helm(4).parent}{os.pathsep}{os.environ['PATH']}"}, redactor
    )
    home = Path("/nonexistent")
    artifacts = OciRegistry(http, {}, home, redactor, processes, pause=lambda _: None)
    return FileStorage(environ, redactor, home, Reach(lambda: http, lambda: artifacts, lambda: processes))


def fill(stage: Stage) -> Stage:
    for version in VERSIONS:
        stage.put("backend", version, chart(version=version))
    stage.put("frontend", "1.0.0", chart(version="1.0.0"))
    return stage


@contextmanager
def directory(request: pytest.FixtureRequest) -> Iterator[Stage]:
    root: Path = request.getfixturevalue("tmp_path_factory").mktemp("charts")
    yield fill(Stage(str(root), functools.partial(_write, root)))


@contextmanager
def bucket(_: pytest.FixtureRequest) -> Iterator[Stage]:
    with S3(buckets=["charts"]) as server:
        store = server.writer("charts")

        def put(name: str, version: str, content: bytes) -> None:
            obstore.put(store, f"stable/{name}-{version}.tgz", content)

        yield fill(Stage("s3://charts/stable", put, server.env()))


@contextmanager
def git(request: pytest.FixtureRequest) -> Iterator[Stage]:
    root: Path = request.getfixturevalue("tmp_path_factory").mktemp("repository")
    run(root, "init", "--quiet", "--initial-branch", "main")
    (root / "charts").mkdir()

    def put(name: str, version: str, content: bytes) -> None:
        _write(root / "charts", name, version, content)
        run(root, "add", "--all")
        run(root, "commit", "--quiet", "--allow-empty", "--message", f"{name} {version}")

    yield fill(Stage(f"git+file://{root}//charts?ref=main", put))


def run(root: Path, *arguments: str) -> str:
    named = ("-c", "user.name=Test", "-c", "user.email=test@example.com")
    done = subprocess.run(
        ["git", *named, *arguments], cwd=root, check=True, capture_output=True, text=True, timeout=30
    )
    return done.stdout.strip()


class Files(BaseHTTPRequestHandler):
    """Serves `files` to who logs in, with ETags, and remembers what was asked for."""

    files: ClassVar[dict[str, bytes]] = {}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        content = self.files.get(self.path)
        etag = f'"{hash(content)}"'
        if self.headers.get("Authorization") != "Basic Y2hhcnRzK3JlYWRlcjpwNHNzLXdvcmQh":
            self._answer(401, b"", etag)
        elif content is None:
            self._answer(404, b"", etag)
        elif self.headers.get("If-None-Match") == etag:
            self.asked.append(f"304 {self.path}")
            self._answer(304, b"", etag)
        else:
            self.asked.append(f"200 {self.path}")
            self._answer(200, content, etag)

    def _answer(self, status: int, body: bytes, etag: str) -> None:
        self.send_response(status)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def web(_: pytest.FixtureRequest) -> Iterator[Stage]:
    class Handler(Files):
        files: ClassVar[dict[str, bytes]] = {}
        asked: ClassVar[list[str]] = []

    entries: dict[str, list[dict[str, str | list[str]]]] = {}

    def put(name: str, version: str, content: bytes) -> None:
        place = f"/files/{name}-{version}.tgz?signature=abc"
        Handler.files[place] = content
        entries.setdefault(name, []).insert(0, {"name": name, "version": version, "urls": [f"..{place}"]})
        Handler.files["/stable/index.yaml"] = json.dumps({"apiVersion": "v1", "entries": entries}).encode()

    with serving(Handler) as url:
        yield fill(Stage(f"{url}/stable", put, login=True, asked=Handler.asked))


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = LoopbackServer(0, handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.url
    finally:
        server.shutdown()
        thread.join()
        server.drop_connections()
        server.server_close()


@contextmanager
def oci(request: pytest.FixtureRequest) -> Iterator[Stage]:
    work: Path = request.getfixturevalue("tmp_path_factory").mktemp("pushed")
    with Registry(username=USER, password=PASSWORD) as server:
        helm = [str(tools.helm(4)), "--registry-config", str(work / "login.json")]
        login = [*helm, "registry", "login", server.host, "--plain-http", "-u", USER, "--password-stdin"]
        subprocess.run(login, input=PASSWORD, check=True, capture_output=True, text=True, timeout=60)

        def put(name: str, version: str, content: bytes) -> None:
            if name != "backend":
                # Helm pushes a chart under its own name only.
                return
            archive = work / f"{name}-{version}.tgz"
            archive.write_bytes(content)
            pushed = [*helm, "push", str(archive), f"oci://{server.host}/charts", "--plain-http"]
            subprocess.run(pushed, check=True, capture_output=True, timeout=60)

        yield fill(Stage(f"oci://{server.host}/charts", put, login=True))


@pytest.fixture(scope="module", params=[directory, bucket, web, oci, git])
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    begin: Callable[[pytest.FixtureRequest], AbstractContextManager[Stage]] = request.param
    with begin(request) as stage:
        yield stage


def _write(root: Path, name: str, version: str, content: bytes) -> None:
    (root / f"{name}-{version}.tgz").write_bytes(content)


@pytest.mark.parametrize("version", VERSIONS)
def test_an_exact_version(stage: Stage, tmp_path: Path, version: str) -> None:
    """The archive of that version comes, byte for byte, under the name that Helm gives it, and says where it is from."""
    found = stage.storage().chart(stage.settings(version), tmp_path)
    assert found.path == tmp_path / f"backend-{version}.tgz"
    assert found.path.read_bytes() == chart(version=version)
    assert PASSWORD not in found.address
    assert "signature" not in found.address
    scheme = stage.repository.partition("?")[0]
    assert found.address.startswith((scheme, scheme.replace("/stable", "/files")))


@pytest.mark.parametrize(
    ("version", "expected"),
    [("", "1.10.1+build.5"), ("~1.9", "1.9.0"), ("<1.10", "1.9.0"), (">=2-0", "2.0.0-rc.1")],
)
def test_a_range(stage: Stage, tmp_path: Path, version: str, expected: str) -> None:
    """The newest version in a range is taken, or the newest release."""
    found = stage.storage().chart(stage.settings(version), tmp_path)
    assert found.path.name == f"backend-{expected}.tgz"
    assert found.path.read_bytes() == chart(version=expected)


@pytest.mark.parametrize("version", ["3.0.0", "^3"])
def test_a_version_that_is_not_there(stage: Stage, tmp_path: Path, version: str) -> None:
    """What is not there is a mistake that tells what there is; nothing is written."""
    with pytest.raises(UsageError) as caught:
        stage.storage().chart(stage.settings(version), tmp_path)
    assert "There are 2.0.0-rc.1, 1.10.1+build.5, 1.10.0, 1.9.0, 1.0.0" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


def test_a_chart_that_is_not_there(stage: Stage, tmp_path: Path) -> None:
    """A chart that nobody pushed is a mistake, with what to look at."""
    for version in ("", "1.0.0", "~1"):
        with pytest.raises(UsageError) as caught:
            stage.storage().chart(stage.settings(version, "middleware"), tmp_path)
        assert "Correct" in caught.value.hint


def test_another_chart_under_this_name(stage: Stage, tmp_path: Path) -> None:
    """Bytes that are another chart than the one asked for are not used."""
    if stage.repository.startswith("oci://"):
        # Helm pushes a chart under its own name only; tests/unit/adapters/storage/test_oci.py makes such a manifest.
        return
    with pytest.raises(Unreachable, match=r"holds the chart backend 1\.0\.0, not frontend 1\.0\.0"):
        stage.storage().chart(stage.settings("1.0.0", "frontend"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_cache_is_asked_whether_it_is_still_so(stage: Stage, tmp_path: Path) -> None:
    """With a cache the result is the same, also after the repository has gone on; damage in the cache is no matter."""
    cache = tmp_path / "cache"
    for number, version in enumerate(("1.9.0", "~1.9", "~1.9", "1.9.0")):
        found = stage.storage(cache).chart(stage.settings(version), tmp_path / str(number))
        assert found.path.read_bytes() == chart(version="1.9.0")
        for kept in (cache / "charts").rglob("*"):
            if number == 1 and kept.is_file():
                kept.write_bytes(kept.read_bytes()[:-1] + b"?")


def test_a_wrong_login(stage: Stage, tmp_path: Path) -> None:
    """A login that is refused is told with its name and without its password; without one, what to set is told."""
    if not stage.login:
        return
    wrong = replace(stage.settings("1.0.0"), password="wrong-password")
    with pytest.raises(Refused) as caught:
        stage.storage().chart(wrong, tmp_path)
    assert USER in str(caught.value)
    assert "wrong-password" not in str(caught.value)
    with pytest.raises(Refused, match="without a login") as caught:
        stage.storage().chart(replace(wrong, username="", password=""), tmp_path)
    assert "username" in caught.value.hint


def test_what_has_not_changed_is_not_sent_again(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The second time a server is only asked whether index and archive are still the same; a changed one comes anew."""
    with web(request) as stage:
        cache = tmp_path / "cache"
        for number in range(2):
            stage.storage(cache).chart(stage.settings("~1.9"), tmp_path / str(number))
        archive = "/files/backend-1.9.0.tgz?signature=abc"
        assert stage.asked == [
            "200 /stable/index.yaml", f"200 {archive}", "304 /stable/index.yaml", f"304 {archive}",
        ]  # fmt: skip
        stage.put("backend", "1.9.1", chart(version="1.9.1"))
        found = stage.storage(cache).chart(stage.settings("~1.9"), tmp_path / "later")
        assert found.path.read_bytes() == chart(version="1.9.1")


def test_a_login_goes_to_no_other_host(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """An archive that the index keeps elsewhere is fetched without the login, unless the project lets it go there."""
    with web(request) as elsewhere:
        home = elsewhere.repository.removesuffix("/stable")
        url = f"{home}/files/backend-1.9.0.tgz?signature=abc"

        class Handler(Files):
            files: ClassVar[dict[str, bytes]] = {
                "/index.yaml": json.dumps(
                    {"apiVersion": "v1", "entries": {"backend": [{"version": "1.9.0", "urls": [url]}]}}
                ).encode()
            }

        with serving(Handler) as address:
            settings = replace(elsewhere.settings("1.9.0"), repository=address)
            with pytest.raises(Refused, match=r"backend-1\.9\.0\.tgz is not shown"):
                elsewhere.storage().chart(settings, tmp_path)
            settings = replace(settings, pass_credentials=True)
            assert elsewhere.storage().chart(settings, tmp_path).path.exists()


def signed(root: Path) -> ChartSettings:
    for name in (ARCHIVE, f"{ARCHIVE}.prov"):
        (root / name).write_bytes((SIGNED / name).read_bytes())
    return ChartSettings(
        name="backend", repository=str(root), version="1.0.0", keyring=str(SIGNED / "acme.gpg")
    )


def test_provenance(tmp_path: Path) -> None:
    """A chart that a key of the keyring signed is taken; so it is from a registry that keeps the signature beside it."""
    (tmp_path / "charts").mkdir()
    settings = signed(tmp_path / "charts")
    assert storage({}).chart(settings, tmp_path / "into").path.exists()
    with Registry() as server:
        pushed = [str(tools.helm(4)), "push", str(tmp_path / "charts" / ARCHIVE)]
        pushed += [f"oci://{server.host}/charts", "--plain-http"]
        subprocess.run(pushed, check=True, capture_output=True, timeout=60)
        settings = replace(settings, repository=f"oci://{server.host}/charts")
        assert storage({}).chart(settings, tmp_path / "again").path.exists()


@pytest.mark.parametrize(
    ("change", "kind", "message"),
    [
        ("another key", Refused, "is not signed by a key of .*others.gpg: .*unknown entity"),
        ("another archive", Refused, "is not signed by a key of"),
        ("no signature", UsageError, r"has no provenance \(\.prov\) beside it"),
        ("no keyring", UsageError, r"There is no keyring .*missing\.gpg"),
        ("a folder", UsageError, "is a folder, which nobody can have signed"),
    ],
)
def test_a_provenance_that_is_none(tmp_path: Path, change: str, kind: type[Exception], message: str) -> None:
    """Without a good signature of these very bytes by a known key, a chart is not used."""
    root = tmp_path / "charts"
    root.mkdir()
    settings = signed(root)
    match change:
        case "another key":
            settings = replace(settings, keyring=str(SIGNED / "others.gpg"))
        case "another archive":
            (root / ARCHIVE).write_bytes(chart())
        case "no signature":
            (root / f"{ARCHIVE}.prov").unlink()
        case "no keyring":
            settings = replace(settings, keyring=str(SIGNED / "missing.gpg"))
        case _:
            (root / "backend").mkdir()
            (root / "backend/Chart.yaml").write_text("name: backend\nversion: 1.0.0\n")
    with pytest.raises(kind, match=message):
        storage({}).chart(settings, tmp_path / "into")
