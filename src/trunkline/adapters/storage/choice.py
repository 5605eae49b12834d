"""Chooses a chart's version among those that a repository has, and says what there is where none fits."""

from __future__ import annotations

from collections.abc import Iterable

from trunkline.domain.charts.ranges import Range, parse_range
from trunkline.domain.versions import in_order, newest
from trunkline.errors import UsageError

_SHOWN = 5


def wanted_range(version: str) -> Range | None:
    """The range that `chart.version` means; None for the newest release.

    Raises:
        UsageError: it means none.
    """
    try:
        return parse_range(version) if version else None
    except ValueError as error:
        raise UsageError(
            f"The chart version {error}.",
            "Set chart.version to one version, or to a range as Helm spells it.",
        ) from None


def choose(versions: Iterable[str], wanted: Range | None, name: str, address: str) -> str:
    """The newest version in the range, or the newest release.

    Args:
        versions: what there is; texts that are no versions are passed over.
        wanted: the range, None for any release.
        name: the chart's.
        address: the repository's, for people.

    Raises:
        UsageError: there is none; the hint tells what there is.
    """
    versions = list(versions)
    chosen = wanted.newest(versions) if wanted else newest(versions)
    if chosen is not None:
        return chosen.text
    if wanted is None:
        text = f"There is no released version of the chart {name} in {address}."
        hint = f"Only prereleases are there ({some(versions)}): set chart.version to the one you mean."
    else:
        text = f"No version of the chart {name} in {address} is in the range {wanted.text}."
        hint = (
            f"There are {some(versions)}; prereleases count only where the range names one, as in >=1.0.0-0."
        )
    raise UsageError(text, hint if some(versions) else "Correct the chart's name or the repository.")


def some(versions: Iterable[str]) -> str:
    """The newest of them, and how many more; empty where none is a version."""
    ordered = in_order(versions)[::-1]
    more = len(ordered) - _SHOWN
    shown = ", ".join(version.text for version in ordered[:_SHOWN])
    return shown + (f" and {more} older" if more > 0 else "")
