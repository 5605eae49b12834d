"""Reading what scanners write: each reader takes the JSON of one scanner, as it was parsed, and gives a Report.

A key that is missing is no mistake; a value of another kind than the scanner's own schema has is, and is a ValueError
with one sentence: a report that is half understood would let through what it does not show.
"""

from trunkline.domain.vulnerabilities.reports.grype import read_grype
from trunkline.domain.vulnerabilities.reports.osv import read_osv
from trunkline.domain.vulnerabilities.reports.sniff import Kind, kind_of, read_report
from trunkline.domain.vulnerabilities.reports.syft import with_inventory
from trunkline.domain.vulnerabilities.reports.trivy import read_trivy

__all__ = ["Kind", "kind_of", "read_grype", "read_osv", "read_report", "read_trivy", "with_inventory"]
