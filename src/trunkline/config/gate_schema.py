"""The shape of the gate's settings in a `trunkline.yaml`, as `schema` has that of all else.

Importing this module imports pydantic: only what loads a file may do so.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from trunkline.config import kinds, rules
from trunkline.config.kinds import Section
from trunkline.domain.vulnerabilities.findings import Severity
from trunkline.domain.vulnerabilities.policy import Reaction

NEVER = "never"
_SEVERITIES = (NEVER, *(severity.value for severity in reversed(Severity) if severity.rank))
Scanner = Annotated[str, kinds.choice("quay", "reports")]
SeverityWord = Annotated[str, kinds.choice(*_SEVERITIES)]
Reacts = Annotated[str, kinds.choice(*(reaction.value for reaction in Reaction))]
FilePath = Annotated[str, kinds.text(rules.PATH)]
Line = Annotated[str, kinds.text(rules.LINE)]
OptionalLine = Annotated[str, kinds.optional(kinds.text(rules.LINE))]
OptionalUrl = Annotated[str, kinds.optional(kinds.text(rules.URL))]
OptionalPassword = Annotated[str, kinds.optional(kinds.PASSWORD)]
OptionalEnvironment = Annotated[str, kinds.optional(kinds.text(rules.ENVIRONMENT))]
Timeout = Annotated[str, kinds.text(rules.TIMEOUT, number="; give it a unit")]
Day = Annotated[str, kinds.text(rules.DAY)]
Count = Annotated[int, kinds.count(0)]
Flag = Annotated[bool, kinds.FLAG]


class ExemptionSection(Section):
    """One vulnerability that is let off for a time."""

    id: Line = Field(
        description="The advisory's id, or an alias of it.", examples=["CVE-2026-1234", "GHSA-xxxx-yyyy-zzzz"]
    )
    reason: Line = Field(
        description="Why it may stay.", examples=["only reachable with the debug port, which is off"]
    )
    owner: Line = Field(description="Who answers for it.", examples=["team-payments"])
    until: Day = Field(description="The last day on which it holds.", examples=["2026-12-31"])
    package: OptionalLine = Field(
        "",
        description="The packages that are meant, as a glob; all of them when left out.",
        examples=["libxml2*"],
    )


class GateSection(Section):
    """Whose findings keep an image out, and which ones."""

    scanner: Scanner = Field(
        "quay",
        description="Who looks for vulnerabilities: Quay's own scanner, or `reports` that others have written.",
        examples=["quay"],
    )
    url: OptionalUrl = Field(
        "",
        description="Quay's address, where it is not the image's registry.",
        examples=["https://quay.example.com"],
    )
    token: OptionalPassword = Field(
        "",
        description="The variable that holds an OAuth token for Quay; the registry's login when left out.",
        examples=["${QUAY_TOKEN}"],
    )
    reports: list[FilePath] = Field(
        [],
        description="Reports of Grype, Trivy or OSV-Scanner in JSON, from this file's directory; `*` stands for any text.",
        examples=[["reports/grype.json"]],
    )
    timeout: Timeout = Field("10m", description="The longest that a scan is waited for.", examples=["10m"])
    fail_on: SeverityWord = Field(
        "high",
        description="The least severity that refuses an image; the worse of severity and CVSS score counts.",
        examples=["critical"],
    )
    fixable_only: Flag = Field(
        default=False, description="Whether a finding that nobody has mended yet only warns.", examples=[True]
    )
    grace_days: Count = Field(
        0, description="For how many days after its publication an advisory only warns.", examples=[7]
    )
    ignore_packages: list[Line] = Field(
        [], description="Packages whose findings do not count, as globs.", examples=[["linux-libc-dev"]]
    )
    unknown: Reacts = Field(
        "warn", description="What becomes of a finding without severity and score.", examples=["refuse"]
    )
    no_packages: Reacts = Field(
        "warn",
        description="What becomes of an image in which the scanner recognised no package at all.",
        examples=["refuse"],
    )
    without_result: Reacts = Field(
        "refuse",
        description="What becomes of an image whose scan failed, is not supported or did not end in time.",
        examples=["warn"],
    )
    compare_with: OptionalEnvironment = Field(
        "",
        description="Findings that this environment's image has as well only warn: the image makes nothing worse.",
        examples=["prod"],
    )
    exceptions: list[ExemptionSection] = Field(
        [],
        description="Vulnerabilities that are let off for a time. One that has ended fails with its own sentence.",
        examples=[
            [{"id": "CVE-2026-1234", "reason": "debug port is off", "owner": "ada", "until": "2026-12-31"}]
        ],
    )
