"""The shape of the gate's settings in a `trunkline.yaml`, as `schema` has that of all else."""

from __future__ import annotations

from trunkline.config import kinds, rules
from trunkline.config.sections import ListOf, Section, key
from trunkline.domain.vulnerabilities.findings import Severity
from trunkline.domain.vulnerabilities.policy import Reaction

NEVER = "never"
_SEVERITIES = (NEVER, *(severity.value for severity in reversed(Severity) if severity.rank))
SCANNER = kinds.choice("quay", "reports")
SEVERITY_WORD = kinds.choice(*_SEVERITIES)
REACTS = kinds.choice(*(reaction.value for reaction in Reaction))
FILE_PATH = kinds.text(rules.PATH)
LINE = kinds.text(rules.LINE)
OPTIONAL_LINE = kinds.optional(kinds.text(rules.LINE))
OPTIONAL_URL = kinds.optional(kinds.text(rules.URL))
OPTIONAL_PASSWORD = kinds.optional(kinds.PASSWORD)
OPTIONAL_ENVIRONMENT = kinds.optional(kinds.text(rules.ENVIRONMENT))
TIMEOUT = kinds.text(rules.TIMEOUT, number="; give it a unit")
DAY = kinds.text(rules.DAY)
COUNT = kinds.count(0)
FLAG = kinds.FLAG


class ExemptionSection(Section):
    """One vulnerability that is let off for a time."""

    id: str = key(
        LINE,
        description="The advisory's id, or an alias of it.",
        examples=["CVE-2026-1234", "GHSA-xxxx-yyyy-zzzz"],
    )
    reason: str = key(
        LINE, description="Why it may stay.", examples=["only reachable with the debug port, which is off"]
    )
    owner: str = key(LINE, description="Who answers for it.", examples=["team-payments"])
    until: str = key(DAY, description="The last day on which it holds.", examples=["2026-12-31"])
    package: str = key(
        OPTIONAL_LINE,
        "",
        description="The packages that are meant, as a glob; all of them when left out.",
        examples=["libxml2*"],
    )


class GateSection(Section):
    """Whose findings keep an image out, and which ones."""

    scanner: str = key(
        SCANNER,
        "quay",
        description="Who looks for vulnerabilities: Quay's own scanner, or `reports` that others have written.",
        examples=["quay"],
    )
    url: str = key(
        OPTIONAL_URL,
        "",
        description="Quay's address, where it is not the image's registry.",
        examples=["https://quay.example.com"],
    )
    token: str = key(
        OPTIONAL_PASSWORD,
        "",
        description="The variable that holds an OAuth token for Quay; the registry's login when left out.",
        examples=["${QUAY_TOKEN}"],
    )
    reports: list[str] = key(
        ListOf(FILE_PATH),
        [],
        description="Reports of Grype, Trivy or OSV-Scanner in JSON, from this file's directory; `*` stands for any text.",
        examples=[["reports/grype.json"]],
    )
    timeout: str = key(TIMEOUT, "10m", description="The longest that a scan is waited for.", examples=["10m"])
    fail_on: str = key(
        SEVERITY_WORD,
        "high",
        description="The least severity that refuses an image; the worse of severity and CVSS score counts.",
        examples=["critical"],
    )
    fixable_only: bool = key(
        FLAG,
        default=False,
        description="Whether a finding that nobody has mended yet only warns.",
        examples=[True],
    )
    grace_days: int = key(
        COUNT, 0, description="For how many days after its publication an advisory only warns.", examples=[7]
    )
    ignore_packages: list[str] = key(
        ListOf(LINE),
        [],
        description="Packages whose findings do not count, as globs.",
        examples=[["linux-libc-dev"]],
    )
    unknown: str = key(
        REACTS,
        "warn",
        description="What becomes of a finding without severity and score.",
        examples=["refuse"],
    )
    no_packages: str = key(
        REACTS,
        "warn",
        description="What becomes of an image in which the scanner recognised no package at all.",
        examples=["refuse"],
    )
    without_result: str = key(
        REACTS,
        "refuse",
        description="What becomes of an image whose scan failed, is not supported or did not end in time.",
        examples=["warn"],
    )
    compare_with: str = key(
        OPTIONAL_ENVIRONMENT,
        "",
        description="Findings that this environment's image has as well only warn: the image makes nothing worse.",
        examples=["prod"],
    )
    exceptions: list[ExemptionSection] = key(
        ListOf(ExemptionSection),
        [],
        description="Vulnerabilities that are let off for a time. One that has ended fails with its own sentence.",
        examples=[
            [{"id": "CVE-2026-1234", "reason": "debug port is off", "owner": "ada", "until": "2026-12-31"}]
        ],
    )
