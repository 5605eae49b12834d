"""A chart repository that many push to at once: push, delete, rebuild and list, without a lost update.

The order makes it safe. An archive is there before the index names it, and the index forgets it before it goes. The
index is changed only as it was read (a conditional write); who comes too late reads it anew, and does its change
again. Whoever has written the index looks once more at the archives that it speaks of, so that of two who replace or
delete the same version the later one leaves a repository that agrees with itself.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence

from trunkline.app.chart_parcels import Parcel
from trunkline.dataclass import dataclass
from trunkline.domain.charts.archives import BadChart, open_archive
from trunkline.domain.charts.index import (
    Entry,
    Index,
    Key,
    key_of,
    new_entry,
    parse_index,
    render_index,
)
from trunkline.domain.charts.metadata import ChartFacts
from trunkline.domain.versions import parse_version
from trunkline.errors import Locked, UsageError
from trunkline.ports import Clock
from trunkline.ports.sources import Changed, ChartStore

INDEX = "index.yaml"
# S3 takes 2 KB of metadata with an object; the S3 plug-in leaves both out above this.
_MOST_METADATA = 1900
_FIRST_WAIT_S = 0.05
_LONGEST_WAIT_S = 2.0
_PATIENCE_S = 300.0
_TURNS = 5

Edit = Callable[[Index], Index]


@dataclass(frozen=True, slots=True)
class Repository:
    """What the deeds here need.

    Attributes:
        relative: whether new entries name their archive by its file name, not by its full address.
        chance: a number from 0 to 1, for waits that do not meet.
    """

    store: ChartStore
    clock: Clock
    relative: bool = False
    chance: Callable[[], float] = random.random

    def url(self, archive: str) -> str:
        """How the index names an archive; a folder has no address that holds elsewhere."""
        address = self.store.address(archive)
        return archive if self.relative or "://" not in address else address


@dataclass(frozen=True, slots=True)
class Pushed:
    """One chart that was pushed; `outcome` is `pushed`, `unchanged` or `replaced`."""

    name: str
    version: str
    digest: str
    address: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Deleted:
    """One version that is gone."""

    name: str
    version: str
    address: str


def push(repository: Repository, parcels: Sequence[Parcel], *, force: bool = False) -> tuple[Pushed, ...]:
    """Bring charts into the repository; all of them are looked at before the first one is written.

    Args:
        repository: where they go.
        parcels: what goes there; one version at most once.
        force: replace a version that is there with other bytes.

    Raises:
        UsageError: a version is there with other bytes, or was replaced meanwhile.
        Locked: others changed the index all the time.
        Unreachable: the storage does not answer, or refuses.
    """
    _require_different(parcels)
    if not force:
        for item in parcels:
            _standing(repository.store, item)
    for _ in range(_TURNS):
        written = [_upload(repository.store, item, force=force) for item in parcels]
        entries = [_entry(repository, item) for item in parcels]
        change(repository, lambda index, entries=entries: index.changed(_new(index, entries)))  # type: ignore[misc]  # a default binds this turn's entries
        gone = False
        for item, (_, mark) in zip(parcels, written, strict=True):
            look = repository.store.look(item.archive.facts.archive)
            if look is None:
                gone = True
            elif look.mark != mark:
                _adopt(repository, item)
        if not gone:
            return tuple(
                _pushed(repository, item, outcome)
                for item, (outcome, _) in zip(parcels, written, strict=True)
            )
    raise _crowded(repository)


def delete(repository: Repository, name: str, version: str) -> Deleted:
    """Take a version out of the index, and then its files away.

    Raises:
        UsageError: there is no such version.
        Locked, Unreachable: as `push`.
    """
    key, archive = (name, version), _archive(name, version)
    known = False

    def without(index: Index) -> Index:
        nonlocal known
        known = known or key in index.entries
        return index.changed(drop=[key])

    change(repository, without)
    store = repository.store
    if store.look(archive) is None and not known:
        raise UsageError(
            f"There is no {store.address(archive)}, nor does the index know it.",
            "`trunkline charts list` shows what there is.",
        )
    store.remove(archive)
    store.remove(f"{archive}.prov")
    # A push of the same version may have found the archive just before it went, and named it in the index since.
    change(repository, lambda index: _only_there(store, index, key))
    return Deleted(name, version, store.address(archive))


def entries(repository: Repository, name: str = "") -> tuple[Entry, ...]:
    """What the index holds, of one chart or of all: by name, the newest version first.

    Raises:
        UsageError: there is no index, or it cannot be read. Unreachable: as `push`.
    """
    store = repository.store
    index = read_index(repository)
    if index is None:
        raise UsageError(
            f"There is no {store.address(INDEX)}.",
            "Push a chart, or make the index: trunkline charts reindex.",
        )
    text = json.loads(render_index(index, repository.clock.now()))
    return tuple(entry for chart, found in text["entries"].items() if name in ("", chart) for entry in found)


def read_index(repository: Repository) -> Index | None:
    """The index, or None where there is none.

    Raises:
        UsageError: it cannot be read. Unreachable: as `push`.
    """
    return _read(repository)[0]


def change(repository: Repository, edit: Edit) -> Index:
    """Change the index; `edit` is called anew for each try, with what stands there then.

    Raises:
        Locked: others changed it all the time. UsageError, Unreachable: as `push`.
    """
    clock, store = repository.clock, repository.store
    deadline = clock.monotonic() + _PATIENCE_S
    wait_s = _FIRST_WAIT_S
    while True:
        before, mark = _read(repository)
        after = edit(before or Index())
        if before is not None and after == before:
            return after
        if before is None and not after.entries:
            return after
        try:
            store.write(INDEX, render_index(after, clock.now()).encode(), {}, mark)
        except Changed:
            if clock.monotonic() >= deadline:
                raise _crowded(repository) from None
        else:
            return after
        clock.sleep(wait_s * repository.chance())
        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)


def object_metadata(facts: ChartFacts, digest: str) -> dict[str, str]:
    """What the S3 plug-in leaves on an archive, so that an index can be rebuilt without opening it."""
    found = {"chart-metadata": json.dumps(facts.fields, separators=(",", ":")), "chart-digest": digest}
    return found if sum(len(key) + len(value) for key, value in found.items()) <= _MOST_METADATA else {}


def _read(repository: Repository) -> tuple[Index | None, str]:
    file = repository.store.read(INDEX)
    if file is None:
        return None, ""
    try:
        return parse_index(file.content.decode("utf-8")), file.mark
    except ValueError as error:
        reason = "it is no UTF-8 text" if isinstance(error, UnicodeDecodeError) else error
        raise UsageError(
            f"{repository.store.address(INDEX)} cannot be read: {reason}.",
            "Rebuild it: trunkline charts reindex.",
        ) from None


def _require_different(parcels: Sequence[Parcel]) -> None:
    seen: dict[str, str] = {}
    for item in parcels:
        facts, digest = item.archive.facts, item.archive.digest
        if seen.setdefault(facts.archive, digest) != digest:
            raise UsageError(
                f"{facts.name} {facts.version} is to be pushed twice, with different bytes.",
                "Name one of the two.",
            )


def _standing(store: ChartStore, item: Parcel) -> str | None:
    """The mark of these very bytes in the repository, or None where nothing stands in their place."""
    archive = item.archive
    file = store.read(archive.facts.archive)
    if file is None:
        return None
    if file.content == archive.content:
        return file.mark
    raise UsageError(
        f"{store.address(archive.facts.archive)} is there already, with other bytes than the {archive.digest[:12]} that are to be pushed.",
        "Give the chart a new version; --force replaces what others may have deployed.",
    )


def _upload(store: ChartStore, item: Parcel, *, force: bool) -> tuple[str, str]:
    """What became of the archive, and its mark."""
    archive = item.archive
    name, metadata = archive.facts.archive, object_metadata(archive.facts, archive.digest)
    outcome, mark = "pushed", ""
    for _ in range(_TURNS):
        if force:
            standing = store.read(name)
            same = standing is not None and standing.content == archive.content
            outcome = "unchanged" if same else "replaced" if standing else "pushed"
            mark = standing.mark if standing and same else store.write(name, archive.content, metadata)
            break
        try:
            mark = store.write(name, archive.content, metadata, "")
            break
        except Changed:
            found = _standing(store, item)
            if found is not None:
                outcome, mark = "unchanged", found
                break
    if item.provenance:
        store.write(f"{name}.prov", item.provenance, {})
    elif outcome == "replaced":
        # It signs what is no longer there.
        store.remove(f"{name}.prov")
    return outcome, mark


def _entry(repository: Repository, item: Parcel) -> Entry:
    archive = item.archive
    url = repository.url(archive.facts.archive)
    return new_entry(archive.facts, archive.digest, url, repository.clock.now())


def _new(index: Index, found: Sequence[Entry]) -> list[Entry]:
    """Those that the index does not hold already, with these bytes."""
    standing = (index.entries.get(key_of(entry), {}) for entry in found)
    return [entry for entry, old in zip(found, standing, strict=True) if old.get("digest") != entry["digest"]]


def _adopt(repository: Repository, item: Parcel) -> None:
    """Let the index say what another push has put in our archive's place."""
    name = item.archive.facts.archive
    file = repository.store.read(name)
    if file is not None:
        try:
            other = Parcel(open_archive(file.content))
        except BadChart as error:
            raise UsageError(
                f"{repository.store.address(name)} {error}.", "Push the chart again, with --force."
            ) from None
        change(repository, lambda index: index.changed(_new(index, [_entry(repository, other)])))
    raise UsageError(
        f"{repository.store.address(name)} was replaced by somebody else meanwhile.",
        "Agree on one of the two, and push it again.",
    )


def _only_there(store: ChartStore, index: Index, key: Key) -> Index:
    lost = key in index.entries and store.look(_archive(*key)) is None
    return index.changed(drop=[key] if lost else [])


def _archive(name: str, version: str) -> str:
    try:
        parse_version(version)
    except ValueError as error:
        raise UsageError(f"The chart version {error}.", "Name one version.") from None
    archive = f"{name}-{version}.tgz"
    if "/" in name or not name.isprintable() or not name:
        raise UsageError(f"{name!r} is no chart's name.", "`trunkline charts list` shows the names.")
    return archive


def _pushed(repository: Repository, item: Parcel, outcome: str) -> Pushed:
    facts = item.archive.facts
    address = repository.store.address(facts.archive)
    return Pushed(facts.name, facts.version, item.archive.digest, address, outcome)


def _crowded(repository: Repository) -> Locked:
    return Locked(
        f"{repository.store.address(INDEX)} was changed by others all the time, for {_PATIENCE_S:.0f} seconds.",
        "Run the command again: what is there already is not pushed twice.",
    )
