"""A registry that starts by itself on this machine: Debian's own program, found and ended again."""

from __future__ import annotations

import http.server
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dev import debian
from dev.ready import free_port, http_status
from tests.contract.oci_push import Pusher
from trunkline.adapters.local_registry import LocalRegistry
from trunkline.domain.images import parse_image
from trunkline.errors import UsageError


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """An environment in which docker-registry is all that could serve."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "docker-registry").symlink_to(debian.program("docker-registry", "docker-registry"))
    return {"PATH": str(programs), "XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def keeper(environ: dict[str, str], port: int, tmp_path: Path) -> Iterator[LocalRegistry]:
    made = LocalRegistry(environ, tmp_path)
    try:
        yield made
    finally:
        made.stop(port)


def answers(port: int) -> bool:
    try:
        return http_status(f"http://127.0.0.1:{port}/v2/") == 200
    except OSError:
        return False


def test_it_starts_when_it_is_needed(keeper: LocalRegistry, port: int) -> None:
    """A build for a registry on loopback that is not there starts one, once; what is pushed is kept over a restart."""
    image = parse_image(f"localhost:{port}/acme/api:one")
    assert keeper.ensure(image).startswith(f"started a registry at 127.0.0.1:{port}")
    assert keeper.ensure(image) == ""
    Pusher(f"http://127.0.0.1:{port}", "acme/api").image("one", {})
    state = keeper.state(port)
    assert (state.running, state.program) == (True, "docker-registry")
    assert keeper.stop(port)
    assert not answers(port)
    assert not keeper.state(port).running
    assert not keeper.stop(port)
    keeper.start(port)
    assert http_status(f"http://127.0.0.1:{port}/v2/acme/api/tags/list") == 200


@pytest.mark.parametrize("image", ["registry.example:5000/acme/api:one", "quay.io/acme/api:one"])
def test_never_for_another_machine(keeper: LocalRegistry, port: int, image: str) -> None:
    """For a registry elsewhere nothing is started."""
    assert keeper.ensure(parse_image(image)) == ""
    assert not keeper.state(port).running


@pytest.mark.parametrize("change", [{"TRUNKLINE_LOCAL_REGISTRY": "off"}, {"PATH": "/nonexistent"}])
def test_where_it_is_not_wanted_or_cannot_be(
    environ: dict[str, str], port: int, tmp_path: Path, change: dict[str, str]
) -> None:
    """Switched off, or without a program to serve, nothing happens: the build's own error says more."""
    keeper = LocalRegistry(environ | change, tmp_path)
    assert keeper.ensure(parse_image(f"127.0.0.1:{port}/acme/api:one")) == ""
    assert not answers(port)


def test_nothing_could_serve(environ: dict[str, str], port: int, tmp_path: Path) -> None:
    """Asked for by a person, a registry that cannot be started says what to install."""
    with pytest.raises(UsageError, match="neither docker-registry nor a container engine") as caught:
        LocalRegistry(environ | {"PATH": "/nonexistent"}, tmp_path).start(port)
    assert "docker-registry" in caught.value.hint


def test_the_port_is_another_ones(keeper: LocalRegistry) -> None:
    """A port at which something else listens is told, and left alone."""
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        with pytest.raises(UsageError, match="Something that is no registry listens"):
            keeper.start(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_two_at_once(environ: dict[str, str], keeper: LocalRegistry, port: int, tmp_path: Path) -> None:
    """Of two that start it in the same moment one does, and both have the same."""
    with ThreadPoolExecutor(2) as pool:
        states = list(pool.map(lambda _: LocalRegistry(environ, tmp_path).start(port), range(2)))
    assert states[0] == states[1] == keeper.state(port)


STARTER = """
import os, sys
from pathlib import Path
from trunkline.adapters.local_registry import LocalRegistry
LocalRegistry(dict(os.environ), Path(sys.argv[2])).start(int(sys.argv[1]))
print("started", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("moment", ["at once", "started"])
def test_who_started_it_is_killed(
    environ: dict[str, str], keeper: LocalRegistry, port: int, tmp_path: Path, moment: str
) -> None:
    """A registry outlives whoever started it, also if that was killed in the middle; it is still ours to end."""
    argv = [sys.executable, "-c", STARTER, str(port), str(tmp_path)]
    starter = subprocess.Popen(argv, env={**environ}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert starter.stdout is not None
    if moment == "started":
        assert starter.stdout.readline() == b"started\n"
    else:
        deadline = time.monotonic() + 30
        while not keeper.state(port).pid:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    os.kill(starter.pid, signal.SIGKILL)
    starter.communicate()
    keeper.start(port)
    assert answers(port)
    pid = keeper.state(port).pid
    assert keeper.stop(port)
    assert not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text()
