"""What scanners find in images, and what a policy makes of it: no question is asked here, and no clock looked at."""

from typing import TYPE_CHECKING

from trunkline.lazily import importing

if TYPE_CHECKING:
    from trunkline.domain.vulnerabilities.findings import Finding, Look, Report, ScanState, Severity, band
    from trunkline.domain.vulnerabilities.judgement import judge
    from trunkline.domain.vulnerabilities.outcomes import Judgement, Note, Outcome, Row, Standing, Topic
    from trunkline.domain.vulnerabilities.policy import Exemption, Policy, Reaction

__all__ = [
    "Exemption",
    "Finding",
    "Judgement",
    "Look",
    "Note",
    "Outcome",
    "Policy",
    "Reaction",
    "Report",
    "Row",
    "ScanState",
    "Severity",
    "Standing",
    "Topic",
    "band",
    "judge",
]

__getattr__ = importing(
    __name__,
    {
        "Exemption": "policy",
        "Finding": "findings",
        "Judgement": "outcomes",
        "Look": "findings",
        "Note": "outcomes",
        "Outcome": "outcomes",
        "Policy": "policy",
        "Reaction": "policy",
        "Report": "findings",
        "Row": "outcomes",
        "ScanState": "findings",
        "Severity": "findings",
        "Standing": "outcomes",
        "Topic": "outcomes",
        "band": "findings",
        "judge": "judgement",
    },
)
