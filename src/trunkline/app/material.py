"""Fetching what goes into a release: the chart and its values layers, fingerprinted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from trunkline.config.project import Environment, Project
from trunkline.domain.ingredients import ChartOrigin, Ingredients, LayerOrigin
from trunkline.errors import UsageError
from trunkline.plan.releases import Material
from trunkline.ports import World
from trunkline.ports.sources import FetchedChart

_FIELD = re.compile(r"^(name|version):\s*[\"']?([^\s\"'#]+)", re.MULTILINE)


@contextmanager
def gathered(world: World, environment: Environment) -> Iterator[Material]:
    """The chart and the values layers of an environment; copies are gone after the block.

    Raises:
        UsageError: something is not where the configuration says. Unreachable: the storage does not answer.
    """
    with TemporaryDirectory(prefix="trunkline-") as directory:
        yield gather(world, environment, Path(directory))


def gather(world: World, environment: Environment, into: Path) -> Material:
    """As `gathered`, into a directory of the caller's."""
    project = world.project
    chart = _chart(world, into)
    location = _location(project, project.values_location)
    copies, layers = [], []
    for number, name in enumerate(environment.values):
        place = into / f"values-{number}"
        place.mkdir()
        copy = world.storage.fetch(location, name, place)
        copies.append(copy.path)
        digest = hashlib.sha256(copy.path.read_bytes()).hexdigest()
        layers.append(LayerOrigin(name, digest, copy.address, copy.version))
    return Material(chart.path, tuple(copies), Ingredients(_origin(chart), tuple(layers)))


def _chart(world: World, into: Path) -> FetchedChart:
    settings = world.project.chart
    if settings.path:
        path = world.project.root / settings.path
        if not path.exists():
            raise UsageError(
                f"There is no chart at {path}.", f"Correct `chart.path` in {world.project.source}."
            )
        return FetchedChart(path, f"path:{settings.path}")
    repository = _location(world.project, settings.repository)
    return world.storage.chart(replace(settings, repository=repository), into)


def _location(project: Project, location: str) -> str:
    """A relative directory starts from the project's own."""
    return location if "://" in location else str(project.root / location)


def _origin(chart: FetchedChart) -> ChartOrigin:
    fields = dict(_FIELD.findall(chart_file(chart.path, "Chart.yaml")))
    name, version = fields.get("name", chart.path.name), fields.get("version", "?")
    return ChartOrigin(name, version, _digest(chart.path), chart.address)


def _digest(chart: Path) -> str:
    if chart.is_file():
        return hashlib.sha256(chart.read_bytes()).hexdigest()
    content = hashlib.sha256()
    for path in sorted(path for path in chart.rglob("*") if path.is_file()):
        content.update(f"{path.relative_to(chart)}\0".encode())
        content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()


def chart_file(chart: Path, name: str) -> str:
    """The text of a file at the top of a chart's directory or archive.

    Raises:
        UsageError: the chart has no such file, or is no chart.
    """
    if chart.is_dir():
        try:
            return (chart / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _no_chart(chart, error) from error
    return _archived(chart, name)


def _archived(chart: Path, name: str) -> str:
    import tarfile  # noqa: PLC0415 - most charts of a repository of one's own are directories
    import zlib  # noqa: PLC0415 - as above

    try:
        with tarfile.open(chart) as archive:
            for member in archive:
                if member.name.count("/") == 1 and member.name.endswith(f"/{name}"):
                    file = archive.extractfile(member)
                    return file.read().decode("utf-8") if file else ""
    except (OSError, EOFError, zlib.error, tarfile.TarError, UnicodeDecodeError) as error:
        raise _no_chart(chart, error) from error
    raise UsageError(f"{chart} holds no {name}.", "Check the chart's archive.")


def _no_chart(chart: Path, error: Exception) -> UsageError:
    return UsageError(f"{chart} is not a Helm chart: {error}.", "Check the chart's path or archive.")
