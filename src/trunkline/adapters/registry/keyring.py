"""Finds the login for a registry: the configured one, else what Docker's and Podman's files and helpers hold."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference
from trunkline.domain.logins import (
    Helper,
    Login,
    credential_files,
    find_login,
    helper_login,
    parse_credentials,
)
from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError
from trunkline.ports import Command, Processes

_HELPER_S = 15.0
# How helpers say that they know of no login for this server; everything else is a trouble.
_UNKNOWN = "credentials not found"


class Keyring:
    """Logins by image. Whatever is found is taught to the redactor before anybody else sees it.

    Credentials that cannot be read are not fatal, since many images are public; `troubles` keeps the reasons for
    the day when the registry refuses us.
    """

    def __init__(
        self, environ: Mapping[str, str], home: Path, redactor: Redactor, processes: Processes
    ) -> None:
        self._environ = environ
        self._home = home
        self._redactor = redactor
        self._processes = processes
        self.troubles: list[str] = []

    def login(self, image: ImageReference, settings: ImageSettings) -> Login | None:
        """The login to use for `image`, or None to come as a stranger."""
        self.troubles = []
        if settings.username:
            login: Login | None = Login(settings.username, settings.password)
        else:
            login = self._kept(image)
        if login is not None:
            self._redactor.learn(login.password, login.identity_token)
            self._redactor.learn_login(login.username, login.password)
        return login

    def _kept(self, image: ImageReference) -> Login | None:
        for path in credential_files(self._environ, self._home, os.getuid()):
            try:
                content = parse_credentials(path.read_text(encoding="utf-8"))
                found = find_login(content, image.registry, image.path)
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                reason = "it is no valid JSON" if type(error) is not ValueError else str(error)
                reason = (error.strerror or reason) if isinstance(error, OSError) else reason
                self.troubles.append(f"{path} cannot be read: {reason}")
                continue
            login = self._ask(found, path) if isinstance(found, Helper) else found
            if login is not None:
                return login
        return None

    def _ask(self, helper: Helper, path: Path) -> Login | None:
        command = Command((helper.program, "get"), stdin=helper.server, timeout_s=_HELPER_S, private=True)
        try:
            done = self._processes.run(command)
        except (UsageError, TimeoutError):
            self.troubles.append(f"{helper.program}, which {path} names, is not installed or does not answer")
            return None
        login = None if done.code else helper_login(done.stdout)
        if login is None and _UNKNOWN not in done.stdout + done.stderr:
            # Its output may hold a secret, so it is not repeated.
            self.troubles.append(f"{helper.program}, which {path} names, failed (exit code {done.code})")
        return login
