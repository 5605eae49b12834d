"""Scenarios: what becomes of a scan from look to look, as files in `scenarios/` tell it.

looks:                       one step after another, the last one stays
- state: queued
times: 2                 for so many looks (1 when left out) ...
- error: limited
seconds: 30              ... or for so long since its first look
retry_after: 5
- state: scanned
packages: 3              packages without findings
findings: [{id: CVE-2026-1, package: zlib, version: "1.2", severity: High, score: 7.5, fixed: "1.3"}]
platforms:                   instead of `looks`, for an index
linux/amd64: [{state: scanned}]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

STATES = frozenset({"queued", "scanned", "failed", "unsupported", "manifest_layer_too_large"})
ERRORS = frozenset(
    {
        "limited",
        "scanner-down",
        "broken",
        "unavailable",
        "page",
        "login",
        "truncated",
        "cut",
        "dropped",
        "no-quay",
    }
)
_STEP = frozenset({"state", "error", "times", "seconds", "delay_s", "retry_after", "packages", "findings"})
_FINDING = frozenset(
    {"id", "package", "version", "severity", "score", "vector", "fixed", "link", "layer", "description"}
)
_FOLDER = Path(__file__).with_name("scenarios")


@dataclass(frozen=True, slots=True)
class Step:
    """What a look sees; see the module."""

    state: str = ""
    error: str = ""
    times: int = 1
    seconds: float = 0.0
    delay_s: float = 0.0
    retry_after: int | None = None
    packages: int = 0
    findings: Sequence[Mapping[str, Any]] = ()

    def __post_init__(self) -> None:
        assert (self.state in STATES) != (self.error in ERRORS), f"{self} needs a known state or error"
        for finding in self.findings:
            assert set(finding) <= _FINDING, f"{sorted(set(finding) - _FINDING)} is nothing of a finding"


@dataclass(frozen=True, slots=True)
class Scenario:
    """The steps of an image; of an index those of its platforms."""

    looks: tuple[Step, ...] = ()
    platforms: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)


class Played:
    """A scenario on its way: which step each look sees."""

    def __init__(self, steps: Sequence[Step]) -> None:
        assert steps, "a scenario needs a step"
        self._steps = list(steps)
        self._seen = 0
        self._since: float | None = None

    def look(self, now: float) -> Step:
        """The step that is on, at a moment in seconds."""
        while len(self._steps) > 1 and self._is_over(now):
            self._steps.pop(0)
            self._seen, self._since = 0, None
        self._seen += 1
        self._since = now if self._since is None else self._since
        return self._steps[0]

    def _is_over(self, now: float) -> bool:
        step = self._steps[0]
        if step.seconds:
            return self._since is not None and now - self._since >= step.seconds
        return self._seen >= step.times


def scenario(name: str) -> Scenario:
    """One of `scenarios/`, or any file."""
    path = Path(name) if name.endswith((".yaml", ".yml", ".json")) else _FOLDER / f"{name}.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(content, dict), f"{path} is no mapping"
    assert len(content) == 1, f"{path} needs either looks or platforms"
    if "looks" in content:
        return Scenario(tuple(_steps(content["looks"], path)))
    platforms = content["platforms"].items()
    return Scenario(platforms={platform: tuple(_steps(steps, path)) for platform, steps in platforms})


def names() -> list[str]:
    """Those that come with the stand-in."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def _steps(items: Sequence[Mapping[str, Any]], path: Path) -> Iterator[Step]:
    for item in items:
        assert set(item) <= _STEP, f"{path}: {sorted(set(item) - _STEP)} is nothing of a step"
        yield Step(**item)
