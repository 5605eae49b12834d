"""One chart out of a repository of 10,000 versions: `trunkline charts pull` next to `helm repo update` and `helm pull`.

Both read over HTTP from this machine, Trunkline from S3 as well, where Helm needs a plug-in. As in a CI job, Helm
begins with the index of all charts; with `cached`, Trunkline has been here before.
"""

from __future__ import annotations

import functools
import io
import os
import shlex
import sys
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import obstore

from benchmarks.measure import Sample, measure, print_table
from dev import tools
from dev.process import run
from dev.s3 import S3

_CHARTS, _VERSIONS = 20, 500
_CHART, _VERSION, _RANGE = "service-7", "1.250.0", "~1.250"
_RUNS = 7
_NEEDED = 10
_ENTRY = """  - annotations:
      example.com/changes: |
        - Pods are spread over zones
        - The image's digest is pinned
      example.com/license: Apache-2.0
      example.com/team: {name}
    apiVersion: v2
    appVersion: 2.{number}.1
    created: "2026-03-01T12:00:00.000000000Z"
    dependencies:
    - condition: redis.enabled
      name: redis
      repository: https://charts.example.com/stable
      version: ~17.3
    - name: common
      repository: https://charts.example.com/stable
      version: 2.x.x
    description: The chart of one of our services, with a Deployment, a Service, an Ingress and an autoscaler
    digest: {digest}
    home: https://handbook.example.com/services/{name}
    icon: https://handbook.example.com/icons/{name}.png
    keywords:
    - service
    - http
    - internal
    kubeVersion: '>=1.20.0-0'
    maintainers:
    - email: platform@example.com
      name: Platform
    - email: {name}@example.com
      name: Team {name}
    name: {name}
    sources:
    - https://git.example.com/services/{name}
    - https://git.example.com/charts
    type: application
    urls:
    - {name}-1.{number}.0.tgz
    version: 1.{number}.0
"""


def main() -> None:
    """Print the table."""
    with TemporaryDirectory(prefix="trunkline-bench-") as directory, S3(buckets=["charts"]) as storage:
        work = Path(directory)
        repository = work / "repository"
        size = _fill(repository)
        _upload(repository, storage)
        env = {**os.environ, **storage.env(), "TRUNKLINE_CACHE": "off", "HELM_CACHE_HOME": str(work / "helm")}
        env |= {"HELM_CONFIG_HOME": str(work / "config"), "HELM_DATA_HOME": str(work / "data")}
        with _served(repository) as url:
            run([str(tools.helm(4)), "repo", "add", "bench", url], env=env)
            helms = [_helm(wanted, work, env) for wanted in (_VERSION, _RANGE)]
            ours = [
                _ours(place, wanted, work, env, cached=cached)
                for place in (url, "s3://charts/stable")
                for wanted in (_VERSION, _RANGE)
                for cached in (False, True)
            ]
    ratio = min(item.wall_s for item in helms) / max(item.wall_s for item in ours)
    print_table(
        f"One chart out of {_CHARTS * _VERSIONS:,} versions, whose index has {size / 1e6:.1f} MB",
        [*helms, *ours],
        [f"budget: {_NEEDED} times as fast as Helm; measured, the slowest of ours: {ratio:.1f} times"],
    )


def _helm(wanted: str, work: Path, env: Mapping[str, str]) -> Sample:
    helm, into = shlex.quote(str(tools.helm(4))), shlex.quote(str(work))
    pull = f"{helm} pull bench/{_CHART} --version '{wanted}' --destination {into}"
    return measure(
        f"helm repo update, helm pull {wanted}",
        ["sh", "-c", f"{helm} repo update && {pull}"],
        runs=_RUNS,
        env=env,
    )


def _ours(place: str, wanted: str, work: Path, env: Mapping[str, str], *, cached: bool) -> Sample:
    program = str(Path(sys.executable).with_name("trunkline"))
    argv = [
        program,
        "charts",
        "pull",
        _CHART,
        "--version",
        wanted,
        "--into",
        str(work),
        "--repository",
        place,
    ]
    kept = {"TRUNKLINE_CACHE": str(work / "kept")} if cached else {}
    name = f"trunkline charts pull {wanted}, {place.partition(':')[0]}{', cached' if cached else ''}"
    return measure(name, argv, runs=_RUNS, env={**env, **kept})


def _fill(repository: Path) -> int:
    """A repository as `helm repo index` leaves it; the archives that are asked for are there. Bytes of the index."""
    repository.mkdir()
    archive = _archive()
    (repository / f"{_CHART}-{_VERSION}.tgz").write_bytes(archive)
    parts = ["apiVersion: v1\nentries:\n"]
    for chart in range(_CHARTS):
        name = f"service-{chart}"
        parts.append(f"  {name}:\n")
        digest = sha256(archive).hexdigest()
        parts += [_ENTRY.format(name=name, number=number, digest=digest) for number in range(_VERSIONS)[::-1]]
    parts.append('generated: "2026-03-01T12:00:00.000000000Z"\n')
    index = repository / "index.yaml"
    index.write_text("".join(parts), encoding="utf-8")
    return index.stat().st_size


def _archive() -> bytes:
    target = io.BytesIO()
    texts = {
        "Chart.yaml": f"apiVersion: v2\nname: {_CHART}\nversion: {_VERSION}\n",
        "values.yaml": "replicas: 1\n",
    }
    texts |= {f"templates/{number}.yaml": "# a template\n" * 200 for number in range(20)}
    with tarfile.open(fileobj=target, mode="w:gz") as packed:
        for name, text in texts.items():
            member = tarfile.TarInfo(f"{_CHART}/{name}")
            member.size = len(text)
            packed.addfile(member, io.BytesIO(text.encode()))
    return target.getvalue()


def _upload(repository: Path, storage: S3) -> None:
    store = storage.writer("charts")
    for path in repository.iterdir():
        obstore.put(store, f"stable/{path.name}", path.read_bytes())


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@contextmanager
def _served(repository: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(repository)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    main()
