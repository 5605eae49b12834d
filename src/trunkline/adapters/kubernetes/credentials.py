"""Presents credentials: static ones, tokens that rotate in a file, and those that exec plugins hand out.

The exchange with a plugin is kubernetes.io, "Authenticating: client-go credential plugins": KUBERNETES_EXEC_INFO
goes in, an ExecCredential comes out of stdout; it is kept until it expires or the server answers 401.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import Any

from trunkline.adapters.kubernetes.access import Access, ExecPlugin
from trunkline.adapters.kubernetes.amazon import advice, installation, is_amazon, profile_of
from trunkline.adapters.kubernetes.entries import read_text
from trunkline.dataclass import dataclass
from trunkline.domain.redaction import Redactor, is_secret_name
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import Clock, Command, Processes, TlsSettings

_PLUGIN_TIMEOUT_S = 60.0
_PLUGIN_WORDS = 3


@dataclass(frozen=True, slots=True)
class Presented:
    """What one request carries to say who we are."""

    tls: TlsSettings
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class Credentials:
    """The credentials of one `Access`; safe to share between threads."""

    def __init__(
        self,
        access: Access,
        processes: Processes,
        clock: Clock,
        redactor: Redactor,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """Take what to present; `environ` is what plugins run in, for messages alone."""
        self._access = access
        self._environ = environ or {}
        self._processes = processes
        self._clock = clock
        self._redactor = redactor
        self._lock = threading.Lock()
        self._presented: Presented | None = None
        self._token_read = ""
        self._expires_at: datetime | None = None
        login = access.login
        redactor.learn(login.token, access.tls.key)
        if login.username:
            redactor.learn_login(login.username, login.password)
        if login.plugin:
            environment = login.plugin.environment.items()
            redactor.learn(*(value for name, value in environment if is_secret_name(name)))

    def present(self) -> Presented:
        """The credentials to use now.

        Raises:
            UsageError: a token file cannot be read, or the plugin is not installed.
            Unreachable: the plugin failed.
        """
        with self._lock:
            if self._access.login.token_file is not None:
                self._follow_token_file()
            expired = self._expires_at is not None and self._clock.now() >= self._expires_at
            if self._presented is None or expired:
                self._presented = self._obtain()
            return self._presented

    def renew(self, refused: Presented) -> bool:
        """After a 401 for `refused`: whether there is something newer to try.

        Raises:
            UsageError, Unreachable: as `present`.
        """
        with self._lock:
            if self._presented is refused:
                if self._access.login.plugin is None:
                    return False
                self._presented = self._obtain()
            return self._presented != refused

    def _obtain(self) -> Presented:
        login, tls = self._access.login, self._access.tls
        headers = dict(login.impersonation)
        token = self._token_read or login.token
        if not token and login.username:
            pair = base64.b64encode(f"{login.username}:{login.password}".encode()).decode()
            return Presented(tls, {**headers, "Authorization": f"Basic {pair}"})
        if not token and login.plugin is not None:
            token, certificate, key = self._ask(login.plugin)
            if certificate:
                tls = replace(tls, certificate=certificate, key=key)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return Presented(tls, headers)

    def _follow_token_file(self) -> None:
        path = self._access.login.token_file
        if path is None:
            return
        try:
            token = read_text(path).strip()
        except (OSError, ValueError) as error:
            reason = (error.strerror or str(error)) if isinstance(error, OSError) else "it is not text"
            raise UsageError(
                f"The token file {path} of context {self._access.context!r} cannot be read: {reason}.",
                f"Check tokenFile in {self._access.source}.",
            ) from None
        if token != self._token_read:
            self._redactor.learn(token)
            self._token_read, self._presented = token, None

    def _ask(self, plugin: ExecPlugin) -> tuple[str, str, str]:
        """Token, certificate and key from the plugin."""
        spec = {"interactive": False, **({"cluster": plugin.cluster} if plugin.cluster is not None else {})}
        question = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec}
        command = Command(
            (plugin.command, *plugin.args),
            {**plugin.environment, "KUBERNETES_EXEC_INFO": json.dumps(question)},
            timeout_s=_PLUGIN_TIMEOUT_S,
            private=True,
        )
        try:
            completed = self._processes.run(command)
        except UsageError as error:
            raise UsageError(
                f"{self._whose(plugin)} cannot be started: {error.message}",
                self._redactor.text(plugin.install_hint)
                or (installation(plugin) if is_amazon(plugin) else error.hint),
            ) from error
        except TimeoutError:
            raise self._plugin_failed(plugin, f"did not end within {_PLUGIN_TIMEOUT_S:g} s") from None
        if completed.code != 0:
            said = " / ".join(completed.stderr.strip().splitlines()[-_PLUGIN_WORDS:])
            raise self._plugin_failed(
                plugin, f"failed with exit code {completed.code}: {said or 'no message'}", said
            )
        status = self._read_answer(plugin, completed.stdout)
        token, certificate, key = (
            str(status.get(name) or "") for name in ("token", "clientCertificateData", "clientKeyData")
        )
        if not token and not (certificate and key):
            raise self._plugin_failed(
                plugin, "handed out neither a token nor a client certificate with its key"
            )
        self._redactor.learn(token, key)
        self._expires_at = self._read_expiry(plugin, status.get("expirationTimestamp"))
        return token, certificate, key

    def _read_answer(self, plugin: ExecPlugin, text: str) -> Mapping[str, Any]:
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            # From None: the exception holds the text, which may hold the token.
            raise self._plugin_failed(plugin, "answered something that is no ExecCredential") from None
        if not isinstance(answer, dict) or answer.get("kind") != "ExecCredential":
            raise self._plugin_failed(plugin, "answered something that is no ExecCredential")
        if answer.get("apiVersion") != plugin.api_version:
            raise self._plugin_failed(
                plugin, f"answered in another version than the kubeconfig's {plugin.api_version}"
            )
        status = answer.get("status")
        return status if isinstance(status, dict) else {}

    def _read_expiry(self, plugin: ExecPlugin, text: object) -> datetime | None:
        if not text:
            return None
        try:
            moment = datetime.fromisoformat(str(text))
        except ValueError:
            raise self._plugin_failed(plugin, "handed out a credential with an unreadable expiry") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def _plugin_failed(self, plugin: ExecPlugin, what: str, said: str = "") -> Unreachable:
        hint = "Run it in a terminal to see why, or log in again;"
        if is_amazon(plugin):
            hint = f"{advice(plugin, profile_of(plugin, self._environ), said).removesuffix('.')};"
        return Unreachable(
            self._redactor.text(f"{self._whose(plugin)} {what}."),
            self._redactor.text(f"{hint} it is set in {self._access.source}."),
        )

    def _whose(self, plugin: ExecPlugin) -> str:
        whose = f"The credential plugin {plugin.command!r} of context {self._access.context!r}"
        profile = profile_of(plugin, self._environ) if is_amazon(plugin) else ""
        return f"{whose} (AWS profile {profile!r})" if profile else whose
