"""A folder of a git repository at a branch, a tag or a commit: `git+https://host/org/repo.git//folder?ref=v1`.

The person's own git does it, with their credential helpers and SSH agent, in a bare repository of ours that holds
single commits. Nothing of the repository is ever run: no hooks, no submodules, no filters, no smudging of large
files. What was read names the commit as its version, so that the same bytes can be had again.
"""

from __future__ import annotations

import fcntl
import os
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

from trunkline.adapters.storage.places import LARGEST, inside, too_large
from trunkline.dataclass import dataclass
from trunkline.errors import Refused, Unreachable, UsageError
from trunkline.expressions import expression
from trunkline.ports import Command, Completed, Processes
from trunkline.ports.sources import File

_FETCH_S = 120.0
_READ_S = 30.0
_SHA = expression(r"[0-9a-f]{40}")
# git-check-ref-format(1), in short; a leading dash would be an option.
_REF = expression(r"(?!-)(?!.*(?:\.\.|@\{|//))[A-Za-z0-9][A-Za-z0-9._/@+-]{0,254}")
_POINTER = b"version https://git-lfs.github.com/spec/"
_NO_REF = (
    "couldn't find remote ref",
    "not our ref",
    "no such remote ref",
    "did not send all necessary objects",
)
_NO_LOGIN = (
    "could not read username",
    "authentication failed",
    "permission denied",
    "terminal prompts disabled",
    "http basic: access denied",
    "error: 403",
)
_NO_REPOSITORY = ("does not appear to be a git repository", "repository not found", "not found")
# Says the login of this command's environment; the words themselves are no secret.
_HELPER = "!f() { echo username=$TRUNKLINE_GIT_USERNAME; echo password=$TRUNKLINE_GIT_PASSWORD; }; f"


@dataclass(frozen=True, slots=True)
class GitLogin:
    """A user name and password for the repository; empty for what git itself knows."""

    username: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class _Location:
    """Where to look: the repository as git takes it, the folder in it, and what to check out."""

    repository: str
    folder: str
    ref: str

    def __str__(self) -> str:
        return f"git+{self.repository}//{self.folder}?ref={self.ref}"


class GitFolder:
    """Implements `Place`.

    Args:
        location: the address.
        processes: runs git.
        repositories: a folder for our bare repositories; None keeps none.
        into: takes folders that `folder` is asked for.
        login: for the repository.
        environ: this process's.
    """

    def __init__(
        self,
        location: str,
        processes: Processes,
        environ: Mapping[str, str],
        repositories: Path | None,
        into: Path,
        login: GitLogin | None = None,
    ) -> None:
        self._location = _parse(location)
        self._processes = processes
        self._environ = environ
        self._repositories = repositories
        self._into = into
        self._login = login or GitLogin()
        self.commit = ""

    def address(self, name: str = "") -> str:
        """See `Place`."""
        there = self._location
        path = "/".join(part for part in (there.folder, name) if part)
        return f"git+{there.repository}//{path}?ref={there.ref}"

    def inside(self, url: str) -> str | None:
        """See `Place`."""
        return inside(self.address(), url)

    def read(self, name: str, version: str = "", unless: str = "") -> File | None:  # noqa: ARG002 - the commit is the mark
        """See `Place`; the version is the commit."""
        if version and not _SHA.fullmatch(version):
            raise UsageError(
                f"{version[:60]!r} is no commit of {self.address(name)}.",
                "A layer from git is brought back by its commit; deploy what is there now.",
            )
        with self._opened(version) as (bare, commit), self._archive(bare, commit, name) as archive:
            wanted = self._below(name)
            member = next((item for item in archive or () if item.name == wanted), None)
            if archive is None or member is None or member.isdir():
                return None
            if not member.isreg():
                raise UsageError(
                    f"{self.address(name)} is a link.", "Name the file itself: links are not followed."
                )
            if member.size > LARGEST:
                raise too_large(self.address(name))
            file = archive.extractfile(member)
            content = file.read() if file else b""
        if content.startswith(_POINTER):
            raise UsageError(
                f"{self.address(name)} is kept in Git LFS, which holds only a pointer here.",
                "Keep charts and values in git itself, or in a bucket.",
            )
        return File(content, {}, commit, commit)

    def names(self, beginning: str) -> list[str]:
        """See `Place`."""
        with self._opened() as (bare, commit):
            listed = self._git(bare, "ls-tree", "--name-only", "-z", f"{commit}:{self._location.folder}")
        if listed.code:
            raise self._no_folder()
        return sorted(name for name in listed.stdout.split("\0") if name and name.startswith(beginning))

    def folder(self, name: str) -> Path | None:
        """See `Place`: a copy of it."""
        with self._opened() as (bare, commit), self._archive(bare, commit, name) as archive:
            if archive is None:
                return None
            target = self._into / "git" / commit
            try:
                archive.extractall(target, filter="data")
            except tarfile.TarError as error:
                raise UsageError(
                    f"{self.address(name)} holds what no chart has: {error}.",
                    "Remove links that lead out of it.",
                ) from None
        path = target.joinpath(*self._below(name).split("/"))
        return path if path.is_dir() else None

    def describe(self) -> str:
        """See `Place`."""
        count = len(self.names(""))
        return f"{self.address()} is commit {self.commit[:7]}, with {count} {'entry' if count == 1 else 'entries'}."

    def _below(self, name: str) -> str:
        return "/".join(part for part in (self._location.folder, name) if part)

    @contextmanager
    def _opened(self, version: str = "") -> Iterator[tuple[Path, str]]:
        """A bare repository that has the commit, and the commit."""
        if self._repositories is None:
            with TemporaryDirectory(prefix="trunkline-") as directory:
                yield Path(directory), self._fetched(Path(directory), version)
            return
        bare = self._repositories / sha256(self._location.repository.encode()).hexdigest()[:32]
        try:
            bare.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(bare, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise Unreachable(
                f"{bare} cannot be written: {error.strerror}.",
                "Make room, or set TRUNKLINE_CACHE to a folder of yours.",
            ) from error
        try:
            # Two fetches into one shallow repository are in each other's way.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            commit = self._fetched(bare, version)
        finally:
            os.close(descriptor)
        yield bare, commit

    def _fetched(self, bare: Path, version: str) -> str:
        wanted = version or self.commit or self._location.ref
        if not (bare / "HEAD").exists() and (made := self._git(bare, "init", "--bare", "--quiet", ".")).code:
            raise self._failed(made)
        if _SHA.fullmatch(wanted) and not self._git(bare, "cat-file", "-e", f"{wanted}^{{commit}}").code:
            commit = wanted
        else:
            commit = self._fetch(bare, wanted)
        if not version:
            self.commit = commit
        return commit

    def _fetch(self, bare: Path, wanted: str) -> str:
        there = self._location.repository
        fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head")
        # A name for the commit that nobody else uses: it keeps git from clearing it away.
        kept = f"refs/trunkline/{sha256(wanted.encode()).hexdigest()[:32]}"
        done = self._git(bare, *fetch, there, f"+{wanted}:{kept}", timeout_s=_FETCH_S)
        if done.code:
            raise self._failed(done)
        return self._git(bare, "rev-parse", f"{kept}^{{commit}}").stdout.strip()

    @contextmanager
    def _archive(self, bare: Path, commit: str, name: str) -> Iterator[tarfile.TarFile | None]:
        """The path as a tar archive of the commit's tree; None where the commit has no such path."""
        with TemporaryDirectory(prefix="trunkline-") as directory:
            packed = Path(directory) / "path.tar"
            done = self._git(
                bare, "archive", "--format=tar", f"--output={packed}", commit, "--", self._below(name)
            )
            if done.code:
                yield None
                return
            with tarfile.open(packed) as archive:
                yield archive

    def _git(self, bare: Path, *arguments: str, timeout_s: float = _READ_S) -> Completed:
        safe = {
            "core.hooksPath": os.devnull,
            "gc.auto": "0",
            "protocol.allow": "never",
            f"protocol.{urlsplit(self._location.repository).scheme}.allow": "always",
            "fetch.recurseSubmodules": "false",
        }
        if self._login.username:
            safe |= {"credential.helper": _HELPER}
        options = [part for key, value in safe.items() for part in ("-c", f"{key}={value}")]
        command = Command(
            ("git", "--git-dir=.", "--literal-pathspecs", *options, *arguments),
            self._environment(),
            timeout_s=timeout_s,
            directory=bare,
        )
        try:
            return self._processes.run(command)
        except TimeoutError:
            raise Unreachable(
                f"{self._location} cannot be read: git did not end within {timeout_s:g} s.",
                "Check the network and the repository's address, then run the command again.",
            ) from None

    def _environment(self) -> Mapping[str, str | None]:
        # Never a question: nobody may be there to answer it.
        own: dict[str, str | None] = {
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "LC_ALL": "C",
        }
        # A hook that called us names its own repository by them.
        own |= dict.fromkeys(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY"))
        if "GIT_SSH_COMMAND" not in self._environ:
            own["GIT_SSH_COMMAND"] = "ssh -oBatchMode=yes"
        if self._login.username:
            own |= {
                "TRUNKLINE_GIT_USERNAME": self._login.username,
                "TRUNKLINE_GIT_PASSWORD": self._login.password,
            }
        return own

    def _no_folder(self) -> UsageError:
        return UsageError(
            f"There is no folder {self.address()}.", "Correct what follows the `//` of the address."
        )

    def _failed(self, done: Completed) -> Unreachable | UsageError:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        said = next(
            (line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1] if lines else ""
        )
        said = said.partition(": ")[2] or said or f"git ended with exit code {done.code}"
        text = done.stderr.lower()
        sentence = f"{self._location} cannot be read: {said.rstrip('.')}."
        if any(word in text for word in _NO_REF):
            return UsageError(sentence, "Correct `ref`: a branch, a tag or a whole commit of the repository.")
        if any(word in text for word in _NO_LOGIN):
            return Refused(
                sentence, "Set chart.username and chart.password, or a credential helper or SSH key of git's."
            )
        if any(word in text for word in _NO_REPOSITORY):
            return UsageError(sentence, "Correct the repository's address, or ask for access to it.")
        return Unreachable(sentence, "Check the network and the address, then run the command again.")


def _parse(location: str) -> _Location:
    repository, _, rest = location.removeprefix("git+").partition("?")
    scheme, separator, path = repository.partition("://")
    path, _, folder = path.partition("//")
    refs = parse_qs(rest).get("ref", ["HEAD"])
    folder = folder.strip("/")
    try:
        parts = urlsplit(f"{scheme}{separator}{path}")
    except ValueError:
        raise _no_address(location) from None
    if parts.password or (parts.username and scheme != "ssh"):
        raise UsageError(
            f"The address of the git repository at {parts.hostname} bears a login, which would show in every message.",
            "Put it into chart.username and chart.password, or into a credential helper of git's.",
        )
    if (
        not path.strip("/")
        or len(refs) != 1
        or set(parse_qs(rest)) - {"ref"}
        or not _REF.fullmatch(refs[0])
        or ".." in folder.split("/")
    ):
        raise _no_address(location)
    if scheme == "http" and not (parts.hostname or "").startswith(("127.", "localhost")):
        raise UsageError(
            f"The git repository at {parts.hostname} is to be read over plain http, where anybody could change it.",
            "Use its https:// or ssh:// address.",
        )
    return _Location(parts.geturl(), folder, refs[0])


def _no_address(location: str) -> UsageError:
    return UsageError(
        f"{location[:200]} is no address of a folder in git.",
        "Write it as git+https://host/org/repository.git//folder?ref=branch-or-tag.",
    )
