"""What the catalogue stands on, and the table that it prints at the end of a run."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.e2e.catalogue.all_cases import ALL
from tests.e2e.catalogue.hands import Hands, open_client
from tests.e2e.catalogue.images import ToolsImage
from tests.e2e.catalogue.neighbour import settle
from tests.e2e.catalogue.runner import Catalogue, Ground
from tests.e2e.workbench import clean_environment

_seen = pytest.StashKey[Catalogue]()


@pytest.fixture(scope="session")
def catalogue(
    request: pytest.FixtureRequest,
    kubeconfig: Path,
    base_image: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Catalogue]:
    """The cases of this run at work: those that were selected, and no others."""
    folder = tmp_path_factory.mktemp("catalogue")
    registry = os.environ["TRUNKLINE_TEST_REGISTRY"]
    client = open_client(kubeconfig)
    prefix = f"cat-{secrets.token_hex(2)}"
    neighbourhood = f"{prefix}-neighbour"
    (folder / "tools").mkdir()
    tools = ToolsImage(registry, folder / "tools")
    tools.push("latest")
    environment = {
        **clean_environment(folder / "state"),
        "KUBECONFIG": str(kubeconfig),
        "TRUNKLINE_ACTOR": "ada",
    }
    client.create(
        "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": neighbourhood}}
    )
    try:
        neighbour = settle(Hands(client, neighbourhood, {}), base_image, registry, folder)
        node = client.get(f"/api/v1/namespaces/{neighbourhood}/pods/neighbour")["spec"]["nodeName"]
        ground = Ground(client, environment, registry, node, tools, neighbour, prefix, folder)
        wanted = tuple(case for case in ALL if case.name in _selected(request.session.items))
        running = Catalogue(ground, wanted)
        request.config.stash[_seen] = running
        yield running
        running.close()
    finally:
        client.delete(f"/api/v1/namespaces/{neighbourhood}")
        shutil.rmtree(folder, ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what every case came to, for people to read."""
    running = config.stash.get(_seen, None)
    if running is None:
        return
    terminalreporter.section("the catalogue of rollouts")
    for case in ALL:
        result = running.results.get(case.name)
        if result is not None:
            cause = result.cause or result.outcome
            terminalreporter.write_line(
                f"{case.name:29} {cause:24} {result.took_s:5.1f} s  {result.sentence or case.story}"
            )


def _selected(items: Sequence[pytest.Item]) -> set[str]:
    """The names of the cases that this run is to judge."""
    calls = [getattr(item, "callspec", None) for item in items if item.path.parent == Path(__file__).parent]
    return {call.params["case"].name for call in calls if call is not None}
