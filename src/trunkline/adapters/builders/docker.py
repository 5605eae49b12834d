"""Docker: the client's command line against whatever engine it is set to, with BuildKit or the legacy builder.

A login never touches the user's own configuration: it goes into a private copy of it, which keeps the other
registries' logins, the plug-ins and the contexts.
"""

from __future__ import annotations

import contextlib
import json
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from trunkline.adapters.builders import registries, work
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, is_digest, parse_image
from trunkline.domain.logins import docker_config_for, docker_directory, parse_credentials, server_name
from trunkline.errors import DeploymentFailed, Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports import Command, OnLine, Processes

_ENGINE_S = 10.0
_FIRST_KIT, _FIRST_PLUG_IN = 18, 23
_PUSHED = expression(r"digest: (sha256:[0-9a-f]{64})\b")
_NO_ENGINE = expression(
    r"cannot connect to the docker daemon|error during connect|is the docker daemon running", re.IGNORECASE
)


class DockerBuilder:
    """Implements the port `ImageBuilder` with the `docker` command."""

    name = "docker"

    def __init__(
        self, processes: Processes, environ: Mapping[str, str], home: Path, pause: work.Pause = time.sleep
    ) -> None:
        self._processes = processes
        self._directory = docker_directory(environ, home)
        self._pause = pause
        # What was built for several platforms, by address; its secrets are not in it.
        self._built: dict[str, Command] = {}

    def trouble(self) -> str:
        """Why it cannot build here, or empty: the client alone is not enough, its engine has to answer."""
        asked = Command(("docker", "version", "--format", "{{.Server.Version}}"), timeout_s=_ENGINE_S)
        try:
            done = self._processes.run(asked)
        except TimeoutError:
            return f"its engine did not answer within {_ENGINE_S:g} s"
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
        verbs, kit = self._verbs(settings)
        argv = (*verbs, *work.arguments(settings, source, labels), "--tag", work.address(image))
        with self._logged_in(image, settings) as environment, work.secrets(settings, root) as secrets:
            try:
                whole = (*argv, *secrets, str(source.context))
                command = Command(whole, {**settings.build_args, **environment, **kit}, directory=root)
                work.build(self._processes, command, image, on_line)
                without = (*argv, str(source.context))
                self._built[work.address(image)] = replace(command, argv=without)
            except DeploymentFailed as error:
                if _NO_ENGINE.search(error.message):
                    raise no_engine("it stopped answering during the build") from error
                raise

    def push(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        """See the port."""
        if len(settings.platforms) > 1:
            return self._push_all(image, settings, on_line)
        with self._logged_in(image, settings) as environment:
            command = Command(
                ("docker", "push", work.address(image)), environment, timeout_s=registries.PUSH_S
            )
            done = registries.push(self._processes, command, image, settings, self._pause, on_line)
        told = _PUSHED.findall(done.stdout)
        return str(told[-1]) if told else self._inspected(image)

    def _push_all(self, image: ImageReference, settings: ImageSettings, on_line: OnLine) -> str:
        """Push a multi-arch image: buildx keeps it in its cache only, so it is the build again that pushes it."""
        build = self._built[work.address(image)]
        with (
            self._logged_in(image, settings) as environment,
            tempfile.TemporaryDirectory(prefix="trunkline-push-") as directory,
            work.secrets(settings, build.directory or Path()) as secrets,
        ):
            told = Path(directory) / "metadata.json"
            *options, context = build.argv
            argv = (*options, *secrets, "--push", "--metadata-file", str(told), context)
            command = replace(
                build,
                argv=argv,
                environment={**build.environment, **environment},
                timeout_s=registries.PUSH_S,
            )
            registries.push(self._processes, command, image, settings, self._pause, on_line)
            with contextlib.suppress(OSError, ValueError):
                digest = json.loads(told.read_text(encoding="utf-8")).get("containerimage.digest")
                if isinstance(digest, str) and is_digest(digest):
                    return digest
        raise _no_digest(image, "no metadata")

    def _verbs(self, settings: ImageSettings) -> tuple[tuple[str, ...], dict[str, str]]:
        """The command that can build this, with the variables that it needs.

        Raises:
            UsageError: what is installed cannot.
        """
        many = len(settings.platforms) > 1
        wanted = {
            "image.platforms": settings.platforms,
            "image.secrets": (*settings.secrets, *settings.secret_files),
            "image.cache_to": settings.cache_to,
            "image.cache_from": tuple(cache for cache in settings.cache_from if "=" in cache),
        }
        needing = ", ".join(name for name, given in wanted.items() if given)
        if not needing:
            return ("docker", "build"), {}
        if not self._processes.run(Command(("docker", "buildx", "version"), timeout_s=_ENGINE_S)).code:
            return ("docker", "buildx", "build"), {}
        if many or not self._has_kit_inside():
            raise UsageError(
                f"Docker needs BuildKit for {needing}, and its plug-in buildx is not installed here.",
                "Install docker-buildx, or build with podman or buildah (image.builder, --builder).",
            )
        return ("docker", "build"), {"DOCKER_BUILDKIT": "1"}

    def _has_kit_inside(self) -> bool:
        """Whether the client brings BuildKit's own: from 18.09 to 22; later ones want the plug-in."""
        asked = Command(("docker", "version", "--format", "{{.Client.Version}}"), timeout_s=_ENGINE_S)
        major = self._processes.run(asked).stdout.strip().partition(".")[0]
        return major.isdigit() and _FIRST_KIT <= int(major) < _FIRST_PLUG_IN

    def _inspected(self, image: ImageReference) -> str:
        """The digest as the engine remembers it, for clients whose push says nothing of it."""
        argv = ("docker", "image", "inspect", "--format", "{{json .RepoDigests}}", work.address(image))
        done = self._processes.run(Command(argv, timeout_s=registries.LOGIN_S))
        with contextlib.suppress(ValueError):
            for text in json.loads(done.stdout) or () if not done.code else ():
                known = parse_image(text)
                if known.digest and known.repository == image.repository:
                    return known.digest
        raise _no_digest(image, work.last_line(done))

    @contextlib.contextmanager
    def _logged_in(self, image: ImageReference, settings: ImageSettings) -> Iterator[dict[str, str]]:
        """The environment that makes docker use the login that `settings` bears, if they bear one."""
        if not settings.username:
            yield {}
            return
        with tempfile.TemporaryDirectory(prefix="trunkline-docker-") as directory:
            self._prepare(Path(directory), image.registry)
            environment = {"DOCKER_CONFIG": directory}
            argv = ("docker", "login", "--username", settings.username, "--password-stdin")
            command = Command(
                (*argv, server_name(image.registry)),
                environment,
                stdin=settings.password,
                timeout_s=registries.LOGIN_S,
            )
            registries.log_in(self._processes, command, image, settings, self._pause)
            yield environment

    def _prepare(self, directory: Path, registry: str) -> None:
        """Fill the private configuration: the user's own with the login's place changed, the rest by links."""
        theirs = self._directory / "config.json"
        try:
            text = theirs.read_text(encoding="utf-8") if theirs.exists() else ""
            content = docker_config_for(parse_credentials(text), registry)
            entries = list(self._directory.iterdir()) if self._directory.is_dir() else []
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is no valid JSON"
            raise UsageError(
                f"Docker's configuration {theirs} cannot be read: {reason}.", "Mend it."
            ) from error
        for entry in entries:
            if entry.name != theirs.name:
                (directory / entry.name).symlink_to(entry.resolve())
        private = directory / theirs.name
        private.touch(mode=0o600)
        private.write_text(json.dumps(content), encoding="utf-8")


def _no_digest(image: ImageReference, said: str) -> Unreachable:
    return Unreachable(
        f"docker pushed {work.address(image)} but does not say its digest: {said}.",
        "Run the command again: it finds the image in the registry.",
    )


def no_engine(reason: str) -> Unreachable:
    """The error for a Docker client without an engine."""
    return Unreachable(
        f"The Docker engine cannot be used: {reason}.",
        "Start it, set DOCKER_HOST (on CircleCI: `setup_remote_docker`), or choose podman or buildah with --builder.",
    )
