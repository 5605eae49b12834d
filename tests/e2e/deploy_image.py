"""What a deploy image is made of in tests: a base without a hub, a wheel of this tree, and a download site on loopback."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from dev import tools
from tests.e2e.workbench import REPOSITORY

_NEEDED = ("git", "openssh-client", "tar", "gzip")


def base_image(registry: str, folder: Path) -> str:
    """A base with what CircleCI's steps need, and the wheels that Trunkline needs."""
    requirements = folder / "requirements.txt"
    requirements.write_text("click\npyyaml\nurllib3\nobstore\n", encoding="utf-8")
    argv = [
        sys.executable,
        "-m",
        "dev.baseimage",
        "--registry",
        registry,
        "--requirements",
        str(requirements),
    ]
    argv += [word for name in _NEEDED for word in ("--package", name)]
    done = subprocess.run(argv, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def build_wheel(folder: Path) -> Path:
    """A wheel of the tree that is tested."""
    argv = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(REPOSITORY),
    ]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [wheel] = folder.glob("trunkline-*.whl")
    return wheel


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives
        """Stay silent."""


@contextmanager
def download_site(folder: Path) -> Iterator[str]:
    """Helm and kubectl with their sums, as their own sites have them; the address."""
    helm = folder / f"helm-v{tools.TOOLS['helm4'].version}-linux-amd64.tar.gz"
    with tarfile.open(helm, "w:gz") as tar:
        tar.add(tools.helm(4), "linux-amd64/helm")
    version = tools.TOOLS["kubectl"].version
    kubectl = folder / "release" / f"v{version}" / "bin" / "linux" / "amd64" / "kubectl"
    kubectl.parent.mkdir(parents=True)
    os.link(tools.kubectl(), kubectl) if _same_disk(tools.kubectl(), folder) else kubectl.write_bytes(
        tools.kubectl().read_bytes()
    )
    minor = version.rpartition(".")[0]
    (folder / "release" / f"stable-{minor}.txt").write_text(f"v{version}\n", encoding="utf-8")
    for file, suffix in ((helm, ".sha256sum"), (kubectl, ".sha256")):
        line = hashlib.sha256(file.read_bytes()).hexdigest()
        Path(f"{file}{suffix}").write_text(
            f"{line}  {file.name}\n" if suffix == ".sha256sum" else line, encoding="utf-8"
        )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _same_disk(one: Path, other: Path) -> bool:
    return one.stat().st_dev == other.stat().st_dev
