"""A small registry on this machine, for projects whose images stay here: Debian's `docker-registry`, or its container.

It is started when somebody builds and nothing listens there, goes on in the background, and is ended by a command.
Which process is ours is told by the configuration that it was started with (proc(5)): also if we were killed in the
moment of its start, and no other one is ever taken for it. Images are kept in the user's data directory (XDG Base Directory
Specification).
"""

from __future__ import annotations

import fcntl
import http.client
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from trunkline.domain.images import ImageReference
from trunkline.errors import Unreachable, UsageError
from trunkline.ports.images import RegistryState

VARIABLE = "TRUNKLINE_LOCAL_REGISTRY"
PORT = 5000
_ENGINES = ("docker", "podman")
_IMAGE = "docker.io/library/registry:2"
_OFF = frozenset({"off", "no", "false", "0"})
_READY_S = 15.0
_END_S = 10.0
_ENGINE_S = 30.0
_PAUSE_S = 0.05
_ANSWERS = frozenset({200, 401})


class LocalRegistry:
    """Implements the port `LocalRegistryKeeper`."""

    def __init__(self, environ: Mapping[str, str], home: Path) -> None:
        self._environ = environ
        data = environ.get("XDG_DATA_HOME", "")
        self._root = (
            (Path(data) if data.startswith("/") else home / ".local" / "share") / "trunkline" / "registry"
        )

    def ensure(self, image: ImageReference) -> str:
        """See the port."""
        if not image.on_loopback or self._environ.get(VARIABLE, "").strip().lower() in _OFF:
            return ""
        port = port_of(image)
        if _listens(port) or not self._programs():
            # What is there answers for itself; and without a program the registry's own error says more.
            return ""
        state = self.start(port)
        return f"started a registry at {state.address}, which keeps its images in {state.data}"

    def state(self, port: int) -> RegistryState:
        """See the port."""
        pid = self._pid(port)
        engine = "" if pid else self._engine(port)
        program = "docker-registry" if pid else engine
        return RegistryState(f"127.0.0.1:{port}", bool(program), pid, program, self._data(port))

    def start(self, port: int) -> RegistryState:
        """See the port."""
        with self._locked(port):
            if _listens(port):
                if _is_registry(port):
                    return self.state(port)
                raise UsageError(
                    f"Something that is no registry listens at 127.0.0.1:{port}.",
                    "End it, or name another port in image.repository.",
                )
            for name in self._programs():
                self._launch(name, port)
                return self.state(port)
        raise UsageError(
            f"No registry can be started at 127.0.0.1:{port}: neither docker-registry nor a container engine that "
            f"has the image {_IMAGE} is here.",
            "Install Debian's docker-registry, or pull that image once.",
        )

    def stop(self, port: int) -> bool:
        """See the port."""
        with self._locked(port):
            if pid := self._pid(port):
                _end(pid)
                return True
            engine = self._engine(port)
            return bool(engine) and not self._run(engine, "rm", "--force", _container(port)).returncode

    def _programs(self) -> list[str]:
        """What could serve here, the best first."""
        engines = (name for name in _ENGINES if self._find(name))
        having = (name for name in engines if not self._run(name, "image", "inspect", _IMAGE).returncode)
        return [*(["docker-registry"] if self._find("docker-registry") else []), *having]

    def _launch(self, name: str, port: int) -> None:
        data = self._data(port)
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        if name == "docker-registry":
            self._await(port, self._serve(port, data))
            return
        published = f"127.0.0.1:{port}:5000"
        kept = ("--volume", f"{data}:/var/lib/registry", "--env", "REGISTRY_STORAGE_DELETE_ENABLED=true")
        done = self._run(
            name, "run", "--detach", "--name", _container(port), "--publish", published, *kept, _IMAGE
        )
        if done.returncode:
            said = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise Unreachable(
                f"{name} could not start a registry: {said[0]}.", "Look at the engine, or start one by hand."
            )
        self._await(port, 0)

    def _serve(self, port: int, data: Path) -> int:
        """Start docker-registry; its process."""
        config = {
            "version": "0.1",
            "storage": {"filesystem": {"rootdirectory": str(data)}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{port}"},
        }
        path = self._file(port, "registry.json")
        # JSON is YAML, which is what it reads.
        path.write_text(json.dumps(config), encoding="utf-8")
        program = self._find("docker-registry") or "docker-registry"
        log = str(self._file(port, "registry.log"))
        appended = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        return os.posix_spawn(
            program,
            [program, "serve", str(path)],
            dict(self._environ),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, log, appended, 0o600),
                (os.POSIX_SPAWN_DUP2, 1, 2),
            ],
            # It outlives us, and a Ctrl-C at our terminal is not meant for it.
            setsid=True,
        )

    def _await(self, port: int, pid: int) -> None:
        deadline = time.monotonic() + _READY_S
        while not _is_registry(port):
            if (pid and _has_ended(pid)) or time.monotonic() > deadline:
                log = self._file(port, "registry.log")
                raise Unreachable(f"The registry at 127.0.0.1:{port} did not come up.", f"Look into {log}.")
            time.sleep(_PAUSE_S)

    def _pid(self, port: int) -> int:
        """The process that serves our configuration, 0 where there is none."""
        config = str(self._file(port, "registry.json")).encode()
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            with suppress(OSError):
                if config in path.read_bytes().split(b"\0"):
                    return int(path.parent.name)
        return 0

    def _engine(self, port: int) -> str:
        """The container engine in which ours runs, or empty."""
        for name in _ENGINES:
            asked = ("container", "inspect", "--format", "{{.State.Running}}", _container(port))
            if self._find(name) and self._run(name, *asked).stdout.strip() == "true":
                return name
        return ""

    def _data(self, port: int) -> Path:
        return self._root / str(port) / "images"

    def _file(self, port: int, name: str) -> Path:
        return self._root / str(port) / name

    @contextmanager
    def _locked(self, port: int) -> Iterator[None]:
        folder = self._root / str(port)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise Unreachable(
                f"{folder} cannot be written: {error.strerror}.", "Make room there, or set XDG_DATA_HOME."
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _find(self, program: str) -> str | None:
        return shutil.which(program, path=self._environ.get("PATH", os.defpath))

    def _run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                argv,
                env=dict(self._environ),
                capture_output=True,
                text=True,
                timeout=_ENGINE_S,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except (subprocess.TimeoutExpired, OSError) as error:
            return subprocess.CompletedProcess(argv, 1, "", str(error))


def _container(port: int) -> str:
    return f"trunkline-registry-{port}"


def port_of(image: ImageReference) -> int:
    """The port that a registry on loopback is asked at."""
    _, colon, port = image.registry.rpartition(":")
    return int(port) if colon and port.isdigit() else 80


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2):
        return True
    return False


def _is_registry(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/v2/")
        answer = connection.getresponse()
        told = answer.getheader("Docker-Distribution-Api-Version", "")
        return answer.status in _ANSWERS and told.startswith("registry/")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _has_ended(pid: int) -> bool:
    """Whether a child of ours has."""
    with suppress(ChildProcessError):
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return True


def _end(pid: int) -> None:
    """End a process and await that, politely first."""
    ending = os.pidfd_open(pid)
    try:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            # It can be read as soon as the process has ended; whose child it is does not matter.
            if select.select([ending], [], [], _END_S)[0]:
                break
    finally:
        os.close(ending)
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
