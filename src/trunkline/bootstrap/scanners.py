"""Which scanner a project's gate asks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from trunkline.config.project import Project
from trunkline.domain.redaction import Redactor
from trunkline.ports import Http, Processes, Registry

if TYPE_CHECKING:
    from trunkline.ports.scanners import Scanner


def scanner_for(
    project: Project,
    reports: tuple[str, ...],
    http: Http,
    registry: Registry,
    environ: Mapping[str, str],
    home: Path,
    redactor: Redactor,
    processes: Processes,
    warn: Callable[[str], None],
) -> Scanner:
    """The one that reads these reports, or else the configured one."""
    from trunkline.adapters.scan_reports import ReportFiles  # noqa: PLC0415 - most commands ask no scanner

    gate = project.gate
    if gate is None or reports or gate.scanner == "reports":
        return ReportFiles(project.root, reports or (gate.reports if gate else ()))
    from trunkline.adapters.quay import QuayScanner  # noqa: PLC0415 - as above
    from trunkline.adapters.registry.keyring import Keyring  # noqa: PLC0415 - as above

    redactor.learn(gate.token)
    keyring = Keyring(environ, home, redactor, processes)
    return QuayScanner(http, keyring.login, registry.platforms, url=gate.url, token=gate.token, warn=warn)
