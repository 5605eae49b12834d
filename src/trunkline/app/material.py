"""Fetching what goes into a release: the chart and its values layers, fingerprinted.

Who follows another environment gets the very bytes that ran there: the exact version of the chart, the version of a
layer that S3 or git keeps. Where those cannot be had any more nothing is deployed in their place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from trunkline.config.project import Environment, Project
from trunkline.domain.ingredients import ChartOrigin, Ingredients, LayerOrigin
from trunkline.domain.values.encryption import is_encrypted
from trunkline.errors import UsageError
from trunkline.expressions import expression
from trunkline.plan.releases import Material, Precedent
from trunkline.ports import World
from trunkline.ports.sources import Fetched, FetchedChart

_FIELD = expression(r"^(name|version):\s*[\"']?([^\s\"'#]+)", re.MULTILINE)
# As much of a digest as tells two apart for people.
_SHOWN = 12


@contextmanager
def gathered(
    world: World, environment: Environment, precedent: Precedent | None = None
) -> Iterator[Material]:
    """The chart and the values layers of an environment; copies are gone after the block.

    Args:
        world: where they come from.
        environment: whose layers.
        precedent: the environment before it, whose chart and shared layers are taken over.

    Raises:
        UsageError: something is not where the configuration says, or is not what the precedent ran.
        Unreachable: the storage does not answer.
    """
    with ExitStack() as kept:
        directory = kept.enter_context(TemporaryDirectory(prefix="trunkline-"))
        yield gather(world, environment, Path(directory), precedent, kept)


def gather(
    world: World,
    environment: Environment,
    into: Path,
    precedent: Precedent | None = None,
    kept: ExitStack | None = None,
) -> Material:
    """As `gathered`, into a directory of the caller's; `kept` holds what was decrypted."""
    path, chart = _chart(world, into, precedent)
    copies, layers, encrypted = [], [], set()
    for number, name in enumerate(environment.values):
        place = into / f"values-{number}"
        place.mkdir()
        copy, layer = _layer(world, name, place, precedent)
        content = copy.read_bytes()
        if kept is not None and is_encrypted(content):
            copy = kept.enter_context(world.decryptor.decrypted(content, name))
            encrypted.add(name)
        copies.append(copy)
        layers.append(layer)
    return Material(path, tuple(copies), Ingredients(chart, tuple(layers)), frozenset(encrypted))


def _chart(world: World, into: Path, precedent: Precedent | None) -> tuple[Path, ChartOrigin]:
    settings = world.project.chart
    known = precedent.ingredients.chart if precedent else None
    if settings.path:
        fetched = _folder(world)
    else:
        repository = _at(_location(world.project, settings.repository), known.commit if known else "")
        version = known.version if known else settings.version
        keyring = str(world.project.root / settings.keyring) if settings.keyring else ""
        wanted = replace(settings, repository=repository, version=version, keyring=keyring)
        fetched = world.storage.chart(wanted, into)
    found = _origin(fetched)
    if precedent is None or known is None or found.digest == known.digest:
        return fetched.path, found
    if settings.path and (then := world.source.export(precedent.commit, settings.path, into / "then")):
        exported = FetchedChart(then, fetched.address)
        found = _origin(exported)
        if found.digest == known.digest:
            return exported.path, found
    raise _another(
        precedent, f"the chart {known}", known.digest, f"{fetched.address} ({found})", found.digest
    )


def _folder(world: World) -> FetchedChart:
    settings = world.project.chart
    path = world.project.root / settings.path
    if not path.exists():
        raise UsageError(f"There is no chart at {path}.", f"Correct `chart.path` in {world.project.source}.")
    return FetchedChart(path, f"path:{settings.path}")


def _layer(world: World, name: str, place: Path, precedent: Precedent | None) -> tuple[Path, LayerOrigin]:
    location = world.project.values_location
    known = precedent.ingredients.layer(name) if precedent else None
    copy = _copy(world, name, place, known.version if known else "")
    found = _layer_origin(name, copy)
    if precedent is None or known is None or found.digest == known.digest:
        return copy.path, found
    if "://" not in location:
        inside = str(Path(location) / name)
        if then := world.source.export(precedent.commit, inside, place / "then"):
            exported = Fetched(then, copy.address)
            found = _layer_origin(name, exported)
            if found.digest == known.digest:
                return exported.path, found
    raise _another(precedent, f"the values layer {name}", known.digest, copy.address, found.digest)


def _copy(world: World, name: str, place: Path, version: str) -> Fetched:
    """The layer as that version has it; as it is now where there is no such version any more."""
    location = _location(world.project, world.project.values_location)
    if version:
        try:
            return world.storage.fetch(location, name, place, version)
        except UsageError:
            # Versions end by a bucket's rules; the bytes may be the same all the same, which their digest tells.
            pass
    return world.storage.fetch(location, name, place)


def _another(precedent: Precedent, what: str, wanted: str, address: str, found: str) -> UsageError:
    there = precedent.environment
    return UsageError(
        f"{there} ran commit {precedent.commit[:7]} with {what} of sha256:{wanted[:_SHOWN]}, "
        f"and {address} holds sha256:{found[:_SHOWN]} now: it was never tried.",
        f"Try it first: trunkline release {there}",
    )


def _at(repository: str, commit: str) -> str:
    """A git repository at a commit, whatever branch or tag it is asked for; any other one as it is."""
    return (
        f"{repository.partition('?')[0]}?ref={commit}"
        if commit and repository.startswith("git+")
        else repository
    )


def _location(project: Project, location: str) -> str:
    """A relative directory starts from the project's own."""
    return location if "://" in location else str(project.root / location)


def _layer_origin(name: str, copy: Fetched) -> LayerOrigin:
    digest = hashlib.sha256(copy.path.read_bytes()).hexdigest()
    return LayerOrigin(name, digest, copy.address, copy.version)


def _origin(chart: FetchedChart) -> ChartOrigin:
    fields = dict(_FIELD.findall(chart_file(chart.path, "Chart.yaml")))
    name, version = fields.get("name", chart.path.name), fields.get("version", "?")
    return ChartOrigin(name, version, _digest(chart.path), chart.address, chart.commit)


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


def holds_file(chart: Path, name: str) -> bool:
    """Whether a chart, or one of its subcharts, has a file of that name at its top.

    Raises:
        UsageError: it is no chart.
    """
    if chart.is_dir():
        return any(path.is_file() for path in (*chart.glob(name), *chart.glob(f"charts/**/{name}"))) or any(
            holds_file(packed, name) for packed in chart.glob("charts/*.tgz")
        )
    import tarfile  # noqa: PLC0415 - as above
    import zlib  # noqa: PLC0415 - as above

    try:
        with tarfile.open(chart) as archive:
            # A packed subchart may hold one, too; to look is cheaper than to be wrong.
            return any(item.endswith((f"/{name}", ".tgz")) for item in archive.getnames())
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise _no_chart(chart, error) from error


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
