"""Which builder: the one that was asked for, or the first one that works here."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from trunkline.adapters.builders.containers import BuildahBuilder, PodmanBuilder
from trunkline.adapters.builders.docker import DockerBuilder, no_engine
from trunkline.adapters.builders.work import Pause
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import ImageBuilder, Processes

_KNOWN = (DockerBuilder, PodmanBuilder, BuildahBuilder)


def choose_builder(
    wanted: str,
    processes: Processes,
    environ: Mapping[str, str] | None = None,
    home: Path | None = None,
    pause: Pause = time.sleep,
) -> ImageBuilder:
    """A builder that works.

    Args:
        wanted: `docker`, `podman` or `buildah`; empty for the first of these that works.
        processes: runs the tools.
        environ: says where credentials and configuration are; this process's own by default.
        home: the user's home directory, for the same.
        pause: waits between tries, in seconds.

    Raises:
        UsageError: nothing is installed, or the name is unknown.
        Unreachable: what is installed does not work; the message names all that was tried.
    """
    environ, home = os.environ if environ is None else environ, home or Path.home()
    builders = [kind(processes, environ, home, pause) for kind in _KNOWN if wanted in ("", kind.name)]
    if not builders:
        raise UsageError(f"There is no builder {wanted!r}.", "Choose docker, podman or buildah.")
    tried: dict[str, str] = {}
    for builder in builders:
        if processes.find(builder.name) is None:
            tried[builder.name] = "not installed"
        elif trouble := builder.trouble():
            tried[builder.name] = trouble
        else:
            return builder
    if set(tried.values()) == {"not installed"}:
        raise UsageError(
            f"No image can be built here: {_listing(tried)}.",
            f"Install {wanted or 'docker, podman or buildah'}.",
        )
    if wanted == DockerBuilder.name:
        raise no_engine(tried[wanted])
    raise Unreachable(
        f"No image can be built here: {_listing(tried)}.",
        "Start the Docker engine (on CircleCI: `setup_remote_docker`), or install podman or buildah.",
    )


def _listing(tried: Mapping[str, str]) -> str:
    return ", ".join(f"{name}: {reason}" for name, reason in tried.items())
