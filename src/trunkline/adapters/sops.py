"""Decrypts values layers with the `sops` on PATH; what comes out stays in memory.

The layer goes in by standard input, and its plain text into an anonymous file of this process (memfd_create(2)), which
a child of the same user opens under /proc as often as it likes. It is on no disk, and gone with us, however we end.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.domain.redaction import Redactor
from trunkline.domain.values.encryption import secrets_in
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.ports import Command, Completed, Processes

_TIMEOUT_S = 60.0
# Exit codes of sops (cmd/sops/codes): no key, a wrong code of authentication, a value that cannot be decrypted.
_NO_KEY = 128
_TAMPERED = frozenset({25, 51})
_BEGIN = "failed to"


class SopsDecryptor:
    """Implements the port `Decryptor`."""

    def __init__(self, processes: Processes, redactor: Redactor) -> None:
        self._processes = processes
        self._redactor = redactor

    @contextmanager
    def decrypted(self, content: bytes, name: str) -> Iterator[Path]:
        """See the port."""
        if not hasattr(os, "memfd_create"):
            raise UsageError(
                f"The values layer {name} is encrypted, and this system keeps no files in memory alone.",
                "Deploy it from Linux, as a CI job or in a container.",
            )
        clear = self._clear(content.decode(), name)
        descriptor = os.memfd_create("trunkline-values", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(clear.encode())
            file.flush()
            yield Path(f"/proc/{os.getpid()}/fd/{descriptor}")

    def _clear(self, text: str, name: str) -> str:
        kind = "json" if name.endswith(".json") else "yaml"
        argv = ("sops", "--decrypt", "--input-type", kind, "--output-type", kind, "/dev/stdin")
        quiet: dict[str, str | None] = {"SOPS_DISABLE_VERSION_CHECK": "1"}
        command = Command(argv, quiet, stdin=text, timeout_s=_TIMEOUT_S, private=True)
        if self._processes.find("sops") is None:
            raise UsageError(
                f"The values layer {name} is encrypted with SOPS, and sops is not installed here.",
                "Install sops (getsops.io), where the keys are.",
            )
        try:
            done = self._processes.run(command)
        except TimeoutError:
            raise Unreachable(
                f"sops did not decrypt the values layer {name} within {_TIMEOUT_S:g} s.",
                "Check that the key service (KMS, Vault) can be reached from here.",
            ) from None
        if done.code:
            raise _failed(done, name)
        self._redactor.learn(*secrets_in(text, done.stdout))
        return done.stdout


def _failed(done: Completed, name: str) -> Unreachable | UsageError:
    if done.code == _NO_KEY:
        return Refused(
            f"The values layer {name} cannot be decrypted: none of its keys is at hand{_why(done.stderr)}.",
            "Give SOPS_AGE_KEY, AWS credentials for its KMS key, or whatever the layer was encrypted for.",
        )
    if done.code in _TAMPERED:
        return UsageError(
            f"The values layer {name} cannot be decrypted: somebody changed it by hand, or damaged it.",
            "Bring an intact version back, and edit it with sops alone.",
        )
    lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    return UsageError(
        f"sops cannot decrypt the values layer {name}: {(lines or [f'exit code {done.code}'])[-1][:200].rstrip('.')}.",
        "Try it by hand: sops --decrypt, where the keys are.",
    )


def _why(said: str) -> str:
    """The first complaint of sops, which is spread over several lines."""
    lines = [line.lstrip(" |-").strip() for line in said.splitlines()]
    begun = next((number for number, line in enumerate(lines) if line.startswith(_BEGIN)), None)
    if begun is None:
        return ""
    text = " ".join(lines[begun : begun + 3])
    return f" ({text.partition('. ')[0][:160].rstrip('.')})"
