"""Finds the kubeconfig that kubectl would take, merges it as kubectl does, and reads one context of it.

The rules are those of kubernetes.io, "Organizing Cluster Access Using kubeconfig Files": an explicit file alone;
else the list in KUBECONFIG, where the first file to name something wins and missing files are passed over; else
~/.kube/config; else the service account of the pod that we run in.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trunkline.adapters.kubernetes.access import Access, Login
from trunkline.adapters.kubernetes.entries import Entry, read_text
from trunkline.adapters.kubernetes.users import login_of
from trunkline.dataclass import dataclass
from trunkline.domain.releases import ClusterTarget
from trunkline.errors import UsageError
from trunkline.ports import TlsSettings

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_DEEPEST = 100
_KINDS = {"clusters": "cluster", "users": "user", "contexts": "context"}


@dataclass(slots=True)
class _Merged:
    """All files together: `entries[kind][name]`, the first one of each name."""

    files: list[Path] = field(default_factory=list)
    current: str = ""
    entries: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in _KINDS})

    @property
    def source(self) -> str:
        return ", ".join(map(str, self.files))

    @property
    def empty(self) -> bool:
        return not self.current and not any(self.entries.values())


def load(
    target: ClusterTarget,
    environ: Mapping[str, str],
    home: Path,
    service_account: Path = SERVICE_ACCOUNT,
) -> Access:
    """How to reach the cluster that `target` names.

    Raises:
        UsageError: there is no kubeconfig, no such context, or a mistake in it.
    """
    merged = _Merged()
    candidates = _candidates(target, environ, home)
    for path in candidates:
        if target.kubeconfig is None and not path.exists():
            continue
        _merge(merged, path)
    if merged.empty and target.kubeconfig is None and target.context is None:
        inside = _in_cluster(environ, service_account)
        if inside is not None:
            return inside
    if not merged.files:
        raise UsageError(
            f"There is no kubeconfig: {', '.join(map(str, candidates))} does not exist, and this is no pod of a cluster.",
            "Set KUBECONFIG to your kubeconfig, or write its path into the configuration.",
        )
    return _access(merged, target.context)


def _candidates(target: ClusterTarget, environ: Mapping[str, str], home: Path) -> list[Path]:
    if target.kubeconfig is not None:
        explicit = target.kubeconfig
        return [home / explicit[2:] if explicit.startswith("~/") else Path(explicit)]
    listed = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return list(dict.fromkeys(listed)) or [home / ".kube" / "config"]


def _merge(merged: _Merged, path: Path) -> None:
    document = _parse(path)
    merged.files.append(path)
    current = document.get("current-context")
    if isinstance(current, str) and not merged.current:
        merged.current = current
    for kind, word in _KINDS.items():
        for name, values in _named(document, kind, word, path):
            merged.entries[kind].setdefault(name, Entry(values, path, f"{word.capitalize()} {name!r}"))


def _parse(path: Path) -> Mapping[str, Any]:
    """The document in a file. Messages repeat nothing of it, because any part may be a secret."""
    advice = f"Correct {path}, or set KUBECONFIG to another file."
    try:
        text = read_text(path)
        document = json.loads(text) if text.lstrip().startswith("{") else _parse_yaml(text)
    except OSError as error:
        raise UsageError(
            f"The kubeconfig {path} cannot be read: {error.strerror or error}.",
            "Check the path and the permissions.",
        ) from error
    except json.JSONDecodeError as error:
        raise UsageError(f"The kubeconfig {path} is not JSON (line {error.lineno}).", advice) from None
    except _NotYaml as error:
        raise UsageError(f"The kubeconfig {path} is not YAML{error}.", advice) from None
    except (ValueError, RecursionError):
        raise UsageError(f"The kubeconfig {path} is not text, or is nested too deeply.", advice) from None
    if document is None:
        return {}
    if not isinstance(document, Mapping):
        raise UsageError(f"The kubeconfig {path} holds no mapping.", advice)
    return document


class _NotYaml(Exception):
    """Where the mistake is, ready to follow the words "is not YAML"."""


def _parse_yaml(text: str) -> Any:
    # 60 ms for the large ones and nothing for JSON ones: only who needs it pays for it.
    import yaml  # noqa: PLC0415 - see above

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        depth = 0
        for event in yaml.parse(text, Loader=loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _DEEPEST:
                # The loader recurses in C, where going too deep ends the process.
                raise RecursionError
        return yaml.load(text, Loader=loader)  # noqa: S506 - both are safe loaders
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise _NotYaml(f" (line {mark.line + 1})" if mark else "") from None
    except yaml.YAMLError:
        raise _NotYaml from None


def _named(
    document: Mapping[str, Any], kind: str, word: str, path: Path
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    listed = document.get(kind)
    if listed is None:
        return
    if not isinstance(listed, list):
        raise UsageError(f"{kind} in {path} is not a list.", f"Correct {path}.")
    for item in listed:
        name = item.get("name") if isinstance(item, Mapping) else None
        if not isinstance(name, str):
            raise UsageError(f"An entry of {kind} in {path} has no name.", f"Correct {path}.")
        values = item.get(word)
        if values is not None and not isinstance(values, Mapping):
            raise UsageError(f"{word.capitalize()} {name!r} in {path} holds no mapping.", f"Correct {path}.")
        yield name, values or {}


def _access(merged: _Merged, wanted: str | None) -> Access:
    name = wanted or merged.current
    contexts = merged.entries["contexts"]
    if not name:
        raise UsageError(
            f"{merged.source} names no current context.",
            f"Write the context into the configuration; {_known(contexts)}.",
        )
    context = contexts.get(name)
    if context is None:
        raise UsageError(
            f"There is no context {name!r} in {merged.source}.", f"{_known(contexts)}.".capitalize()
        )
    cluster = _referred(merged, context, "cluster", "clusters")
    user = _referred(merged, context, "user", "users")
    if cluster is None:
        raise context.mistake("names no cluster")
    server = cluster.text("server").rstrip("/")
    try:
        parts = urlsplit(server)
        valid = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise cluster.mistake("has no server of the form https://HOST:PORT")
    tls = TlsSettings(
        ca=cluster.pem("certificate-authority"),
        certificate=user.pem("client-certificate") if user else "",
        key=user.pem("client-key") if user else "",
        verify=not cluster.flag("insecure-skip-tls-verify"),
        server_name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url") or None,
    )
    if user and bool(tls.certificate) != bool(tls.key):
        raise user.mistake("has only one of client-certificate and client-key; both are needed")
    login = login_of(user, cluster, tls) if user else Login()
    return Access(server, name, str(context.file), tls, login)


def _known(contexts: Iterable[str]) -> str:
    names = sorted(contexts)
    return f"known are {', '.join(names)}" if names else "no context is defined there"


def _referred(merged: _Merged, context: Entry, key: str, kind: str) -> Entry | None:
    name = context.text(key)
    if not name:
        return None
    found = merged.entries[kind].get(name)
    if found is None:
        raise context.mistake(f"names the {key} {name!r}, which {merged.source} does not define")
    return found


def _in_cluster(environ: Mapping[str, str], directory: Path) -> Access | None:
    host, port = environ.get("KUBERNETES_SERVICE_HOST"), environ.get("KUBERNETES_SERVICE_PORT", "443")
    token_file = directory / "token"
    if not host or not token_file.exists():
        return None
    entry = Entry({"certificate-authority": "ca.crt"}, token_file, "The service account")
    bracketed = f"[{host}]" if ":" in host else host
    return Access(
        f"https://{bracketed}:{port}",
        "in-cluster",
        str(directory),
        TlsSettings(ca=entry.pem("certificate-authority"), proxy=""),
        Login(token_file=token_file),
    )
