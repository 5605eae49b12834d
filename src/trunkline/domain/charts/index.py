"""The index of a chart repository, and what pushing, deleting and rebuilding make of it.

It is written as JSON, one version a line: JSON is YAML to Helm and to its S3 plug-in, and it is read forty times as
fast (docs/decisions). It is read in either form. Whatever else stands in it, at the top or in an entry, is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.domain.charts.metadata import TEXTS, ChartFacts
from trunkline.domain.charts.trees import read_yaml
from trunkline.domain.versions import in_order
from trunkline.expressions import expression

Entry = Mapping[str, Any]
Key = tuple[str, str]
_FIRST_PLANE = expression(r"[\x7f-\uffff]")


@dataclass(frozen=True, slots=True)
class Index:
    """A repository's index.

    Attributes:
        entries: by chart and version; a version that stands there twice counts once, the first time, as Helm does it.
        further: what else stands at its top.
    """

    entries: Mapping[Key, Entry] = field(default_factory=dict)
    further: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, put: Iterable[Entry] = (), drop: Iterable[Key] = ()) -> Index:
        """The index with entries put in (in the place of those of the same version) and others dropped."""
        entries = dict(self.entries)
        for key in drop:
            entries.pop(key, None)
        for entry in put:
            entries[key_of(entry)] = entry
        return Index(entries, self.further)


def key_of(entry: Entry) -> Key:
    """Chart and version of an entry."""
    return str(entry.get("name", "")), str(entry.get("version", ""))


def new_entry(facts: ChartFacts, digest: str, url: str, created: datetime) -> dict[str, Any]:
    """The entry of an archive, as Helm writes it."""
    return {**facts.fields, "created": spelled(created), "digest": digest, "urls": [url]}


def spelled(moment: datetime) -> str:
    """A time as RFC 3339 spells it in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def parse_index(text: str) -> Index:
    """Read an index; an empty text is an empty one.

    Raises:
        ValueError: this is no index; the message is the end of a sentence about it.
    """
    content = _content(text.removeprefix("\ufeff"))
    if content is None:
        return Index()
    if not isinstance(content, dict):
        raise ValueError("it is no mapping")  # noqa: TRY004 - what others wrote is a value, not a type of ours
    found = content.get("entries")
    if not isinstance(found, dict | None):
        raise ValueError("its `entries` are no mapping")  # noqa: TRY004 - as above
    entries: dict[Key, Entry] = {}
    for name, versions in (found or {}).items():
        if not isinstance(versions, list | None):
            raise ValueError(f"its entry {name!r} is no list")  # noqa: TRY004 - as above
        for entry in versions or ():
            if not isinstance(entry, dict) or not isinstance(entry.get("version"), str):
                raise ValueError(f"its entry {name!r} holds something that is no version")  # noqa: TRY004 - as above
            entries.setdefault((str(name), entry["version"]), {**entry, **_texts(entry), "name": str(name)})
    return Index(entries, {key: value for key, value in content.items() if key != "entries"})


def render_index(index: Index, generated: datetime) -> str:
    """The index as text: charts by name, their newest version first, a line for each version."""
    charts: dict[str, dict[str, Entry]] = {}
    for (name, version), entry in index.entries.items():
        charts.setdefault(name, {})[version] = entry
    blocks = []
    for name in sorted(charts):
        lines = ",\n".join(_json(charts[name][version]) for version in _newest_first(charts[name]))
        blocks.append(f"{_json(name)}: [\n{lines}\n]")
    top = {"apiVersion": "v1", **index.further, "generated": spelled(generated)}
    head = ",\n".join(f"{_json(key)}: {_json(value)}" for key, value in top.items())
    entries = ",\n".join(blocks)
    return f'{{{head},\n"entries": {{\n{entries}\n}}}}\n' if blocks else f'{{{head},\n"entries": {{}}}}\n'


def _texts(entry: Mapping[str, Any]) -> dict[str, str]:
    """Truth values where Helm wants texts: out of YAML it takes them for such, out of JSON it does not."""
    found = ((key, entry.get(key)) for key in TEXTS)
    return {key: str(value).lower() for key, value in found if isinstance(value, bool)}


def _newest_first(versions: Iterable[str]) -> list[str]:
    texts = list(versions)
    ordered = [version.text for version in in_order(texts)][::-1]
    known = set(ordered)
    return [*ordered, *(text for text in texts if text not in known)]


def _json(value: Any) -> str:
    # A space after the colon: YAML 1.1 wants it, and so do parsers that know JSON only by way of YAML. To these a
    # pair of escapes is two characters, so that what is beyond the first plane stands for itself.
    text = json.dumps(value, ensure_ascii=False, separators=(", ", ": "))
    return _FIRST_PLANE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _content(text: str) -> Any:
    if not text.lstrip().startswith("{"):
        return read_yaml(text, typed=True)
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        # Flow style: YAML that begins as JSON does.
        return read_yaml(text, typed=True)
