"""What git, or the CI in its place, says of the commit that is on its way."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from trunkline.domain.commits import Commit, Tag, is_sha
from trunkline.domain.delivery.changes import MOST_COMMITS, Shipped
from trunkline.errors import UsageError
from trunkline.ports import Command, Completed, Processes

_FORMAT = "%H%x00%ct%x00%an%x00%s"
# The commit is what an annotated tag points at, or what a light one is.
_TAG = (
    "%(refname:lstrip=2)%00%(*objectname)%00%(objectname)%00%(objecttype) %(*objecttype)%00"
    "%(creatordate:unix)%00%(taggername)%00%(authorname)"
)
_HEAD, _DETACHED = "# branch.head ", "(detached)"


class GitSource:
    """Implements the port `SourceControl` with the git command, in the project's directory.

    Inside CircleCI the commit and the branch are those of `CIRCLE_SHA1` and `CIRCLE_BRANCH`: a CI's checkout
    is detached and often shallow, and its own steps leave files in the work tree.
    """

    def __init__(self, processes: Processes, root: Path, environ: Mapping[str, str]) -> None:
        self._processes = processes
        self._root = root
        self._ci_commit = environ.get("CIRCLE_SHA1", "")
        self._ci_branch = environ.get("CIRCLE_BRANCH", "")

    def commit(self, trunk: str, revision: str = "HEAD") -> Commit:
        """See the port."""
        if self._ci_commit and revision in {"HEAD", self._ci_commit}:
            return self._commit_of_ci(trunk)
        return self._commit_of_git(trunk, revision)

    def precedes(self, older: str, newer: str) -> bool | None:
        """See the port."""
        if self._processes.find("git") is None:
            return None
        code = self._git("merge-base", "--is-ancestor", older, newer).code
        if code == 0:
            return True
        if code != 1:
            return None
        # In a shallow clone the way between two commits may lie beyond the cut.
        shallow = self._git("rev-parse", "--is-shallow-repository").stdout.strip() != "false"
        return None if shallow else False

    def shipped(self, base: str, commit: str) -> tuple[Shipped, ...] | None:
        """See the port."""
        if not (is_sha(base) and is_sha(commit)) or self._processes.find("git") is None:
            return None
        told = self._git("rev-parse", "--is-shallow-repository", "--show-prefix").stdout.splitlines()
        if not told or (told[0] != "false" and self.precedes(base, commit) is not True):
            # The way between the two may lie beyond the cut.
            return None
        only = (
            "log",
            "--no-merges",
            "--no-show-signature",
            "--format=%H %ct",
            f"--max-count={MOST_COMMITS + 1}",
        )
        # Within a part of a repository, what does not touch it does not count.
        below = ("--", ".") if len(told) > 1 and told[1] else ("--",)
        listed = self._git(*only, f"{base}..{commit}", *below)
        lines = listed.stdout.splitlines()
        if listed.code != 0 or len(lines) > MOST_COMMITS:
            return None
        pairs = (line.split(" ", 1) for line in lines)
        return tuple(Shipped(sha, datetime.fromtimestamp(int(seconds), UTC)) for sha, seconds in pairs)

    def tags(self, pattern: str) -> tuple[Tag, ...]:
        """See the port."""
        if self._processes.find("git") is None:
            return ()
        listed = self._git("for-each-ref", "--sort=creatordate", f"--format={_TAG}", "refs/tags/").stdout
        return tuple(
            Tag(name, peeled or own, datetime.fromtimestamp(int(seconds), UTC), tagger or author)
            for name, peeled, own, kind, seconds, tagger, author in (
                line.split("\0") for line in listed.splitlines()
            )
            # A tag may name anything; only commits are deployed.
            if fnmatchcase(name, pattern) and "commit" in {kind.split(" ")[0], kind.split(" ")[-1]}
        )

    def remote(self) -> str:
        """See the port."""
        if self._processes.find("git") is None:
            return ""
        return self._git("config", "--get", "remote.origin.url").stdout.strip()

    def export(self, commit: str, path: str, into: Path) -> Path | None:
        """See the port."""
        import tarfile  # noqa: PLC0415 - wanted only where the work tree is not what was deployed before

        if not is_sha(commit) or self._processes.find("git") is None:
            return None
        with tempfile.TemporaryDirectory(prefix="trunkline-") as directory:
            packed = Path(directory) / "commit.tar"
            # A literal path: a `*` in a file's name is no pattern.
            wanted = (
                "--literal-pathspecs",
                "archive",
                "--format=tar",
                f"--output={packed}",
                commit,
                "--",
                path,
            )
            if self._git(*wanted).code != 0:
                return None
            try:
                with tarfile.open(packed) as archive:
                    archive.extractall(into, filter="data")
            except tarfile.TarError:
                # Links that lead out of the folder: what they point at is not the commit's.
                return None
        copy = into / path
        return copy if copy.exists() else None

    def _commit_of_ci(self, trunk: str) -> Commit:
        if not is_sha(self._ci_commit):
            raise UsageError(
                "CIRCLE_SHA1 is not a commit's hexadecimal name.", "Set it to the full sha of the commit."
            )
        known = self._show(self._ci_commit) if self._processes.find("git") else None
        on_trunk = True if self._ci_branch == trunk else None
        if on_trunk is None and known is not None:
            on_trunk = self._on_trunk(self._ci_commit, trunk)
        if on_trunk is None and self._ci_branch:
            on_trunk = False
        sha, committed_at, author, subject = known or (self._ci_commit, None, "", "")
        return Commit(
            sha=sha,
            branch=self._ci_branch or None,
            on_trunk=on_trunk,
            subject=subject,
            author=author,
            committed_at=committed_at,
            source_url=self._source_url() if known else "",
        )

    def _commit_of_git(self, trunk: str, revision: str) -> Commit:
        known = self._show(revision)
        if known is None:
            said = _complaint(self._git("rev-parse", "--verify", f"{revision}^{{commit}}"))
            raise UsageError(
                f"{self._root} is no git work tree with a commit {revision!r} ({said}).",
                "Run Trunkline in a clone of the service's repository, or set CIRCLE_SHA1.",
            )
        sha, committed_at, author, subject = known
        branch, dirty_tree = self._work_tree() if revision == "HEAD" else (self._branch(), "")
        return Commit(
            sha=sha,
            branch=branch or None,
            on_trunk=self._on_trunk(sha, trunk),
            dirty_tree=dirty_tree,
            subject=subject,
            author=author,
            committed_at=committed_at,
            source_url=self._source_url(),
        )

    def _show(self, revision: str) -> tuple[str, datetime, str, str] | None:
        only = ("log", "-1", "--no-show-signature", f"--format={_FORMAT}", "--end-of-options")
        shown = self._git(*only, f"{revision}^{{commit}}")
        if shown.code != 0:
            return None
        sha, seconds, author, subject = shown.stdout.rstrip("\n").split("\0", 3)
        return sha, datetime.fromtimestamp(int(seconds), UTC), author, subject

    def _on_trunk(self, sha: str, trunk: str) -> bool | None:
        """Whether the shared trunk holds the commit; the local branch counts only where no remote has one."""
        refs = (f"refs/remotes/origin/{trunk}", f"refs/heads/{trunk}")
        listed = self._git("for-each-ref", "--format=%(objectname) %(refname)", *refs).stdout
        tips = {ref: tip for tip, _, ref in (line.partition(" ") for line in listed.splitlines())}
        for ref in refs:
            if ref in tips:
                return tips[ref] == sha or self._git("merge-base", "--is-ancestor", sha, ref).code == 0
        return None

    def _branch(self) -> str:
        """The branch that is checked out, empty for none."""
        return self._git("symbolic-ref", "--short", "-q", "HEAD").stdout.strip()

    def _work_tree(self) -> tuple[str, str]:
        """The branch that is checked out, and the tree that lies there if it is not the commit's; both may be empty."""
        said = self._read_tree(
            "status", "--porcelain=v2", "--branch", "--untracked-files=normal"
        ).splitlines()
        heads = [line.removeprefix(_HEAD) for line in said if line.startswith(_HEAD)]
        branch = heads[0] if heads and heads[0] != _DETACHED else ""
        if all(line.startswith("# ") for line in said):
            return branch, ""
        # A private index: naming what lies in the work tree must not touch what the person has staged.
        with tempfile.TemporaryDirectory(prefix="trunkline-") as directory:
            index = {"GIT_INDEX_FILE": str(Path(directory) / "index")}
            self._read_tree("read-tree", "HEAD", environment=index)
            self._read_tree("add", "--all", ":/", environment=index)
            return branch, self._read_tree("write-tree", environment=index).strip()

    def _read_tree(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        done = self._git(*arguments, environment=environment)
        if done.code != 0:
            # The id of half a tree would be that of other trees, too, and find their image.
            raise UsageError(
                f"git {arguments[0]} cannot read the work tree of {self._root}: {_complaint(done)}.",
                "Mend what git complains about, or commit your changes.",
            )
        return done.stdout

    def _source_url(self) -> str:
        url = self._git("config", "--get", "remote.origin.url").stdout.strip()
        if "://" not in url:
            return url
        try:
            parts = urlsplit(url)
        except ValueError:
            return ""
        return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def _git(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Completed:
        return self._processes.run(
            # Looking must not take the lock that a person's own git may need.
            Command(
                ("git", "--no-optional-locks", *arguments),
                dict(environment or {}),
                directory=self._root,
                brief=not environment,
            )
        )


def _complaint(done: Completed) -> str:
    """Git's own last sentence."""
    lines = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("hint:")]
    return lines[-1].removeprefix("fatal: ").rstrip(".") if lines else f"exit code {done.code}"
