"""A part of a JSON document together with where it is, so that a mistake in it can be told in one sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any

from trunkline.domain.texts import cut, one_line
from trunkline.domain.vulnerabilities.findings import Severity

_LONGEST = 4000
_LONGEST_NAME = 80
_WORST_SCORE = 10
_SEVERITIES = {
    **{severity.value: severity for severity in Severity},
    "none": Severity.NEGLIGIBLE,
    "minimal": Severity.NEGLIGIBLE,
    "unimportant": Severity.NEGLIGIBLE,
    "moderate": Severity.MEDIUM,
    "important": Severity.HIGH,
}


class Part:
    """One object of the document; what is missing or null in it is empty."""

    def __init__(self, value: Any, where: str) -> None:
        """Raises ValueError for anything but an object or null."""
        if value is not None and not isinstance(value, Mapping):
            raise ValueError(f"{where} is not an object")
        self._value: Mapping[Any, Any] = {} if value is None else value
        self.where = where

    def __contains__(self, key: str) -> bool:
        return self._value.get(key) is not None

    def raw(self, key: str) -> Any:
        """Whatever is there."""
        return self._value.get(key)

    def part(self, key: str) -> Part:
        """An object in it.

        Raises:
            ValueError: something else is there.
        """
        return Part(self._value.get(key), self._at(key))

    def named_parts(self) -> Iterator[tuple[str, Part]]:
        """The objects in it, each with its key.

        Raises:
            ValueError: one of them is something else.
        """
        for key, value in self._value.items():
            name = one_line(str(key), _LONGEST_NAME)
            yield name, Part(value, self._at(name))

    def items(self, key: str) -> list[Any]:
        """A list in it.

        Raises:
            ValueError: something else is there.
        """
        value = self._value.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise ValueError(f"{self._at(key)} is not a list")  # noqa: TRY004 - the document is wrong, not the call
        return value

    def parts(self, key: str) -> list[Part]:
        """A list of objects in it.

        Raises:
            ValueError: something else is there.
        """
        return [Part(item, f"{self._at(key)}[{number}]") for number, item in enumerate(self.items(key))]

    def text(self, key: str) -> str:
        """A text in it, on one line, without control characters, and cut where it is very long.

        Raises:
            ValueError: something else is there.
        """
        return _line(self._value.get(key), self._at(key))

    def passage(self, key: str) -> str:
        """A text in it that may have many lines.

        Raises:
            ValueError: something else is there.
        """
        return cut(_text(self._value.get(key), self._at(key)), _LONGEST).strip()

    def name(self, key: str) -> str:
        """A text that must be there.

        Raises:
            ValueError: it is not, or it is no text.
        """
        text = self.text(key)
        if not text:
            raise ValueError(f"{self._at(key)} is missing")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts in it, those left out that are empty.

        Raises:
            ValueError: something else is there.
        """
        texts = (_line(item, f"{self._at(key)}[{number}]") for number, item in enumerate(self.items(key)))
        return tuple(text for text in texts if text)

    def score(self, key: str) -> float | None:
        """A CVSS score in it, as a number or spelled; None for 0, which scanners write where they know none.

        Raises:
            ValueError: something else is there.
        """
        value = self._value.get(key)
        if isinstance(value, str):
            value = _number(value, self._at(key)) if value.strip() else None
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _WORST_SCORE:
            raise ValueError(f"{self._at(key)} is not a score from 0 to {_WORST_SCORE}")
        return float(value) or None

    def severity(self, key: str) -> Severity:
        """A severity in it; `unknown` for a word that is none.

        Raises:
            ValueError: something else than a text is there.
        """
        return severity_named(self.text(key))

    def day(self, key: str) -> date | None:
        """The day of a timestamp in it; None for a text that is none.

        Raises:
            ValueError: something else than a text is there.
        """
        moment = self.moment(key)
        return None if moment is None else moment.date()

    def moment(self, key: str) -> datetime | None:
        """A timestamp in it, in UTC; None for a text that is none.

        Raises:
            ValueError: something else than a text is there.
        """
        text = self.text(key)
        try:
            moment = datetime.fromisoformat(text)
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            found = aware.astimezone(UTC)
        except (ValueError, OverflowError):
            return None
        # Go's zero time, which stands for none.
        return found if found.year > 1 else None

    def _at(self, key: str) -> str:
        # A key is the document's, which may hold anything; where it stands is told to a person.
        shown = "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in key)
        return f"{self.where}.{shown}" if self.where else shown


def severity_named(word: str) -> Severity:
    """The severity that a scanner or a distribution calls so, in capitals or not; `unknown` for any other word."""
    return _SEVERITIES.get(word.strip().lower(), Severity.UNKNOWN)


def worst(scores: list[float | None]) -> float | None:
    """The highest of the scores that there are."""
    return max((score for score in scores if score is not None), default=None)


def digests_in(references: tuple[str, ...]) -> tuple[str, ...]:
    """The digests of references such as `quay.io/acme/web@sha256:...`, each once, in their order."""
    return tuple(dict.fromkeys(text.rpartition("@")[2] for text in references if "@" in text))


def _text(value: Any, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"{where} is not a text")  # noqa: TRY004 - the document is wrong, not the call
    return value


def _line(value: Any, where: str) -> str:
    return one_line(_text(value, where), _LONGEST)


def _number(text: str, where: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{where} is not a number") from None
