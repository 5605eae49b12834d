"""kill -9 before and after every change that a release makes in the cluster, and what the next release makes of it.

A clean run is recorded first; its changes, Trunkline's and Helm's alike, are the points.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.interference.api_proxy import ApiProxy, Point
from tests.e2e.interference.project import make_service, write_version
from tests.e2e.workbench import Workbench, kill

pytestmark = pytest.mark.cluster

_AT_ONCE = 4
_PATIENCE_S = 60.0
# Of each deed; fewer would mean that the proxy did not see them.
_FEWEST = {"install": 10, "upgrade": 8, "undo": 12}


@pytest.mark.parametrize("deed", ["install", "upgrade", "undo"])
def test_the_next_release_mends_a_kill_at_any_change(
    deed: str,
    tmp_path: Path,
    kubeconfig: Path,
    machine: dict[str, str],
    image: ToolsImage,
    lines: list[str],
) -> None:
    """Wherever a release was killed, the next one ends with what is right running, good, and nothing pending."""

    def one(point: Point | None) -> tuple[list[str], str]:
        bench = make_service(tmp_path, machine, os.environ["TRUNKLINE_TEST_REGISTRY"])
        try:
            return _play(bench, point, kubeconfig, image, deed)
        finally:
            bench.end()
            bench.tool("kubectl", "delete", "namespace", bench.namespaces["dev"], "--wait=false")

    changes, trouble = one(None)
    assert not trouble
    points = [Point(number, answered) for number in range(len(changes)) for answered in (False, True)]
    assert len(points) >= _FEWEST[deed], changes
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(one, points))
    for point, (_, said) in zip(points, results, strict=True):
        when = "after" if point.answered else "before"
        lines.append(f"{deed:8} {when:6} {changes[point.number]:100} {said or 'mended'}")
    assert not [said for _, said in results if said]


def _play(
    bench: Workbench, point: Point | None, kubeconfig: Path, image: ToolsImage, deed: str
) -> tuple[list[str], str]:
    """Release through the proxy, killed at the point; release again; the changes, and what is wrong in the end.

    The undo of a crash is followed by another commit: a good one, or (in every second case) one that crashes, too.
    """
    right = ""
    if deed != "install":
        right = write_version(bench, image)
        bench.succeed("release", "dev")
    sha = write_version(bench, image, crashes=deed == "undo")
    with ApiProxy(kubeconfig, point) as proxy:
        through = proxy.write_kubeconfig(bench.directory.with_suffix(".kubeconfig"))
        process = bench.start("release", "dev", env={"KUBECONFIG": str(through)})
        if point is None:
            _, said = process.communicate(timeout=_PATIENCE_S)
            assert process.returncode == (deed == "undo"), said
            return proxy.changes, ""
        if not proxy.reached.wait(_PATIENCE_S):
            return proxy.changes, "never came there"
        kill(process)
    fails = deed == "undo" and point.number % 2 == 0
    if deed == "undo":
        sha = write_version(bench, image, crashes=fails)
    again = bench.trunkline("release", "dev")
    if again.code != int(fails):
        return [], str(again)
    return [], _wrong(bench, right if fails else sha, deploys=3 if right else 2)


def _wrong(bench: Workbench, sha: str, *, deploys: int) -> str:
    history = bench.helm_history()
    if history[-1]["status"] != "deployed" or any("pending" in item["status"] for item in history):
        return f"Helm's history: {history}"
    (standing,) = bench.succeed("status", "--output", "json").json
    if (standing["commit"], standing["good"]) != (sha, True):
        return f"it stands so: {standing}"
    endings = [item["ending"] for item in bench.attempts() if item["attempt"]["stage"] == "deploy"]
    if len(endings) != deploys or endings.count(None) != 1:
        return f"the ledger's endings: {endings}"
    made = [item for item in history if sha in item["description"] and item["status"] != "failed"]
    if len(made) != 1:
        return f"deployed twice: {history}"
    holders = bench.tool(
        "kubectl", "get", "leases", "--namespace", bench.namespaces["dev"],
        "-o", "jsonpath={.items[*].spec.holderIdentity}",
    )  # fmt: skip
    return f"the lease is held: {holders}" if holders.strip() else ""
