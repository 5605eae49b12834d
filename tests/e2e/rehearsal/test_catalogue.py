"""The catalogue of rollouts, which is played on real pods as well: the simulated cluster leads to the same verdicts."""

from __future__ import annotations

import json
import os
import secrets
import ssl
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from dev import tools
from tests.e2e.catalogue.all_cases import ALL
from tests.e2e.catalogue.case import Case
from tests.e2e.catalogue.hands import open_client
from tests.e2e.catalogue.images import APPLETS, REPOSITORY
from tests.e2e.catalogue.judged import judge
from tests.e2e.catalogue.neighbour import Neighbour, make_certificate
from tests.e2e.catalogue.runner import Catalogue, Ground
from tests.e2e.catalogue.standin import Webhooks
from tests.e2e.rehearsal.catalogue_differences import DIFFERENT
from tests.e2e.workbench import clean_environment
from trunkline.adapters.rehearsal.images import DescribedImages
from trunkline.config.project import ImageSettings
from trunkline.domain.images import parse_image
from trunkline.rehearsal.cluster import SimulatedCluster
from trunkline.rehearsal.nodes.registries import ImageContents, ImageRule

_REGISTRY = "127.0.0.1:5000"
_NEIGHBOUR = "127.0.0.1:2"
_TOOLS = ImageContents(
    {
        **{f"/bin/{name}": "well" for name in ("busybox", *APPLETS)},
        "/bin/garbage": "no program",
        "/bin/arm": "no program",
        "/bin/segfault": "segfault",
        "/bin/locked": "not executable",
    },
    path="/bin",
)
# What the real registries of the real catalogue have, see `images` and `standin` there.
_IMAGES = (
    ImageRule(f"{_REGISTRY}/{REPOSITORY}@*", contents=_TOOLS),
    ImageRule(f"{_REGISTRY}/{REPOSITORY}:latest", contents=_TOOLS),
    ImageRule(f"{_REGISTRY}/*", "not found"),
    ImageRule(f"{_NEIGHBOUR}/denied/*", "unauthorized"),
    ImageRule(f"{_NEIGHBOUR}/forbidden/*", "forbidden"),
    ImageRule(f"{_NEIGHBOUR}/broken/*", "broken"),
    ImageRule(f"{_NEIGHBOUR}/*", failing_pulls=1, contents=_TOOLS),
    ImageRule("127.0.0.1:1/*", "unreachable"),
    ImageRule("registry.catalogue.invalid/*", "unknown host"),
)
_DIGEST = f"sha256:{'0' * 63}1"


class DescribedTools:
    """The tools image, described where Trunkline looks for images of simulated clusters.

    It is the same one under all tags, as in a registry: whether a template changes is what some cases are about.
    """

    def __init__(self, state: Path) -> None:
        self._path = state / "trunkline" / "described-images.json"
        self._mutex = threading.Lock()
        self._described: dict[str, str] = {}

    def push(self, tag: str) -> str:
        image = parse_image(f"{_REGISTRY}/catalogue/tools:{tag}")
        with self._mutex:
            self._described[str(image)] = _DIGEST
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".fresh")
            fresh.write_text(json.dumps(self._described), encoding="utf-8")
            fresh.replace(self._path)
        assert DescribedImages(self._path).digest(image, ImageSettings(None)) == _DIGEST
        return str(image)


@pytest.fixture(scope="module")
def neighbour(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbour]:
    """The webhooks that refuse everything, on this machine; of the registry of many moods nobody asks here."""
    folder = tmp_path_factory.mktemp("neighbour")
    authority = make_certificate(folder)
    webhooks = ThreadingHTTPServer(("127.0.0.1", 0), Webhooks)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    webhooks.socket = context.wrap_socket(webhooks.socket, server_side=True)
    threading.Thread(target=webhooks.serve_forever, daemon=True).start()
    yield Neighbour("127.0.0.1:2", f"127.0.0.1:{webhooks.server_address[1]}", authority)
    webhooks.shutdown()
    webhooks.server_close()


@pytest.fixture(scope="module")
def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, neighbour: Neighbour
) -> Iterator[Catalogue]:
    """The selected cases at work on one simulated cluster."""
    folder = tmp_path_factory.mktemp("catalogue")
    with SimulatedCluster(images=_IMAGES, load_balancers=False) as cluster:
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(cluster.kubeconfig_text, encoding="utf-8")
        environment = clean_environment(folder / "state")
        programs = (tools.helm(4).parent, tools.kubectl().parent)
        path = os.pathsep.join([*map(str, programs), environment["PATH"]])
        environment |= {"KUBECONFIG": str(kubeconfig), "PATH": path, "TRUNKLINE_ACTOR": "ada"}
        prefix = f"cat-{secrets.token_hex(2)}"
        described = DescribedTools(folder / "state")
        ground = Ground(
            open_client(kubeconfig), environment, _REGISTRY, "rehearsal", described, neighbour, prefix, folder
        )
        selected = [item.name for item in request.session.items if item.path == Path(__file__)]
        wanted = tuple(case for case in ALL if any(name.endswith(f"[{case.name}]") for name in selected))
        running = Catalogue(ground, wanted)
        try:
            yield running
        finally:
            running.close()


@pytest.mark.parametrize(
    "case", [case for case in ALL if case.name not in DIFFERENT], ids=lambda case: case.name
)
def test_the_verdict_is_the_same(case: Case, played: Catalogue) -> None:
    """A case ends as it does on real pods, with the same cause, words and end state."""
    judge(case, played.result(case.name))


def test_what_differs_is_a_case() -> None:
    """Every case that is listed as different is there, and has a reason."""
    assert set(DIFFERENT) <= {case.name for case in ALL}
    assert all(DIFFERENT.values())
