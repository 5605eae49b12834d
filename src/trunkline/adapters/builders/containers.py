"""Podman and Buildah: no daemon, the same options, the same credential files.

A login goes into a private `--authfile` that starts as a copy of the user's own, so that base images of other
registries can still be pulled.

Isolation: `RUN` steps need a container, and root inside of somebody else's container (a CI job) is usually not
allowed to make one: cgroups, resource limits and mounts of the runtime fail in ever other ways. Such a root is
known by its capabilities, which have been cut. Its builds use `--isolation chroot`, which asks for none of that.
`BUILDAH_ISOLATION` decides otherwise; an ordinary user and an uncut root keep the tool's own default.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from trunkline.adapters.builders import registries, work
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, is_digest
from trunkline.domain.logins import containers_auth_for, credential_files, parse_credentials
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import Command, OnLine, Processes

_ANSWER_S = 15.0


class ContainersBuilder:
    """What Podman and Buildah have in common: all but the name."""

    name = ""

    def __init__(
        self,
        processes: Processes,
        environ: Mapping[str, str],
        home: Path,
        pause: work.Pause = time.sleep,
        *,
        confined: bool | None = None,
    ) -> None:
        self._processes = processes
        self._environ = environ
        self._home = home
        self._pause = pause
        self._confined = is_confined() if confined is None else confined

    def trouble(self) -> str:
        """Why it cannot build here, or empty; `info` opens the image storage, where most troubles are."""
        try:
            done = self._processes.run(Command((self.name, "info"), timeout_s=_ANSWER_S))
        except TimeoutError:
            return f"it did not answer within {_ANSWER_S:g} s"
        return work.last_line(done).rstrip(".") if done.code else ""

    def build(
        self,
        image: ImageReference,
        settings: ImageSettings,
        root: Path,
        labels: Mapping[str, str],
        on_line: OnLine,
    ) -> None:
        """See the port."""
        source = work.locate(settings, root)
        self._check(settings)
        argv = [self.name, "build", *work.arguments(settings, source, labels)]
        if len(settings.platforms) > 1:
            # An earlier build's images would stay in the list.
            self._processes.run(
                Command((self.name, "manifest", "rm", _list_name(image)), timeout_s=_ANSWER_S)
            )
            # Podman 4 takes a layer that it kept for one platform for another one's.
            argv += ["--manifest", _list_name(image), "--layers=false"]
        else:
            argv += ["--tag", work.address(image)]
            if settings.cache_from or settings.cache_to:
                # Without it, the tools pass over both without a word.
                argv.append("--layers")
        if self._confined and not self._environ.get("BUILDAH_ISOLATION"):
            argv += ["--isolation", "chroot"]
        # The option loosens all pulls of this build, so it is given only where a base image needs it.
        if source.pulls_from_loopback(settings):
            argv.append("--tls-verify=false")
        with self._logged_in(image, settings) as authfile, work.secrets(settings, root) as secrets:
            whole = (*argv, *secrets, *authfile, str(source.context))
            command = Command(whole, settings.build_args, directory=root)
            work.build(self._processes, command, image, on_line)

    def push(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        """See the port."""
        with (
            tempfile.TemporaryDirectory(prefix="trunkline-push-") as directory,
            self._logged_in(image, settings) as authfile,
        ):
            digest_file = Path(directory) / "digest"
            options = ("--digestfile", str(digest_file), *authfile, *_tls(image))
            if len(settings.platforms) > 1:
                target = f"docker://{work.address(image)}"
                argv = (self.name, "manifest", "push", "--all", *options, _list_name(image), target)
            else:
                argv = (self.name, "push", *options, work.address(image))
            command = Command(argv, timeout_s=registries.PUSH_S)
            registries.push(self._processes, command, image, settings, self._pause, on_line)
            digest = digest_file.read_text(encoding="utf-8").strip() if digest_file.exists() else ""
        if is_digest(digest):
            return digest
        raise Unreachable(
            f"{self.name} pushed {work.address(image)} but does not say its digest.",
            "Run the command again: it finds the image in the registry.",
        )

    def _check(self, settings: ImageSettings) -> None:
        if len(settings.platforms) > 1 and (settings.cache_from or settings.cache_to):
            raise UsageError(
                f"{self.name} mixes up the cached layers of several platforms, so that no cache can be used for them.",
                "Leave image.cache_from and image.cache_to out, or build with docker.",
            )
        strange = [cache for cache in (*settings.cache_from, *settings.cache_to) if "=" in cache]
        if strange:
            raise UsageError(
                f"{self.name} knows no cache {strange[0]}: that is BuildKit's spelling.",
                "Name a repository in image.cache_from and image.cache_to, or build with docker.",
            )

    @contextlib.contextmanager
    def _logged_in(self, image: ImageReference, settings: ImageSettings) -> Iterator[tuple[str, ...]]:
        """The arguments that make the tool use the login that `settings` bears, if they bear one."""
        if not settings.username:
            yield ()
            return
        with tempfile.TemporaryDirectory(prefix="trunkline-login-") as directory:
            private = Path(directory) / "auth.json"
            private.touch(mode=0o600)
            private.write_text(
                json.dumps(containers_auth_for(self._known(), image.registry)), encoding="utf-8"
            )
            authfile = ("--authfile", str(private))
            argv = (
                self.name,
                "login",
                *authfile,
                *_tls(image),
                "--username",
                settings.username,
                "--password-stdin",
            )
            command = Command((*argv, image.registry), stdin=settings.password, timeout_s=registries.LOGIN_S)
            registries.log_in(self._processes, command, image, settings, self._pause)
            yield authfile

    def _known(self) -> Iterator[dict[str, object]]:
        for path in credential_files(self._environ, self._home, os.getuid()):
            # What cannot be read here helps no pull; the login that we were given still stands.
            with contextlib.suppress(OSError, ValueError):
                yield parse_credentials(path.read_text(encoding="utf-8"))


class PodmanBuilder(ContainersBuilder):
    """Implements the port `ImageBuilder` with the `podman` command."""

    name = "podman"


class BuildahBuilder(ContainersBuilder):
    """Implements the port `ImageBuilder` with the `buildah` command."""

    name = "buildah"


def is_confined(
    status: Path = Path("/proc/self/status"),
    last: Path = Path("/proc/sys/kernel/cap_last_cap"),
    user: int | None = None,
) -> bool:
    """Whether we are root with less than a root's capabilities (capabilities(7)), as in most containers."""
    if (os.geteuid() if user is None else user) != 0:
        return False
    try:
        effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status.read_text(encoding="utf-8"), re.MULTILINE)
        every = (1 << (int(last.read_text(encoding="utf-8")) + 1)) - 1
    except (OSError, ValueError):
        return False
    return effective is not None and int(effective[1], 16) & every != every


def _list_name(image: ImageReference) -> str:
    """The local name of a multi-arch list, which is nobody else's."""
    return f"localhost/trunkline/{image.path}:{image.tag}"


def _tls(image: ImageReference) -> tuple[str, ...]:
    # A registry on loopback speaks plain HTTP by custom; Docker's engine assumes so by itself.
    return ("--tls-verify=false",) if image.on_loopback else ()
