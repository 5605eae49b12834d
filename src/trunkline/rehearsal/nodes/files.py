"""The files that scripts in containers see: trees of small files, mounted one into another, each with a bound."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import field

from trunkline.dataclass import dataclass

_LONGEST = 65_536
_MOST = 256
_LONGEST_PATH = 512
# Where no image keeps anything: there a file exists if a script has made it, and else it does not.
_SCRATCH = ("/tmp", "/run", "/var/run", "/var/tmp", "/dev/shm")  # noqa: S108 - paths in a container


class FileError(Exception):
    """What the system says of a path: `No such file or directory` and its like."""


class Unknowable(Exception):
    """Whether there is such a file is known to the image alone, or to a program that is not played."""


@dataclass(slots=True)
class Tree:
    """Files and directories by their paths; the root is `/`.

    Attributes:
        is_open: whether a program that is not played may write here, so that nothing is known to be absent.
        refresh: brings what is kept elsewhere, such as a ConfigMap's keys, in here.
    """

    files: dict[str, str] = field(default_factory=dict)
    directories: set[str] = field(default_factory=lambda: {"/"})
    read_only: bool = False
    is_open: bool = False
    refresh: Callable[[], None] | None = None

    def look(self) -> Tree:
        """This tree, as it is now."""
        if self.refresh is not None:
            self.refresh()
        return self

    def add(self, path: str, content: str) -> None:
        """Put a file there, with its directories."""
        self.files[path] = content
        self.add_directory(posixpath.dirname(path))

    def add_directory(self, path: str) -> None:
        """Make a directory, with those that it is in."""
        while path not in self.directories:
            self.directories.add(path)
            path = posixpath.dirname(path)


@dataclass(frozen=True, slots=True)
class Mount:
    """A tree at a path of a container."""

    path: str
    tree: Tree
    sub_path: str = "/"
    read_only: bool = False


class Files:
    """What one container sees.

    Args:
        layer: what it has for itself.
        is_complete: whether the image is described, so that what is not in the layer is not there.
    """

    def __init__(self, layer: Tree, mounts: tuple[Mount, ...] = (), *, is_complete: bool = False) -> None:
        self.layer, self._is_complete = layer, is_complete
        self.mounts = tuple(sorted(mounts, key=lambda mount: -len(mount.path)))
        for path in _SCRATCH:
            layer.directories.update({path, posixpath.dirname(path)})
        self.version = 0

    def read(self, path: str) -> str:
        """A file's content.

        Raises:
            FileError: there is none.
            Unknowable: nobody knows.
        """
        tree, inner, _ = self._find(path)
        if inner in tree.files:
            return tree.files[inner]
        if inner in tree.directories:
            raise FileError("Is a directory")
        self._check_known(tree, path)
        raise FileError("No such file or directory")

    def kind(self, path: str) -> str:
        """`file`, `directory`, or nothing if there is none.

        Raises:
            Unknowable: nobody knows.
        """
        tree, inner, _ = self._find(path)
        if inner in tree.files:
            return "file"
        if inner in tree.directories or any(item.path.startswith(_slashed(path)) for item in self.mounts):
            return "directory"
        self._check_known(tree, path)
        return ""

    def write(self, path: str, content: str, *, append: bool = False) -> None:
        """Write a file.

        Raises:
            FileError: it cannot be written.
        """
        tree, inner = self._writable(path)
        parent = posixpath.dirname(inner)
        if inner in tree.directories:
            raise FileError("Is a directory")
        if parent not in tree.directories:
            if self._is_complete or tree is not self.layer or _is_scratch(path):
                raise FileError("nonexistent directory")
            tree.directories.add(parent)
        before = tree.files.get(inner, "") if append else ""
        if len(before) + len(content) > _LONGEST or (inner not in tree.files and len(tree.files) >= _MOST):
            raise FileError("No space left on device")
        tree.files[inner] = before + content
        self.version += 1

    def remove(self, path: str, *, recursive: bool = False) -> None:
        """Remove a file, or a directory with all that is in it.

        Raises:
            FileError: there is none, or it is a directory.
            Unknowable: nobody knows.
        """
        kind = self.kind(path)
        tree, inner = self._writable(path)
        if not kind:
            raise FileError("No such file or directory")
        if kind == "directory":
            if not recursive:
                raise FileError("Is a directory")
            head = _slashed(inner)
            for name in [item for item in tree.files if item.startswith(head)]:
                del tree.files[name]
            tree.directories -= {item for item in tree.directories if item.startswith(head) or item == inner}
            tree.directories.add("/")
        else:
            del tree.files[inner]
        self.version += 1

    def make_directory(self, path: str, *, parents: bool = False) -> None:
        """Make a directory.

        Raises:
            FileError: it is there, or what it should be in is not.
        """
        tree, inner = self._writable(path)
        if inner in tree.files or (inner in tree.directories and not parents):
            raise FileError("File exists")
        parent = posixpath.dirname(inner)
        if parent not in tree.directories and not parents and self._is_complete:
            raise FileError("No such file or directory")
        if len(tree.directories) >= _MOST:
            raise FileError("No space left on device")
        while inner not in tree.directories:
            tree.directories.add(inner)
            inner = posixpath.dirname(inner)
        self.version += 1

    def names(self, path: str) -> list[str]:
        """What is in a directory, in order.

        Raises:
            FileError: there is none.
            Unknowable: nobody knows.
        """
        kind = self.kind(path)
        if kind != "directory":
            raise FileError("Not a directory" if kind else "No such file or directory")
        tree, inner, _ = self._find(path)
        if tree is self.layer and not self._is_complete and not _is_scratch(path):
            raise Unknowable(path)
        if tree.is_open:
            raise Unknowable(path)
        head = _slashed(inner)
        found = {item[len(head) :].split("/")[0] for item in self._inside(tree, head)}
        return sorted(found)

    def open_up(self) -> None:
        """A program that is not played runs here: from now on it may have written what nobody knows."""
        self.layer.is_open = True
        for mount in self.mounts:
            if not mount.read_only and not mount.tree.read_only:
                mount.tree.is_open = True

    @staticmethod
    def _inside(tree: Tree, head: str) -> Iterator[str]:
        yield from (item for item in tree.files if item.startswith(head))
        yield from (item for item in tree.directories if item.startswith(head) and item != head)

    def _find(self, path: str) -> tuple[Tree, str, bool]:
        """The tree of a path, the path in it, and whether it may not be written."""
        if len(path) > _LONGEST_PATH:
            raise FileError("File name too long")
        for mount in self.mounts:
            if path == mount.path or path.startswith(_slashed(mount.path)):
                inner = posixpath.normpath(mount.sub_path + "/" + path[len(mount.path) :])
                tree = mount.tree.look()
                return tree, "/" + inner.lstrip("/"), mount.read_only or tree.read_only
        return self.layer, path, self.layer.read_only

    def _writable(self, path: str) -> tuple[Tree, str]:
        tree, inner, read_only = self._find(path)
        if read_only:
            raise FileError("Read-only file system")
        return tree, inner

    def _check_known(self, tree: Tree, path: str) -> None:
        if tree.is_open or (tree is self.layer and not self._is_complete and not _is_scratch(path)):
            raise Unknowable(path)


def _is_scratch(path: str) -> bool:
    return any(path == item or path.startswith(item + "/") for item in _SCRATCH)


def _slashed(path: str) -> str:
    return path if path.endswith("/") else path + "/"
