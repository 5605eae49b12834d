"""A workflow as a graph: its jobs by the names that others require them by, and what comes before what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field

from trunkline.config.circleci.tree import child, entries, is_templated, items, text
from trunkline.config.mistakes import Spot
from trunkline.config.yaml_positions import Entry, Mapping, Node, Scalar, Sequence
from trunkline.dataclass import dataclass


@dataclass(slots=True)
class Need:
    """What a job requires.

    Attributes:
        statuses: those that it must have; empty for success.
    """

    name: str
    spot: Spot
    statuses: tuple[Scalar, ...] = ()

    @property
    def on_success(self) -> bool:
        """Whether it lets on only what went well."""
        return not self.statuses or all(text(item) == "success" for item in self.statuses)


@dataclass(slots=True)
class Step:
    """A job's place in a workflow.

    Attributes:
        job: the job that it runs.
        name: what it is required by; with `<<` in it where a matrix fills it in.
        settings: what stands below it.
    """

    job: str
    name: str
    spot: Spot
    settings: Mapping
    needs: tuple[Need, ...] = ()

    @property
    def approval(self) -> bool:
        """Whether a person gives it."""
        return text(child(self.settings, "type")) == "approval"

    @property
    def matrix(self) -> Node | None:
        """What multiplies it."""
        return child(self.settings, "matrix")

    def answers_to(self, name: str) -> bool:
        """Whether it is meant by a name."""
        if name in (self.name, text(child(self.matrix, "alias"))):
            return True
        if is_templated(child(self.settings, "name")):
            pattern = ".+".join(map(re.escape, re.split(r"<<.*?>>", self.name)))
            return re.fullmatch(pattern, name) is not None
        # A matrix makes job-value of job, and a job that is there twice is job-1 and job-2.
        begins = name.startswith(f"{self.name}-")
        return begins and (self.matrix is not None or name[len(self.name) + 1 :].isdigit())


@dataclass(slots=True)
class Workflow:
    """One workflow."""

    name: str
    spot: Spot
    node: Mapping
    steps: list[Step] = field(default_factory=list)

    def found(self, name: str) -> list[Step]:
        """The jobs that a name means."""
        exact = [step for step in self.steps if step.name == name]
        return exact or [step for step in self.steps if step.answers_to(name)]

    def before(self, step: Step, *, on_success: bool = False) -> list[Step]:
        """All that comes before a job, however far back; with `on_success` only what must have gone well."""
        seen: list[Step] = []
        waiting = [step]
        while waiting:
            for need in waiting.pop().needs:
                if on_success and not need.on_success:
                    continue
                for other in self.found(need.name):
                    if not any(other is known for known in seen):
                        seen.append(other)
                        waiting.append(other)
        return seen


def workflows_of(root: Mapping) -> Iterator[Workflow]:
    """The workflows of a file, as far as they can be read."""
    for name, entry in entries(child(root, "workflows")).items():
        if name != "version" and isinstance(entry.value, Mapping):
            steps = [step for item in items(child(entry.value, "jobs")) if (step := _step(item)) is not None]
            yield Workflow(name, entry.spot, entry.value, steps)


def _step(item: Node) -> Step | None:
    match item:
        case Scalar():
            name = text(item)
            return Step(name, name, item.spot, Mapping(item.spot)) if name else None
        case Mapping() if len(item.entries) == 1:
            ((job, entry),) = item.entries.items()
            settings = entry.value if isinstance(entry.value, Mapping) else Mapping(entry.spot)
            name = text(child(settings, "name")) or job
            return Step(job, name, entry.spot, settings, tuple(_needs(settings)))
        case _:
            return None


def _needs(settings: Mapping) -> Iterator[Need]:
    for item in items(child(settings, "requires")):
        match item:
            case Scalar() if text(item) and not is_templated(item):
                yield Need(text(item), item.spot)
            case Mapping():
                for name, entry in item.entries.items():
                    yield Need(name, entry.spot, tuple(_statuses(entry)))
            case _:
                continue


def _statuses(entry: Entry) -> Iterator[Scalar]:
    values = entry.value.items if isinstance(entry.value, Sequence) else [entry.value]
    yield from (item for item in values if isinstance(item, Scalar))
