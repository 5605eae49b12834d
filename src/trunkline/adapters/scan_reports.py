"""Reports that scanners wrote to files (Grype, Trivy, OSV-Scanner), as a `Scanner`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.domain.vulnerabilities import Look, Report, ScanState
from trunkline.domain.vulnerabilities.reports import read_report, with_inventory
from trunkline.errors import UsageError

_LONGEST = 128 * 1024 * 1024


class ReportFiles:
    """Implements the port `Scanner`.

    Args:
        root: where relative patterns start from.
        patterns: paths, in which `*` stands for any text.
    """

    def __init__(self, root: Path, patterns: Sequence[str]) -> None:
        self._root = root
        self._patterns = patterns
        self.name = ", ".join(patterns)

    def look(self, image: ImageReference, settings: ImageSettings) -> Look:  # noqa: ARG002 - the port's; files need no login
        """See the port.

        Raises:
            UsageError: a file is no report that is known here, or is about another image.
        """
        paths = sorted({path for pattern in self._patterns for path in self._matching(pattern)})
        if not paths:
            return Look(ScanState.NOT_SCANNED, detail=f"there is no file {self.name}")
        documents = {path: _parsed(path) for path in paths}
        sboms = [path for path, document in documents.items() if _is_sbom(document)]
        reports = [
            _report(path, document, [documents[sbom] for sbom in sboms], image)
            for path, document in documents.items()
            if path not in sboms
        ]
        if not reports:
            return Look(
                ScanState.NOT_SCANNED, detail=f"{self.name} is an SBOM, which names no vulnerabilities"
            )
        return Look(ScanState.SCANNED, _joined(reports))

    def _matching(self, pattern: str) -> Iterable[Path]:
        whole = Path(pattern)
        if whole.is_absolute():
            return Path(whole.anchor).glob(str(whole.relative_to(whole.anchor)))
        return self._root.glob(pattern)


def _parsed(path: Path) -> Any:
    try:
        if path.stat().st_size > _LONGEST:
            raise UsageError(f"{path} is larger than 128 MiB.", "Name a scanner's report in JSON.")
        return json.loads(path.read_bytes())
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}.", "Correct its path or permissions."
        ) from error
    except (ValueError, RecursionError) as error:
        raise _unknown(path, "it is no JSON") from error


def _is_sbom(document: Any) -> bool:
    """Syft's own JSON; Grype's has artifacts in its matches only."""
    return isinstance(document, dict) and "artifacts" in document and "matches" not in document


def _report(path: Path, document: Any, sboms: Sequence[Any], image: ImageReference) -> Report:
    try:
        report = read_report(document)
        for sbom in sboms:
            report = with_inventory(report, sbom)
    except ValueError as error:
        raise _unknown(path, str(error)) from error
    known = report.known_as or ((report.digest,) if report.digest else ())
    if known and image.digest not in known:
        raise UsageError(
            f"{path} is about another image: {known[0]}, and not {image.digest}.",
            f"Scan {image} by its digest, and write the report anew.",
        )
    return report


def _unknown(path: Path, why: str) -> UsageError:
    return UsageError(
        f"{path} is no scanner's report that is known here: {why}.",
        "Write it with `grype -o json`, `trivy image --format json` or `osv-scanner --format json`.",
    )


def _joined(reports: Sequence[Report]) -> Report:
    packages = [report.packages for report in reports]
    moments = [report.scanned_at for report in reports if report.scanned_at]
    return Report(
        ", ".join(sorted({report.source for report in reports})),
        next((report.digest for report in reports if report.digest), ""),
        tuple(finding for report in reports for finding in report.findings),
        None if None in packages else max(filter(None, packages), default=0),
        min(moments, default=None),
    )
