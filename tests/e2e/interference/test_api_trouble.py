"""An API server that is away or in trouble in the middle of a rollout: the verdict is right all the same."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.catalogue.objects import container, probe
from tests.e2e.interference.api_proxy import ApiProxy
from tests.e2e.interference.project import make_service, write_version
from tests.e2e.workbench import REPOSITORY, Workbench

pytestmark = pytest.mark.cluster

_WAITING = "wait until the rollout is good"
_PATIENCE_S = 120.0
_TROUBLE_S = {"refused": 20.0, "silent": 20.0, "429": 12.0, "500": 12.0}
_CRASHING = container("sleep 2; echo no way; exit 3")
_SLOW = container(readinessProbe=probe("test $(cut -d. -f1 /proc/uptime) -gt 0", initialDelaySeconds=6))


@pytest.fixture
def bench(tmp_path: Path, machine: dict[str, str], image: ToolsImage) -> Iterator[Workbench]:
    """A service whose first version runs."""
    made = make_service(tmp_path, machine, os.environ["TRUNKLINE_TEST_REGISTRY"])
    write_version(made, image)
    made.succeed("release", "dev")
    yield made
    made.end()
    made.tool("kubectl", "delete", "namespace", made.namespaces["dev"], "--wait=false")


@contextmanager
def trouble(proxy: ApiProxy, kind: str) -> Iterator[None]:
    """The proxy in trouble, for as long as it lasts."""
    deeds: dict[str, Callable[[], None]] = {
        "refused": proxy.cut,
        "silent": proxy.silence,
        "429": lambda: proxy.refuse(429),
        "500": lambda: proxy.refuse(500),
    }
    deeds[kind]()
    try:
        yield
    finally:
        proxy.mend()


def in_the_middle(process: subprocess.Popen[str]) -> str:
    """Read what it says until the rollout is awaited."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if _WAITING in line:
            return said
    raise AssertionError(said)


def check(bench: Workbench, code: int, said: str, first: str, second: str, *, crashes: bool) -> None:
    """The verdict that is right, and what stands after it."""
    assert code == int(crashes), said
    if crashes:
        assert "crash-loop" in said
        assert "returned to revision 1" in said
    (standing,) = bench.succeed("status", "--output", "json").json
    assert (standing["commit"], standing["good"]) == (first if crashes else second, True)


@pytest.mark.parametrize("crashes", [False, True], ids=["good", "crashing"])
@pytest.mark.parametrize("kind", list(_TROUBLE_S))
def test_an_api_server_in_trouble(
    bench: Workbench, kubeconfig: Path, image: ToolsImage, kind: str, crashes: bool
) -> None:
    """Cut off, silent, or answering every second request with 429 or 500 for a while: the verdict is still right."""
    first = bench.tool("git", "rev-parse", "HEAD").strip()
    second = write_version(bench, image, main=_CRASHING if crashes else _SLOW)
    with ApiProxy(kubeconfig) as proxy:
        through = proxy.write_kubeconfig(bench.directory.with_suffix(".kubeconfig"))
        process = bench.start("release", "dev", env={"KUBECONFIG": str(through)})
        said = in_the_middle(process)
        with trouble(proxy, kind):
            until = time.monotonic() + _TROUBLE_S[kind]
            while (left := until - time.monotonic()) > 0 and process.poll() is None:
                with_patience(process, left)
        _, rest = process.communicate(timeout=_PATIENCE_S)
    check(bench, process.returncode, said + rest, first, second, crashes=crashes)


def with_patience(process: subprocess.Popen[str], longest_s: float) -> None:
    """Wait, but no longer than the program lives."""
    try:
        process.wait(longest_s)
    except subprocess.TimeoutExpired:
        return


@pytest.mark.parametrize("crashes", [False, True], ids=["good", "crashing"])
def test_an_api_server_that_is_restarted(bench: Workbench, image: ToolsImage, crashes: bool) -> None:
    """The API server itself ends and comes back in the middle of a rollout: the verdict is still right."""
    first = bench.tool("git", "rev-parse", "HEAD").strip()
    second = write_version(bench, image, main=_CRASHING if crashes else _SLOW)
    process = bench.start("release", "dev")
    said = in_the_middle(process)
    restart = [sys.executable, "-m", "dev.cluster", "restart-api"]
    done = subprocess.run(restart, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, rest = process.communicate(timeout=_PATIENCE_S)
    check(bench, process.returncode, said + rest, first, second, crashes=crashes)
