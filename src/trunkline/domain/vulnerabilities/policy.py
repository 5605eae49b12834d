"""What a project lets into its environments: from which severity on findings gate, and what is let off, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from trunkline.dataclass import dataclass
from trunkline.domain.vulnerabilities.findings import Finding, ScanState, Severity


class Reaction(StrEnum):
    """What a policy does about something."""

    REFUSE = "refuse"
    WARN = "warn"
    PASS = "pass"  # noqa: S105 - a word of the policy, no password


@dataclass(frozen=True, slots=True)
class Exemption:
    """One vulnerability that is let off for a time.

    Attributes:
        id: the advisory's or an alias of it, in capitals or not.
        reason: why it may stay, in the words of whoever answers for it.
        owner: who answers for it.
        until: the last day on which it holds.
        package: a glob; empty for any package.
    """

    id: str
    reason: str
    owner: str
    until: date
    package: str = ""

    @property
    def name(self) -> str:
        """The id in the spelling of `names_of`."""
        return self.id.strip().casefold()

    def covers(self, finding: Finding) -> bool:
        """Whether it speaks of that finding, on whatever day."""
        return self.name in names_of(finding) and (not self.package or matches(self.package, finding.package))

    def holds_on(self, today: date) -> bool:
        """Whether it has not ended."""
        return today <= self.until


@dataclass(frozen=True, slots=True)
class Policy:
    """When an image is refused.

    Attributes:
        fail_on: the least weight that gates; None when nothing does.
        fixable_only: whether a finding without a version that mends it only warns.
        grace_days: an advisory that is fewer days old only warns; one without a date counts as old.
        packages_ignored: globs of packages whose findings do not count.
        without_result: what is made of a scan that has no result.
        states: the same for single states, before `without_result`.
        unknown: what is made of a finding that nobody has judged.
        no_packages: what is made of an image in which the scanner knew no package.
        new_only: whether a finding that production has as well only warns.
    """

    fail_on: Severity | None = Severity.HIGH
    fixable_only: bool = False
    grace_days: int = 0
    packages_ignored: tuple[str, ...] = ()
    exceptions: tuple[Exemption, ...] = ()
    without_result: Reaction = Reaction.REFUSE
    states: Mapping[ScanState, Reaction] = field(default_factory=dict)
    unknown: Reaction = Reaction.WARN
    no_packages: Reaction = Reaction.WARN
    new_only: bool = False

    def ignores(self, package: str) -> bool:
        """Whether findings in that package do not count."""
        return any(matches(glob, package) for glob in self.packages_ignored)

    def reaction_to(self, state: ScanState) -> Reaction:
        """What it makes of a scan that stays in that state, which is not `scanned`."""
        return self.states.get(state, self.without_result)


def names_of(finding: Finding) -> frozenset[str]:
    """All ids of a finding, in one spelling."""
    return frozenset(name.strip().casefold() for name in (finding.id, *finding.aliases)) - {""}


def matches(glob: str, text: str) -> bool:
    """Whether `text` is what `glob` (`*`, `?`, `[ab]`) describes, in capitals or not."""
    return fnmatchcase(text.casefold(), glob.casefold())
