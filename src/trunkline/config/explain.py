"""From what was found wrong in the sections to sentences with a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from trunkline.config.document import Document
from trunkline.config.interpolation import Interpolated
from trunkline.config.kinds import Switched
from trunkline.config.mistakes import Mistake, Path, quoted, suggestion
from trunkline.config.schema import ProjectFile
from trunkline.config.sections import Fault, ListOf, MappingOf, Wrong
from trunkline.domain.redaction import is_secret_name

# Where the secret of each sink belongs.
_SECRETS = {
    "webhook": "TRUNKLINE_WEBHOOK_SECRET",
    "notify": "TRUNKLINE_NOTIFY_URLS",
    "otlp": "OTEL_EXPORTER_OTLP_HEADERS",
}


def explain(wrong: Iterable[Wrong], document: Document) -> Iterator[Mistake]:
    """A mistake for each thing that is wrong; those in values that are mistakes already are left out."""
    told = {mistake.path for mistake in document.mistakes}
    for found in wrong:
        if found.path in told:
            continue
        match found.fault:
            case Fault.MISSING:
                yield _missing(found.path, document)
            case Fault.UNKNOWN:
                yield _unknown(found.path, document)
            case Fault.KEY:
                yield _bad_key(found, document)
            case Fault.VALUE | Fault.COUNT:
                yield _bad_value(found, document)


def _missing(path: Path, document: Document) -> Mistake:
    """The key is not there, so that the mistake stands at the mapping that should hold it."""
    around = path[:-1]
    return Mistake(document.place(around).key, f"the key '{path[-1]}' is missing", around)


def _unknown(path: Path, document: Document) -> Mistake:
    around, key = path[:-1], str(path[-1])
    spot = document.place(path).key
    if around[:1] == ("measure",) and is_secret_name(key):
        sink = str(around[2]) if len(around) > 2 else ""  # noqa: PLR2004 - measure.sinks.NAME
        variable = _SECRETS.get(sink, "DD_API_KEY")
        what = f"the key {quoted(key)} does not belong here: a secret never stands in a file; set {variable} in the environment"
        return Mistake(spot, what, around)
    known = _keys(around)
    mend = suggestion(key, known) or f"; known here: {', '.join(known)}"
    return Mistake(spot, f"there is no key {quoted(key)}{mend}", around)


def _bad_key(wrong: Wrong, document: Document) -> Mistake:
    path = wrong.path
    found = f", found {quoted(str(path[-1]))}"
    return Mistake(document.place(path).key, f"expected {wrong.what}{found}", path[:-1])


def _bad_value(wrong: Wrong, document: Document) -> Mistake:
    # A short spelling (`datadog: false`) stands for keys that the file does not have.
    path = document.known(wrong.path)
    place = document.place(path)
    value = _value(document.data, path)
    # Where a count is wrong, it is not the value that is.
    found = f", found {place.shown}" if place.shown and wrong.fault is not Fault.COUNT else ""
    mend = wrong.mend
    if isinstance(value, Interpolated):
        found = f"{found} as the environment fills it in" if found else ""
        mend = ""
    elif isinstance(value, str):
        mend = suggestion(value, wrong.choices) or mend
    return Mistake(place.value, f"expected {wrong.what}{found}{mend}", path)


def _value(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return None
    return data


def _keys(path: Path) -> list[str]:
    """The keys that the section at `path` knows."""
    kind: Any = ProjectFile
    for part in path:
        match kind:
            case MappingOf():
                kind = kind.value
            case ListOf():
                kind = kind.item
            case _:
                kind = kind.keys[str(part)][1].kind
        kind = kind.section if isinstance(kind, Switched) else kind
    return list(kind.keys)
