"""Makes a chart's archive out of its files: the same files always make the same bytes.

Helm's own archives bear the time of their making, so that packing twice looks like two different charts. Which files
belong to a chart is `.helmignore`'s to say (helm.sh/docs/chart_template_guide/helm_ignore_file).
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase

from trunkline.domain.charts.archives import BadChart
from trunkline.domain.charts.metadata import ChartFacts

Ignored = Callable[[str, bool], bool]

_FILE_MODE = 0o644


def pack(facts: ChartFacts, files: Mapping[str, bytes]) -> bytes:
    """The archive of a chart.

    Args:
        facts: what its Chart.yaml says.
        files: contents by name below the chart's folder, `Chart.yaml` among them.

    Raises:
        BadChart: a chart that it depends on is not there.
    """
    brought = {name.split("/")[1] for name in files if name.startswith("charts/") and name.count("/")}
    for needed in facts.dependencies:
        if not any(item == needed or item.startswith(f"{needed}-") for item in brought):
            raise BadChart(f"depends on {needed}, which is not in its folder charts/")
    unpacked = io.BytesIO()
    with tarfile.open(fileobj=unpacked, mode="w", format=tarfile.PAX_FORMAT) as archive:
        # Helm looks for Chart.yaml first, and so do people who list an archive.
        for name in sorted(files, key=lambda name: (name != "Chart.yaml", name)):
            entry = tarfile.TarInfo(f"{facts.name}/{name}")
            entry.size, entry.mode = len(files[name]), _FILE_MODE
            archive.addfile(entry, io.BytesIO(files[name]))
    return gzip.compress(unpacked.getvalue(), mtime=0)


def ignoring(rules: str) -> Ignored:
    """What a `.helmignore` leaves out: a function of a path below the chart and of whether it is a folder.

    Raises:
        BadChart: a rule is none that Helm knows.
    """
    patterns = []
    for line in rules.splitlines():
        rule = line.strip()
        if not rule or rule.startswith("#"):
            continue
        if "**" in rule:
            raise BadChart("has a .helmignore with `**`, which Helm does not know")
        wanted = not rule.startswith("!")
        patterns.append((rule.removeprefix("!"), wanted))

    def ignored(path: str, folder: bool) -> bool:  # noqa: FBT001 - said by position, as in Helm's rules
        return any(_matches(rule, path, folder=folder) is wanted for rule, wanted in patterns)

    return ignored


def _matches(rule: str, path: str, *, folder: bool) -> bool:
    rule, only_folders = rule.rstrip("/"), rule.endswith("/")
    if only_folders and not folder:
        return False
    if "/" not in rule:
        return fnmatchcase(path.rpartition("/")[2], rule)
    parts, names = rule.strip("/").split("/"), path.split("/")
    # A star stands for anything within one name.
    return len(parts) == len(names) and all(map(fnmatchcase, names, parts))
