"""What it takes to talk to one cluster: where it is, how it is known, and how we identify ourselves.

Plain values; `kubeconfig` reads them, `credentials` presents them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trunkline.dataclass import dataclass
from trunkline.ports import TlsSettings


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that hands out credentials (client.authentication.k8s.io).

    Attributes:
        command: a name on PATH, or a path.
        install_hint: what the kubeconfig's author says to whom does not have it.
        cluster: the `spec.cluster` to tell the plugin; None unless it asks for it.
    """

    api_version: str
    command: str
    args: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    install_hint: str = ""
    cluster: Mapping[str, Any] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """How we identify ourselves; client certificates travel in `Access.tls`.

    Attributes:
        token_file: is read again for every request, because tokens rotate; wins over `token`.
        impersonation: `Impersonate-*` headers.
    """

    token: str = field(default="", repr=False)
    token_file: Path | None = None
    username: str = ""
    password: str = field(default="", repr=False)
    plugin: ExecPlugin | None = None
    impersonation: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Access:
    """One cluster and one user.

    Attributes:
        server: the API's base URL without a slash at its end.
        context: what messages call it.
        source: the file (or the pod) that it was read from.
    """

    server: str
    context: str
    source: str
    tls: TlsSettings = field(default_factory=TlsSettings)
    login: Login = field(default_factory=Login)

    @property
    def host(self) -> str:
        """Host and port, without any login that the URL may carry."""
        return urlsplit(self.server).netloc.rpartition("@")[2]
