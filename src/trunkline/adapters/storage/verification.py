"""Verifies an archive before Helm sees it: its digest, that it is this chart, and who signed it.

A chart's provenance is a clear-signed text beside the archive (helm.sh/docs/topics/provenance). It is Helm that
verifies it: no cryptography of our own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from trunkline.dataclass import dataclass
from trunkline.domain.charts.archives import BadChart, look_through
from trunkline.domain.charts.identity import chart_identity
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports import Command, Processes
from trunkline.ports.sources import File

_SHA256 = expression(r"[0-9a-f]{64}")
_VERIFY_S = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """A chart that was found.

    Attributes:
        path: its archive, written for us, or an unpacked chart where it stands.
        address: where it came from, for people.
        provenance: reads what its repository keeps as its `.prov`; None where nothing is kept.
    """

    path: Path
    address: str
    provenance: Callable[[], bytes | None]


def verify(file: File, name: str, version: str, digest: str, address: str) -> None:
    """Refuse what is not the chart `name` in that version.

    Args:
        file: the archive, with what its storage keeps beside it.
        name: the chart's.
        version: exact.
        digest: sha256 in hex as an index has it; anything else is none.
        address: where it came from, for people.

    Raises:
        Unreachable: it is something else, or damaged.
    """
    told = file.metadata.get("chart-digest", "").lower()
    found = hashlib.sha256(file.content).hexdigest()
    for expected, source in ((digest, "the index"), (told, "its own metadata")):
        if _SHA256.fullmatch(expected) and expected != found:
            raise Unreachable(
                f"{address} is damaged: its sha256 is {found}, but {source} says {expected}.",
                "Push the chart again, under a new version; then rebuild the index.",
            )
    try:
        described, _ = look_through(file.content)
        there = _identity(described)
    except BadChart as error:
        raise Unreachable(
            f"{address} {error}.", "Push the chart again: `helm package` makes the archive."
        ) from None
    if there != (name, version):
        raise Unreachable(
            f"{address} holds the chart {' '.join(there)}, not {name} {version}.",
            "Push the chart again under its own name and version; then rebuild the index.",
        )


def _identity(described: str) -> tuple[str, str]:
    try:
        return chart_identity(described)
    except ValueError as error:
        raise BadChart(f"has a Chart.yaml that Helm would refuse: {error}") from None


def verify_provenance(found: Found, keyring: Path, processes: Processes) -> None:
    """Verify that a key of the keyring signed the very archive.

    Args:
        found: the chart; its `.prov` is written beside it.
        keyring: public keys, as `gpg --export` writes them.
        processes: runs Helm.

    Raises:
        UsageError: there is no such keyring, or nothing that could be verified.
        Refused: the signature is not one of the keyring's, or not of these bytes.
    """
    if not keyring.is_file():
        raise UsageError(
            f"There is no keyring {keyring}.",
            "Write it with `gpg --export KEY > FILE`, and name it in chart.keyring.",
        )
    if found.path.is_dir():
        raise UsageError(
            f"{found.address} is a folder, which nobody can have signed.",
            "Package and sign the chart (`helm package --sign`), or leave chart.keyring out.",
        )
    content = found.provenance()
    if content is None:
        raise UsageError(
            f"{found.address} has no provenance (.prov) beside it, and chart.keyring wants one.",
            "Push the chart with its .prov file: `helm package --sign` makes both.",
        )
    found.path.with_name(f"{found.path.name}.prov").write_bytes(content)
    done = processes.run(
        Command(("helm", "verify", str(found.path), "--keyring", str(keyring)), timeout_s=_VERIFY_S)
    )
    if done.code:
        said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.code}"]
        raise Refused(
            f"{found.address} is not signed by a key of {keyring}: {said[0].removeprefix('Error: ').rstrip('.')}.",
            "Do not deploy it before you know who made it; add the signer's public key to the keyring if you trust it.",
        )
