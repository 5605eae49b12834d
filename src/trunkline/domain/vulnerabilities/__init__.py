"""What scanners find in images, and what a policy makes of it: no question is asked here, and no clock looked at."""

from trunkline.domain.vulnerabilities.findings import Finding, Look, Report, ScanState, Severity, band

__all__ = ["Finding", "Look", "Report", "ScanState", "Severity", "band"]
