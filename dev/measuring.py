"""Owns the real servers that measurements are sent to in tests: each on loopback, with its data in a folder of its own.

VictoriaMetrics, Prometheus and its Pushgateway come out of Debian's packages, unpacked without root; Graphite and
Datadog's test agent (which receives OpenTelemetry) out of PyPI, into a folder of the cache; StatsD out of npm.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

from dev import cache, debian
from dev.errors import DevError
from dev.process import run
from dev.ready import free_ports, http_status, listens
from dev.server import Server
from dev.wheels import pip

_OK = 200
_GRAPHITE = ("setuptools<80", "whisper==1.1.10", "carbon==1.1.10", "graphite-web==1.1.10")
# Otherwise they want to live in /opt/graphite.
_GRAPHITE_BUILD = {"GRAPHITE_NO_PREFIX": "True"}
_AGENT = ("setuptools<80", "ddapm-test-agent==1.69.1")
_STATSD = "statsd@0.9.0"
# Not the environment's own interpreter: its packages would stand in the way of theirs.
_PYTHON = Path(sys.base_prefix, "bin", "python3")


class _Measuring:
    """A server for as long as the ``with`` block; its folder goes with it."""

    def __init__(self) -> None:
        self._servers: list[Server] = []
        self.folder = Path()

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="trunkline-measuring-"))
        try:
            self._start()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self) -> None:
        raise NotImplementedError

    def _run(
        self,
        name: str,
        argv: Sequence[str | Path],
        ready: Callable[[], bool],
        environ: Mapping[str, str] | None = None,
    ) -> Server:
        if environ:
            argv = ["env", *(f"{key}={value}" for key, value in environ.items()), *argv]
        server = Server(name, argv, self.folder / f"{name}.log")
        self._servers.append(server)
        server.await_ready(ready, seconds=60)
        return server

    def _end(self) -> None:
        for server in reversed(self._servers):
            server.stop()
        self._servers.clear()
        shutil.rmtree(self.folder, ignore_errors=True)


class VictoriaMetrics(_Measuring):
    """Takes Datadog's v1 series and Graphite's lines, and answers in JSON lines."""

    def _start(self) -> None:
        port, self.graphite_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        self._run(
            "victoria-metrics",
            [
                debian.program("victoria-metrics", "victoria-metrics"),
                f"-storageDataPath={self.folder / 'data'}",
                f"-httpListenAddr=127.0.0.1:{port}",
                f"-graphiteListenAddr=127.0.0.1:{self.graphite_port}",
                # What was written can be read at once.
                "-search.latencyOffset=0s",
            ],
            lambda: http_status(f"{self.url}/health") == _OK,
        )

    def series(self, match: str) -> list[dict[str, Any]]:
        """All series that match, with their labels (`metric`), `values` and `timestamps` in milliseconds."""
        _get(f"{self.url}/internal/force_flush")
        lines = _get(f"{self.url}/api/v1/export?{urlencode({'match[]': match})}").splitlines()
        return [json.loads(line) for line in lines]


class Pushgateway(_Measuring):
    """A Pushgateway, and a Prometheus that scrapes it each second."""

    def _start(self) -> None:
        port, prometheus = free_ports(2)
        self.url, self.prometheus_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{prometheus}"
        self._run(
            "pushgateway",
            [
                debian.program("prometheus-pushgateway", "prometheus-pushgateway"),
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            lambda: http_status(f"{self.url}/-/ready") == _OK,
        )
        settings = self.folder / "prometheus.yml"
        settings.write_text(
            "global: {scrape_interval: 1s}\n"
            "scrape_configs:\n"
            "  - job_name: pushgateway\n"
            "    honor_labels: true\n"
            f"    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n",
            encoding="utf-8",
        )
        self._run(
            "prometheus",
            [
                debian.program("prometheus", "prometheus"),
                f"--config.file={settings}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{prometheus}",
            ],
            lambda: http_status(f"{self.prometheus_url}/-/ready") == _OK,
        )

    def check_rules(self, rules: str) -> None:
        """Have Prometheus' own tool read a file of rules; raises where it finds a mistake."""
        file = self.folder / "rules.yml"
        file.write_text(rules, encoding="utf-8")
        run([debian.program("promtool", "prometheus"), "check", "rules", file])

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What Prometheus answers to an instant query."""
        answer = json.loads(_get(f"{self.prometheus_url}/api/v1/query?{urlencode({'query': expression})}"))
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


class Graphite(_Measuring):
    """carbon-cache and graphite-web, which know each other."""

    def _start(self) -> None:
        where = _python_packages("graphite", _GRAPHITE, _GRAPHITE_BUILD)
        self.port, pickle, query, web = free_ports(4)
        self.url = f"http://127.0.0.1:{web}"
        storage = self.folder / "storage"
        for name in ("whisper", "log/webapp", "lists", "rrd", "ceres"):
            (storage / name).mkdir(parents=True)
        self._write_settings(storage, pickle, query)
        environ = {
            "PYTHONPATH": f"{self.folder}:{where}",
            "DJANGO_SETTINGS_MODULE": "measuring_settings",
            "GRAPHITE_STORAGE_DIR": str(storage),
            "GRAPHITE_ROOT": str(self.folder),
            "PYTHONWARNINGS": "ignore",
        }
        run([_PYTHON, "-m", "django", "migrate", "--run-syncdb"], env={**os.environ, **environ})
        self._run(
            "graphite-web",
            [_PYTHON, "-m", "django", "runserver", "--noreload", f"127.0.0.1:{web}"],
            lambda: http_status(f"{self.url}/metrics/index.json") == _OK,
            environ,
        )
        self._run(
            "carbon",
            [
                _PYTHON, where / "bin" / "carbon-cache.py", f"--config={self.folder / 'carbon.conf'}",
                "--nodaemon", "start",
            ],
            lambda: listens(self.port),
            environ,
        )  # fmt: skip

    def _write_settings(self, storage: Path, pickle: int, query: int) -> None:
        (self.folder / "measuring_settings.py").write_text(
            "from graphite.settings import *\n"
            "SECRET_KEY = 'measuring'\n"
            "ALLOWED_HOSTS = ['*']\n"
            f"CARBONLINK_HOSTS = ['127.0.0.1:{query}']\n"
            f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'NAME': {str(storage / 'graphite.db')!r}}}}}\n",
            encoding="utf-8",
        )
        (self.folder / "storage-schemas.conf").write_text(
            "[all]\npattern = .*\nretentions = 1s:1d\n", encoding="utf-8"
        )
        (self.folder / "carbon.conf").write_text(
            "[cache]\n"
            f"STORAGE_DIR = {storage}\nLOCAL_DATA_DIR = {storage / 'whisper'}\nCONF_DIR = {self.folder}\n"
            f"LOG_DIR = {storage / 'log'}\nPID_DIR = {self.folder}\n"
            f"LINE_RECEIVER_INTERFACE = 127.0.0.1\nLINE_RECEIVER_PORT = {self.port}\n"
            f"PICKLE_RECEIVER_INTERFACE = 127.0.0.1\nPICKLE_RECEIVER_PORT = {pickle}\n"
            f"CACHE_QUERY_INTERFACE = 127.0.0.1\nCACHE_QUERY_PORT = {query}\n"
            "MAX_UPDATES_PER_SECOND = 5000\nMAX_CREATES_PER_MINUTE = inf\n"
            f"ENABLE_TAGS = True\nTAG_UPDATE_INTERVAL = 1\nTAG_BATCH_SIZE = 1\nGRAPHITE_URL = {self.url}\n",
            encoding="utf-8",
        )

    def render(self, target: str) -> list[dict[str, Any]]:
        """The last hour of some series: `target`, `tags` and `datapoints` (value, second) that have a value."""
        asked = urlencode(
            {"target": target, "from": "-1h", "format": "json", "noNullPoints": "true", "noCache": "1"}
        )
        found: list[dict[str, Any]] = json.loads(_get(f"{self.url}/render?{asked}"))
        return found

    def annotations(self, tags: str) -> list[dict[str, Any]]:
        """The events with these tags."""
        found: list[dict[str, Any]] = json.loads(
            _get(f"{self.url}/events/get_data?{urlencode({'tags': tags})}")
        )
        return found


class Statsd(_Measuring):
    """The original StatsD, which writes what it counted to its console each second."""

    def __init__(self, flush_ms: int = 1000) -> None:
        super().__init__()
        self._flush_ms = flush_ms

    def _start(self) -> None:
        self.port, manage = free_ports(2)
        settings = self.folder / "settings.js"
        settings.write_text(
            f'{{port: {self.port}, address: "127.0.0.1", mgmt_port: {manage}, mgmt_address: "127.0.0.1",'
            f' flushInterval: {self._flush_ms}, backends: ["./backends/console"], percentThreshold: []}}\n',
            encoding="utf-8",
        )
        self._manage = manage
        where = cache.folder("statsd-0.9.0", _install_statsd) / "node_modules" / "statsd"
        node = shutil.which("node") or _no_node()
        self._run("statsd", [node, where / "stats.js", settings], lambda: listens(manage))

    def printed(self) -> str:
        """Everything that it has written so far."""
        return (self.folder / "statsd.log").read_text(encoding="utf-8")


class TestAgent(_Measuring):
    """Datadog's test agent as a receiver of OpenTelemetry."""

    __test__ = False

    def _start(self) -> None:
        where = _python_packages("ddapm-test-agent", _AGENT, {})
        port, otlp, grpc = free_ports(3)
        self.url, self.otlp_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{otlp}"
        self._run(
            "test-agent",
            [
                _PYTHON, "-c", "from ddapm_test_agent.agent import main; main()",
                "--port", str(port), "--otlp-http-port", str(otlp), "--otlp-grpc-port", str(grpc),
            ],
            lambda: http_status(f"{self.url}/info") == _OK and listens(otlp),
            {"PYTHONPATH": str(where), "PYTHONWARNINGS": "ignore"},
        )  # fmt: skip

    def received(self, what: str) -> list[dict[str, Any]]:
        """The `metrics` or `logs` that came in."""
        found: list[dict[str, Any]] = json.loads(_get(f"{self.otlp_url}/test/session/{what}"))
        return found


def _python_packages(name: str, packages: Sequence[str], environ: Mapping[str, str]) -> Path:
    def fill(work: Path) -> None:
        constraints = work / "constraints.txt"
        constraints.write_text("setuptools<80\n", encoding="utf-8")
        run(
            [*pip(), "install", "--quiet", "--target", work, *packages],
            env={**os.environ, **environ, "PIP_CONSTRAINT": str(constraints)},
            hint=f"{packages[-1]} could not be installed, check that pip reaches a package index",
        )

    return cache.folder(f"measuring/{name}", fill)


def _install_statsd(work: Path) -> None:
    npm = shutil.which("npm") or _no_node()
    words = ["install", "--silent", "--ignore-scripts", "--omit=optional", "--prefix", str(work), _STATSD]
    run([npm, *words], hint="check that npm reaches a package index")


def _no_node() -> str:
    raise DevError("StatsD needs node and npm, which are not on PATH: install Node.js.")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def fetch() -> None:
    """Fetch all of it, so that no test waits for a download."""
    for package in ("victoria-metrics", "prometheus-pushgateway", "prometheus"):
        debian.program(package, package)
    _python_packages("graphite", _GRAPHITE, _GRAPHITE_BUILD)
    _python_packages("ddapm-test-agent", _AGENT, {})
    cache.folder("statsd-0.9.0", _install_statsd)
