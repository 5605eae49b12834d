"""Owns what a machine needs before the rest works: ``python -m dev.setup`` installs and fetches all of it.

Debian packages need root; without it, one sentence says what to install. A second run takes a second.
"""

from __future__ import annotations

import argparse
import sys

from dev import debian, measuring, postgresql, s3, tools
from dev.cluster import build, kind, native
from dev.errors import exit_code
from dev.progress import Progress

# crun, which buildah would take first, refuses mixed control groups; chroot isolation needs neither.
IMAGE_PACKAGES = ("buildah", "docker.io", "podman", "skopeo")


def main(argv: list[str]) -> int:
    """The command line: everything, or all but the cluster's part."""
    parser = argparse.ArgumentParser(
        prog="python -m dev.setup", description="Install what development needs."
    )
    parser.add_argument("--no-cluster", action="store_true", help="do not build Kubernetes")
    asked = parser.parse_args(argv)
    progress = Progress()
    with progress.step("Fetching Helm, kubectl and SeaweedFS"):
        for name in tools.TOOLS:
            tools.path(name)
        s3.weed()
    with progress.step("Installing image builders and a registry"):
        debian.install(*IMAGE_PACKAGES)
        debian.program("docker-registry", "docker-registry")
    with progress.step("Fetching servers for measurements"):
        debian.install(postgresql.PACKAGE)
        measuring.fetch()
    if not asked.no_cluster and not kind.available():
        with progress.step("Preparing the cluster"):
            debian.install(*build.PACKAGES, *native.PACKAGES)
            native.prepare(progress)
    return 0


if __name__ == "__main__":
    sys.exit(exit_code(lambda: main(sys.argv[1:])))
