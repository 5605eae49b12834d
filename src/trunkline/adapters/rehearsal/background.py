"""A simulated cluster that outlives the command: a process of its own, a file of its state, and a note of where it is."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trunkline.dataclass import dataclass
from trunkline.errors import Unreachable, UsageError
from trunkline.rehearsal.kubeconfigs import kubeconfig

_START_S = 15.0
_STOP_S = 10.0
_ASK_S = 2.0


@dataclass(frozen=True, slots=True)
class Background:
    """Where a cluster in the background keeps itself.

    Attributes:
        directory: of its files; made when it is started.
    """

    directory: Path

    @property
    def kubeconfig(self) -> Path:
        """Its kubeconfig."""
        return self.directory / "kubeconfig"

    @property
    def state(self) -> Path:
        """Its state."""
        return self.directory / "state.jsonl"

    def up(self, port: int = 0) -> tuple[str, bool]:
        """Start it, if it is not there already; its address, and whether it was started.

        Raises:
            UsageError: the state cannot be read, or the port is taken. Unreachable: it did not start in time.
        """
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            known = self._answering()
            if known:
                return known, False
            url = self._start(port)
            self.kubeconfig.write_text(kubeconfig(url), encoding="utf-8")
            return url, True

    def down(self, *, keep: bool = False) -> bool:
        """End it, and forget its state unless that is to be kept; whether it was there.

        Raises:
            Unreachable: it does not end.
        """
        if not self.directory.is_dir():
            return False
        with self._alone():
            pid = self._note().get("pid")
            # One that is too busy to answer is there all the same.
            was_there = bool(self._answering()) or self._lives(pid)
            if was_there and isinstance(pid, int):
                self._end(pid)
            for path in (self._note_path, self.kubeconfig, *(() if keep else (self.state,))):
                path.unlink(missing_ok=True)
            return was_there

    def status(self) -> dict[str, Any]:
        """What there is: its address, process and how many objects of the kinds that people count; empty if it is not up."""
        url = self._answering()
        if not url:
            return {}
        counts = {
            name: len(_ask(f"{url}{path}").get("items") or ())
            for name, path in (
                ("namespaces", "/api/v1/namespaces"),
                ("pods", "/api/v1/pods"),
                ("deployments", "/apis/apps/v1/deployments"),
            )
        }
        version = _ask(f"{url}/version").get("gitVersion")
        return {
            "url": url,
            "pid": self._note().get("pid"),
            "version": version,
            "kubeconfig": str(self.kubeconfig),
            **counts,
        }

    @property
    def _note_path(self) -> Path:
        return self.directory / "cluster.json"

    def _note(self) -> dict[str, Any]:
        try:
            found = json.loads(self._note_path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def _answering(self) -> str:
        """Its address, empty if nobody answers there as one of ours would."""
        url = str(self._note().get("url") or "")
        try:
            return url if url and "rehearsal" in str(_ask(f"{url}/version").get("gitVersion")) else ""
        except Unreachable:
            return ""

    def _start(self, port: int) -> str:
        with (self.directory / "log").open("ab") as log:
            process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "trunkline.rehearsal",
                    "--state",
                    str(self.state),
                    "--port",
                    str(port),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                # It has to outlive this command and its terminal.
                start_new_session=True,
            )
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        with process.stdout as stdout:
            line = stdout.readline()
        if not line:
            code = process.wait(_START_S)
            raise UsageError(
                f"The simulated cluster did not start (exit code {code}); {self.directory / 'log'} says why.",
                "Take away its state with `trunkline cluster down`, or name another --port.",
            )
        self._note_path.write_bytes(line)
        return str(json.loads(line)["url"])

    def _end(self, pid: int) -> None:
        """Ask it to go, and end it where it does not: its state is written as things happen, not at its end."""
        for number, patience_s in ((signal.SIGTERM, _STOP_S), (signal.SIGKILL, _STOP_S)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline:
                if not self._lives(pid) and not self._answering():
                    return
                time.sleep(0.05)
        raise Unreachable(f"The simulated cluster (process {pid}) does not end.", f"End it: kill -9 {pid}")

    def _lives(self, pid: object) -> bool:
        """Whether that process is this very cluster, as far as the system tells."""
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return b"trunkline.rehearsal" in words and os.fsencode(self.state) in words

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One command at a time."""
        with (self.directory / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _ask(url: str) -> dict[str, Any]:
    import urllib.request  # noqa: PLC0415 - most commands only look where the cluster would be

    try:
        with urllib.request.urlopen(url, timeout=_ASK_S) as answer:  # noqa: S310 - an address of loopback that we wrote
            found = json.load(answer)
    except (OSError, ValueError) as error:
        raise Unreachable(f"{url} does not answer: {error}.", "Start it: trunkline cluster up") from error
    return found if isinstance(found, dict) else {}
