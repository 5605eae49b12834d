"""Rebuilds the index of a chart repository from what is really there, many archives at a time.

An archive whose object bears its chart's metadata is not opened. The index is read before the files are listed, and
files are listed after their entries stood in it: what the index knew and the listing lacks is gone, and whatever
another push or delete did to the index meanwhile is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from trunkline.app.charts import INDEX, Repository, change, read_index
from trunkline.dataclass import dataclass
from trunkline.domain.charts.archives import BadChart, open_archive
from trunkline.domain.charts.index import Entry, Index, Key, key_of, new_entry
from trunkline.domain.charts.metadata import ChartFacts, chart_facts
from trunkline.errors import UsageError
from trunkline.expressions import expression
from trunkline.ports.sources import Listed

_WORKERS = 16
_SHA256 = expression(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Reindexed:
    """What rebuilding an index found.

    Attributes:
        charts: versions in the index now.
        added: archives that it lacked.
        dropped: archives that it named and that are not there.
        opened: archives that had to be read, since their objects bear no metadata.
        skipped: archives that are none, with the reason.
    """

    address: str
    charts: int
    added: tuple[str, ...]
    dropped: tuple[str, ...]
    opened: int
    skipped: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    entry: Entry | None
    opened: bool = False
    trouble: str = ""


def reindex(repository: Repository) -> Reindexed:
    """Make the index say what is there; `created` stays as it was where the index knew the archive.

    Raises:
        Locked: others changed the index all the time.
        UsageError, Unreachable: there is no such place, or it does not answer.
    """
    store = repository.store
    try:
        known = read_index(repository) or Index()
        readable = True
    except UsageError:
        # An index that nobody can read is the reason to rebuild it.
        known, readable = Index(), False
    archives = [item for item in store.listed() if item.name.endswith(".tgz")]
    with ThreadPoolExecutor(_WORKERS) as workers:
        looked = list(workers.map(lambda item: _look(repository, item), archives))
    found = {key_of(item.entry): _dated(item.entry, known) for item in looked if item.entry is not None}
    if not readable:
        store.remove(INDEX)
    before: set[Key] = set()

    def merged(index: Index) -> Index:
        before.clear()
        before.update(index.entries)
        # Whoever deleted a version took it out of the index first, and means it.
        forgotten = {key for key in known.entries if key not in index.entries}
        # What has come since we read the index is the pushers' own and newer than our listing.
        put = [entry for key, entry in found.items() if key not in forgotten and _ours(key, known, index)]
        lost = [
            key for key in known.entries if key not in found and index.entries.get(key) == known.entries[key]
        ]
        return index.changed(put, lost)

    index = change(repository, merged)
    here = {item.name for item in store.listed()}
    vanished = [key for key in found if _name(key) not in here]
    if vanished:
        index = change(repository, lambda index: index.changed(drop=vanished))
    return Reindexed(
        store.address(INDEX),
        len(index.entries),
        _names(index.entries.keys() - before),
        _names(before - index.entries.keys()),
        sum(item.opened for item in looked),
        tuple(item.trouble for item in looked if item.trouble),
    )


def _ours(key: Key, known: Index, index: Index) -> bool:
    return index.entries.get(key) == known.entries.get(key)


def _dated(entry: Entry, known: Index) -> Entry:
    """The entry with what the index said of the same archive, beyond what can be read out of it."""
    old = known.entries.get(key_of(entry), {})
    if old.get("digest") not in (None, entry["digest"]):
        return entry
    kept = {name: value for name, value in old.items() if name not in entry or name == "created"}
    return {**entry, **kept}


def _look(repository: Repository, item: Listed) -> _Found:
    look = repository.store.look(item.name)
    if look is None:
        return _Found(None)
    digest = look.metadata.get("chart-digest", "").lower()
    facts = _described(look.metadata.get("chart-metadata", ""), item.name)
    opened = facts is None or not _SHA256.fullmatch(digest)
    if facts is None or opened:
        file = repository.store.read(item.name)
        if file is None:
            return _Found(None)
        try:
            archive = open_archive(file.content)
        except BadChart as error:
            return _Found(None, opened, f"{repository.store.address(item.name)} {error}.")
        facts, digest = archive.facts, archive.digest
        if facts.archive != item.name:
            trouble = f"{repository.store.address(item.name)} holds {facts.name} {facts.version}, whose file is {facts.archive}."
            return _Found(None, opened, trouble)
    return _Found(new_entry(facts, digest, repository.url(item.name), look.modified), opened)


def _described(text: str, name: str) -> ChartFacts | None:
    """The metadata on an object, if they are of this very archive."""
    try:
        facts = chart_facts(json.loads(text)) if text else None
    except (ValueError, RecursionError):
        return None
    return facts if facts and facts.archive == name else None


def _name(key: Key) -> str:
    return f"{key[0]}-{key[1]}.tgz"


def _names(keys: Iterable[Key]) -> tuple[str, ...]:
    return tuple(sorted(map(_name, keys)))
