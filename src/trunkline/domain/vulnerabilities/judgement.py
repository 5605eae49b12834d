"""Judging an image: a policy and a scan in, what becomes of the image and why out.

What lets a finding off is asked in one order: its package is ignored, an exception holds, it weighs too little, it has
no mend, it is young, production has it as well. Whatever is none of these gates.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from trunkline.domain.texts import one_line
from trunkline.domain.vulnerabilities.findings import Finding, Look, Report, ScanState, Severity
from trunkline.domain.vulnerabilities.joining import Joined, join
from trunkline.domain.vulnerabilities.notes import exception_notes, scan_notes
from trunkline.domain.vulnerabilities.outcomes import Judgement, Outcome, Row, Standing
from trunkline.domain.vulnerabilities.policy import Exemption, Policy, Reaction, names_of

_REASON = 200


def judge(policy: Policy, look: Look, baseline: Report | None, today: date) -> Judgement:
    """What `policy` makes of what `look` shows.

    Args:
        policy: the project's.
        look: the last one; findings in it count whatever its state is.
        baseline: the scan of what production runs, None where there is none.
        today: in UTC.
    """
    report = look.report
    known = None if baseline is None else _Known(baseline.findings)
    found = () if report is None else join(report.findings)
    exceptions = _Exceptions(policy.exceptions)
    rows = tuple(
        sorted((_row(policy, exceptions, joined, known, today) for joined in found), key=_worst_first)
    )
    notes = (
        *scan_notes(policy, look, has_baseline=baseline is not None),
        *exception_notes(policy, rows, look, today),
    )
    outcomes = (*(row.standing.outcome for row in rows), *(note.outcome for note in notes))
    return Judgement(
        max(outcomes, key=lambda outcome: outcome.rank, default=Outcome.PASSED),
        rows,
        notes,
        # A report that is missing is no result, whatever the scanner calls it.
        ScanState.NOT_SCANNED if look.state is ScanState.SCANNED and report is None else look.state,
        report.source if report is not None else "",
        report.digest if report is not None else "",
        report.packages if report is not None else None,
    )


class _Known:
    """What production has: a vulnerability under any of its names, in a package of whatever version."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._names = {(name, finding.package) for finding in findings for name in names_of(finding)}

    def has(self, finding: Finding) -> bool:
        return any((name, finding.package) in self._names for name in names_of(finding))


class _Exceptions:
    """The policy's exceptions by their ids: there may be many of both, and each is asked for each finding."""

    def __init__(self, exceptions: Iterable[Exemption]) -> None:
        self._by_name: dict[str, list[Exemption]] = {}
        for exemption in exceptions:
            self._by_name.setdefault(exemption.name, []).append(exemption)

    def for_(self, finding: Finding) -> list[Exemption]:
        """Those that speak of the finding, on whatever day."""
        found = (one for name in names_of(finding) for one in self._by_name.get(name, ()))
        return [exemption for exemption in found if exemption.covers(finding)]


def _row(policy: Policy, exceptions: _Exceptions, joined: Joined, known: _Known | None, today: date) -> Row:
    finding = joined.finding
    is_new = None if known is None else not known.has(finding)
    covering = exceptions.for_(finding)
    exemption = _longest(one for one in covering if one.holds_on(today))
    if policy.ignores(finding.package):
        standing, reason = Standing.IGNORED, "the policy ignores this package"
    elif exemption is not None:
        words = f"until {exemption.until}, {exemption.owner}: {exemption.reason}"
        standing, reason = Standing.EXEMPT, one_line(words, _REASON)
    else:
        standing, reason = _weighed(policy, finding, today, is_new=is_new is not False)
        ended = _longest(covering)
        if standing is Standing.GATES and ended is not None:
            reason = f"its exception ended on {ended.until}"
    return Row(
        finding,
        standing,
        reason,
        joined.layers,
        joined.platforms,
        exemption if standing is Standing.EXEMPT else None,
        is_new,
    )


def _longest(exceptions: Iterable[Exemption]) -> Exemption | None:
    """The one that holds longest; of several, the one whose words come first."""
    return min(exceptions, key=_last_first, default=None)


def _last_first(exemption: Exemption) -> tuple[int, str, str, str, str]:
    return -exemption.until.toordinal(), exemption.owner, exemption.reason, exemption.id, exemption.package


def _weighed(policy: Policy, finding: Finding, today: date, *, is_new: bool) -> tuple[Standing, str]:
    weight = finding.weight
    if policy.fail_on is None:
        return Standing.BELOW, "the policy gates nothing"
    if weight is Severity.UNKNOWN and policy.fail_on is not Severity.UNKNOWN:
        if policy.unknown is not Reaction.REFUSE:
            standing = Standing.WARNS if policy.unknown is Reaction.WARN else Standing.BELOW
            return standing, "nobody has judged it yet"
    elif weight.rank < policy.fail_on.rank:
        return Standing.BELOW, f"{weight} is below {policy.fail_on}"
    if policy.fixable_only and not finding.fixed_in:
        return Standing.WARNS, "there is no fix yet"
    if finding.published is not None and (today - finding.published).days < policy.grace_days:
        return Standing.WARNS, f"published on {finding.published}, {policy.grace_days} days of grace"
    if policy.new_only and not is_new:
        return Standing.WARNS, "production has it as well"
    if weight is Severity.UNKNOWN:
        return Standing.GATES, "nobody has judged it yet"
    return Standing.GATES, f"{policy.fail_on} or worse"


def _worst_first(row: Row) -> tuple[int, int, float, bool, str, str, str]:
    finding = row.finding
    return (
        row.standing.rank,
        -finding.weight.rank,
        -(finding.score or 0.0),
        not finding.fixed_in,
        finding.package,
        finding.id,
        finding.version,
    )
