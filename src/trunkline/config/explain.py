"""From what pydantic found wrong to sentences with a place; the values that pydantic repeats are not used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel

from trunkline.config.document import Document
from trunkline.config.interpolation import Interpolated
from trunkline.config.mistakes import Mistake, Path, quoted, suggestion
from trunkline.config.rules import MOST_ENVIRONMENTS
from trunkline.config.schema import ProjectFile
from trunkline.domain.redaction import is_secret_name

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

# Pydantic's word for an error in a mapping's key.
_KEY = "[key]"
_SHAPES = {
    "model_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list such as [a, b]",
    "too_short": "at least one environment",
    "too_long": f"at most {MOST_ENVIRONMENTS} environments",
}
# Here a count is wrong, not what was found.
_COUNTS = frozenset({"too_short", "too_long"})


def explain(error: ValidationError, document: Document) -> Iterator[Mistake]:
    """A mistake for each error; those in values that are mistakes already are left out."""
    told = {mistake.path for mistake in document.mistakes}
    for detail in error.errors(include_url=False, include_input=False):
        path: Path = detail["loc"]
        if path in told:
            continue
        match detail["type"]:
            case "missing":
                yield _missing(path, document)
            case "extra_forbidden":
                yield _unknown(path, document)
            case _ if path[-1:] == (_KEY,):
                yield _bad_key(path[:-1], detail, document)
            case _:
                yield _bad_value(path, detail, document)


def _missing(path: Path, document: Document) -> Mistake:
    """The key is not there, so that the mistake stands at the mapping that should hold it."""
    around = path[:-1]
    return Mistake(document.place(around).key, f"the key '{path[-1]}' is missing", around)


def _unknown(path: Path, document: Document) -> Mistake:
    around, key = path[:-1], str(path[-1])
    spot = document.place(path).key
    if around[:1] == ("measure",) and is_secret_name(key):
        what = f"the key {quoted(key)} does not belong here: a secret never stands in a file; set DD_API_KEY in the environment"
        return Mistake(spot, what, around)
    known = list(_fields(around))
    mend = suggestion(key, known) or f"; known here: {', '.join(known)}"
    return Mistake(spot, f"there is no key {quoted(key)}{mend}", around)


def _bad_key(path: Path, detail: ErrorDetails, document: Document) -> Mistake:
    found = f", found {quoted(str(path[-1]))}"
    return Mistake(document.place(path).key, f"expected {_wanted(detail)}{found}", path[:-1])


def _bad_value(path: Path, detail: ErrorDetails, document: Document) -> Mistake:
    # A short spelling (`datadog: false`) stands for keys that the file does not have.
    path = document.known(path)
    place = document.place(path)
    context = detail.get("ctx", {})
    value = _value(document.data, path)
    found = f", found {place.shown}" if place.shown and detail["type"] not in _COUNTS else ""
    mend = context.get("mend", "")
    if isinstance(value, Interpolated):
        found = f"{found} as the environment fills it in" if found else ""
        mend = ""
    elif isinstance(value, str):
        mend = suggestion(value, context.get("choices", ())) or mend
    return Mistake(place.value, f"expected {_wanted(detail)}{found}{mend}", path)


def _wanted(detail: ErrorDetails) -> str:
    # Any other type of error is one that our own kinds of value do not make.
    return _SHAPES.get(detail["type"]) or str(detail.get("ctx", {}).get("what", "another value"))


def _value(data: Any, path: Path) -> Any:
    for part in path:
        try:
            data = data[part]
        except (LookupError, TypeError):
            return None
    return data


def _fields(path: Path) -> Mapping[str, Any]:
    """The keys that the section at `path` knows."""
    model: Any = ProjectFile
    for part in path:
        if isinstance(model, type) and issubclass(model, BaseModel):
            model = _by_key(model)[str(part)].annotation
        else:
            # A mapping of names to sections: the name leads to the section.
            model = get_args(model)[-1]
    return _by_key(model)


def _by_key(section: type[BaseModel]) -> Mapping[str, Any]:
    return {field.alias or name: field for name, field in section.model_fields.items()}
