"""What containers find at their mount points: one tree for each volume, shared by all that mount it, as long as it lives."""

from __future__ import annotations

import base64
import binascii
import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from trunkline.rehearsal.kinds import Kinds
from trunkline.rehearsal.nodes.files import Files, Mount, Tree
from trunkline.rehearsal.nodes.registries import ImageContents
from trunkline.rehearsal.nodes.variables import field_of
from trunkline.rehearsal.objects import Object, at, namespace_of, uid_of
from trunkline.rehearsal.store import Store

# The kubelet brings a changed ConfigMap into running containers with its next sync (Kubernetes' page on ConfigMaps).
_SYNC_S = 60.0
# A node has its own files there, and nobody has said which.
_OF_THE_NODE = ("/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/run", "/sys", "/usr", "/var/lib", "/var/log", "/var/run")  # fmt: skip
_FILES = {"configMap", "secret", "projected", "downwardAPI"}
Key = tuple[str, ...]


class Mounts:
    """The volumes of all pods.

    Args:
        now_s: the cluster's time, in seconds on any scale.
    """

    def __init__(self, store: Store, kinds: Kinds, now_s: Callable[[], float]) -> None:
        self._store, self._now_s = store, now_s
        self._maps, self._secrets = kinds.named("", "ConfigMap"), kinds.named("", "Secret")
        self._claims = kinds.named("", "PersistentVolumeClaim")
        self._trees: dict[Key, Tree] = {}

    def data(self, kind: str, namespace: str, name: str) -> Mapping[str, str] | None:
        """The texts of a `configmap` or a `secret`; None if there is none."""
        found = self._store.get(self._maps if kind == "configmap" else self._secrets, namespace, name)
        if found is None:
            return None
        texts = {str(key): str(value) for key, value in (found.get("data") or {}).items()}
        return texts if kind == "configmap" else {key: _decoded(value) for key, value in texts.items()}

    def files_of(self, pod: Object, container: Object, contents: ImageContents | None) -> Files:
        """What a container sees in a new life: what its image holds, and its volumes."""
        layer = Tree()
        if contents is not None:
            for path, text in (*contents.files.items(), *((path, "") for path in contents.programs)):
                layer.add(path, text)
        volumes = {
            item.get("name"): item for item in at(pod, "spec", "volumes") or () if isinstance(item, dict)
        }
        mounts = []
        for mount in container.get("volumeMounts") or ():
            volume = volumes.get(at(mount, "name"))
            path = "/" + posixpath.normpath(str(at(mount, "mountPath") or "/")).strip("/")
            if volume is not None and path != "/":
                tree, inner = self._tree(pod, volume)
                sub_path = posixpath.normpath(f"{inner}/{at(mount, 'subPath') or ''}")
                if sub_path not in tree.look().files and not tree.read_only:
                    tree.add_directory(sub_path)
                mounts.append(Mount(path, tree, sub_path, bool(at(mount, "readOnly"))))
        return Files(layer, tuple(mounts), is_complete=contents is not None)

    def forget(self, uid: str) -> None:
        """A pod is gone, and what it had for itself with it."""
        for key in [key for key in self._trees if key[0] == uid]:
            del self._trees[key]

    def _tree(self, pod: Object, volume: Object) -> tuple[Tree, str]:
        """A volume's tree, and where in it the volume is."""
        path = at(volume, "hostPath", "path")
        if path:
            place = "/" + posixpath.normpath(str(path)).strip("/")
            open_ = place == "/" or any(
                place == item or place.startswith(item + "/") for item in _OF_THE_NODE
            )
            key: Key = ("node", str(at(pod, "spec", "nodeName") or ""), "system" if open_ else "")
            return self._trees.setdefault(key, Tree(is_open=open_)), place
        claim = at(volume, "persistentVolumeClaim", "claimName")
        if claim:
            found = self._store.get(self._claims, namespace_of(pod), str(claim)) or {}
            key = ("claim", str(at(found, "spec", "volumeName") or uid_of(found)))
            return self._trees.setdefault(key, Tree()), "/"
        key = (uid_of(pod), str(volume.get("name")))
        if key not in self._trees:
            known = "emptyDir" in volume or "ephemeral" in volume
            self._trees[key] = (
                self._read_only(pod, volume) if _FILES & set(volume) else Tree(is_open=not known)
            )
        return self._trees[key], "/"

    def _read_only(self, pod: Object, volume: Object) -> Tree:
        tree = Tree(read_only=True)
        looked_s = float("-inf")

        def refresh() -> None:
            nonlocal looked_s
            if self._now_s() - looked_s >= _SYNC_S:
                looked_s = self._now_s()
                tree.files.clear()
                tree.directories = {"/"}
                for path, text in self._keys(pod, volume):
                    tree.add("/" + posixpath.normpath(path).lstrip("/"), text)

        tree.refresh = refresh
        return tree

    def _keys(self, pod: Object, volume: Object) -> Iterator[tuple[str, str]]:
        for source in (volume, *(at(volume, "projected", "sources") or ())):
            for key, kind, label in (("configMap", "configmap", "name"), ("secret", "secret", "secretName")):
                wanted = at(source, key)
                if isinstance(wanted, dict):
                    name = str(wanted.get(label) or wanted.get("name"))
                    yield from _chosen(self.data(kind, namespace_of(pod), name) or {}, wanted.get("items"))
            for item in at(source, "downwardAPI", "items") or ():
                yield str(at(item, "path")), field_of(pod, str(at(item, "fieldRef", "fieldPath") or ""))


def _chosen(data: Mapping[str, str], items: Any) -> Iterator[tuple[str, str]]:
    if not items:
        yield from data.items()
        return
    for item in items:
        key = at(item, "key")
        if key in data:
            yield str(at(item, "path") or key), data[key]


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
