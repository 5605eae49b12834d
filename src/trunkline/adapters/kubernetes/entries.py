"""Typed reading of one named entry (cluster, user or context) of a kubeconfig; mistakes name file and key, never values."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.errors import UsageError

_LARGEST = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """The mapping of one entry, the file that it stands in, and what messages call it (`user 'ci'`)."""

    values: Mapping[str, Any]
    file: Path
    name: str

    def mistake(self, text: str, hint: str = "") -> UsageError:
        """The error for a mistake in this entry."""
        return UsageError(
            f"{self.name} in {self.file} {text}.", hint or f"Correct {self.file}, or choose another context."
        )

    def text(self, key: str) -> str:
        """The text under `key`, empty where there is none."""
        value = self.values.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.mistake(f"has a {key} that is not text")
        return value

    def flag(self, key: str) -> bool:
        """Whether `key` is set to true."""
        value = self.values.get(key)
        if value is None or isinstance(value, bool):
            return bool(value)
        raise self.mistake(f"has a {key} that is neither true nor false")

    def child(self, key: str) -> Entry | None:
        """The mapping under `key`, as an entry of the same name."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.mistake(f"has a {key} that is not a mapping")
        return Entry(value, self.file, f"{key} of {self.name}")

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts under `key`, empty where there is none."""
        value = self.values.get(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.mistake(f"has a {key} that is not a list of texts")
        return tuple(value)

    def path(self, key: str) -> Path | None:
        """The file that `key` names; a relative one lies beside the kubeconfig."""
        value = self.text(key)
        return self.file.parent / value if value else None

    def pem(self, key: str) -> str:
        """The PEM text under `KEY-data` (base64), or in the file that `KEY` names; empty where there is neither."""
        encoded = self.text(f"{key}-data")
        if encoded:
            try:
                return base64.b64decode("".join(encoded.split()), validate=True).decode("ascii")
            except (binascii.Error, ValueError):
                # From None: the exception holds the data, which may be a private key.
                raise self.mistake(f"has a {key}-data that is not PEM in base64") from None
        path = self.path(key)
        return self.read(path, key) if path else ""

    def read(self, path: Path, key: str) -> str:
        """The text of a file that this entry refers to."""
        try:
            return read_text(path)
        except OSError as error:
            raise self.mistake(
                f"names the {key} {path}, which cannot be read: {error.strerror or error}"
            ) from error
        except ValueError:
            raise self.mistake(f"names the {key} {path}, which is not text") from None


def read_text(path: Path) -> str:
    """The text of a small file.

    Raises:
        OSError: it cannot be read, or is far too large to be what it should be.
        ValueError: it is not UTF-8.
    """
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise OSError(0, f"it is larger than {_LARGEST // 1024 // 1024} MiB")
    return data.decode("utf-8")
