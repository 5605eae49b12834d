"""What git says of the commit that is on its way: real repositories."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from trunkline.adapters.git import GitSource
from trunkline.adapters.process import SubprocessProcesses
from trunkline.domain.redaction import Redactor
from trunkline.errors import UsageError

# Git looks at nobody's own settings, and everybody commits at the same moment.
ENVIRON = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "Ada L\u00f6velace",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_COMMITTER_DATE": "2026-03-01T13:00:00+01:00",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "init.defaultBranch",
    "GIT_CONFIG_VALUE_0": "main",
}
OTHER = "f" * 40


class Repository:
    """A real repository with one commit on main."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(exist_ok=True)
        self.git("init")
        self.first = self.commit("first: a < b\n\nand a body", **{"app.py": "print(1)\n"})

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=ENVIRON, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        for name, text in files.items():
            (self.root / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def source(self, **environ: str) -> GitSource:
        return source(self.root, **environ)


def source(root: Path, **environ: str) -> GitSource:
    return GitSource(SubprocessProcesses(ENVIRON, Redactor()), root, environ)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "a clone")


def test_a_clean_commit(repository: Repository) -> None:
    """Sha, branch, subject, author and moment are git's; a clean tree is said to be clean."""
    commit = repository.source().commit("main")
    assert (commit.sha, commit.branch, commit.on_trunk, commit.dirty_tree) == (
        repository.first,
        "main",
        True,
        "",
    )
    assert (commit.subject, commit.author) == ("first: a < b", "Ada L\u00f6velace")
    assert commit.committed_at == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert commit.source_url == ""


def test_an_older_commit(repository: Repository) -> None:
    """Another revision can be asked for, by any of its names; the work tree says nothing about it."""
    second = repository.commit("second")
    (repository.root / "app.py").write_text("changed")
    assert repository.source().commit("main", "HEAD~1").sha == repository.first
    found = repository.source().commit("main", repository.first[:8])
    assert (found.sha, found.dirty) == (repository.first, False)
    assert repository.source().commit("main").sha == second


def test_which_commit_is_older(repository: Repository, tmp_path: Path) -> None:
    """An ancestor precedes, a descendant and a stranger do not, and of an unknown commit nothing can be told."""
    first, second = repository.commit("one", a="1"), repository.commit("two", a="2")
    source = repository.source()
    assert source.precedes(first, second) is True
    assert source.precedes(second, first) is False
    assert source.precedes("0" * 40, second) is None


def test_a_shallow_clone_cannot_tell(repository: Repository, tmp_path: Path) -> None:
    """Where history is cut off, a way that is not seen may still be there."""
    repository.commit("one", a="1")
    first = repository.commit("two", a="2")
    repository.git("checkout", "--quiet", "-b", "side")
    second = repository.commit("three", a="3")
    clone = tmp_path / "shallow"
    repository.git(
        "clone", "--quiet", "--depth", "1", "--no-single-branch", f"file://{repository.root}", str(clone)
    )
    assert source(clone).precedes(second, first) is None


def test_a_branch_is_not_on_trunk(repository: Repository) -> None:
    """A commit of a branch is off trunk until trunk holds it; a detached head has no branch."""
    repository.git("switch", "--create", "feature/x")
    sha = repository.commit("on a branch")
    commit = repository.source().commit("main")
    assert (commit.branch, commit.on_trunk) == ("feature/x", False)
    repository.git("switch", "main")
    repository.git("merge", "feature/x")
    repository.git("switch", "--detach", sha)
    commit = repository.source().commit("main")
    assert (commit.sha, commit.branch, commit.on_trunk) == (sha, None, True)


def test_the_shared_trunk_counts(repository: Repository, tmp_path: Path) -> None:
    """Where there is an origin, a commit is on trunk only once it was pushed there."""
    repository.git("init", "--bare", str(tmp_path / "origin"))
    repository.git("remote", "add", "origin", str(tmp_path / "origin"))
    repository.git("push", "origin", "main")
    repository.git("fetch", "origin")
    assert repository.source().commit("main").on_trunk is True
    repository.commit("not pushed")
    assert repository.source().commit("main").on_trunk is False
    assert repository.source().commit("main", "HEAD~1").on_trunk is True


def test_a_trunk_that_is_not_here(repository: Repository) -> None:
    """Whether an unknown trunk holds the commit is not known."""
    assert repository.source().commit("trunk").on_trunk is None


def change(repository: Repository, how: str) -> None:
    file = repository.root / "app.py"
    match how:
        case "modified" | "staged":
            file.write_text("print(2)\n")
        case "deleted":
            file.unlink()
        case "untracked":
            (repository.root / 'new\nfile  \u00e4".txt').write_text("x")
        case "executable":
            file.chmod(0o755)
        case _:
            raise AssertionError(how)
    if how == "staged":
        repository.git("add", "--all")


@pytest.mark.parametrize("how", ["modified", "staged", "deleted", "untracked", "executable"])
def test_a_dirty_tree_has_a_stable_name(repository: Repository, how: str) -> None:
    """Whatever differs from the commit makes the tree dirty; the same content has the same id, staged or not."""
    change(repository, how)
    first, again = (repository.source().commit("main").dirty_tree for _ in range(2))
    assert len(first) == 40
    assert first == again
    repository.git("add", "--all")
    assert repository.source().commit("main").dirty_tree == first
    repository.git("commit", "--message", "as it lies here")
    assert repository.git("rev-parse", "HEAD^{tree}") == first
    assert repository.source().commit("main").dirty_tree == ""


def test_naming_a_dirty_tree_touches_nothing(repository: Repository) -> None:
    """What a person has staged, and what not, is afterwards as it was."""
    change(repository, "untracked")
    change(repository, "staged")
    (repository.root / "app.py").write_text("print(3)\n")
    before = repository.git("status", "--porcelain")
    index = (repository.root / ".git/index").read_bytes()
    assert repository.source().commit("main").dirty
    assert (repository.root / ".git/index").read_bytes() == index
    assert repository.git("status", "--porcelain") == before
    assert not (repository.root / ".git/index.lock").exists()


def test_a_project_below_the_top(repository: Repository) -> None:
    """A service in a folder of its repository is dirty, too, when something beside it is: it was built from there."""
    (repository.root / "service").mkdir()
    repository.commit("a service", **{"service/x": "1"})
    below = source(repository.root / "service")
    assert below.commit("main").dirty_tree == ""
    (repository.root / "app.py").write_text("changed")
    assert below.commit("main").dirty_tree == repository.source().commit("main").dirty_tree != ""


def test_ignored_files_do_not_make_it_dirty(repository: Repository) -> None:
    """What git ignores does not count."""
    repository.commit("ignore", **{".gitignore": "*.log\n"})
    (repository.root / "x.log").write_text("x")
    assert not repository.source().commit("main").dirty


def test_a_tree_that_cannot_be_read(repository: Repository) -> None:
    """Where git cannot name the whole tree, nothing is named: half a name would find another tree's image."""
    change(repository, "modified")
    (repository.root / ".git/index").write_bytes(b"rubbish")
    with pytest.raises(UsageError, match=r"git status cannot read the work tree of .*: index file"):
        repository.source().commit("main")


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://github.com/org/app.git", "https://github.com/org/app.git"),
        ("https://ada:hunter2@github.com/org/app.git", "https://github.com/org/app.git"),
        ("https://ghp_token@github.com:8443/org/app", "https://github.com:8443/org/app"),
        ("ssh://git@github.com/org/app.git", "ssh://github.com/org/app.git"),
        ("git@github.com:org/app.git", "git@github.com:org/app.git"),
        ("https://[broken/x", ""),
    ],
)
def test_the_source_address_bears_no_credentials(repository: Repository, address: str, shown: str) -> None:
    """The remote's address is told without its user part."""
    repository.git("remote", "add", "origin", address)
    assert repository.source().commit("main").source_url == shown


def test_no_repository(tmp_path: Path) -> None:
    """A directory that is no clone is said, with git's own words and what to do."""
    with pytest.raises(
        UsageError, match=r"is no git work tree with a commit 'HEAD' \(not a git repository"
    ) as caught:
        source(tmp_path).commit("main")
    assert "set CIRCLE_SHA1" in caught.value.hint


@pytest.mark.parametrize("revision", ["no-such", OTHER, "--help", "-1", "HEAD:app.py", ""])
def test_an_unknown_revision(repository: Repository, revision: str) -> None:
    """A revision that is no commit here is said, and never taken for an option."""
    with pytest.raises(UsageError, match="is no git work tree with a commit"):
        repository.source().commit("main", revision)


def test_an_empty_repository(tmp_path: Path) -> None:
    """A repository without commits has none to deploy."""
    subprocess.run(["git", "init"], cwd=tmp_path, env=ENVIRON, check=True, capture_output=True)
    with pytest.raises(UsageError, match="commit 'HEAD'"):
        source(tmp_path).commit("main")


def test_git_is_missing(tmp_path: Path) -> None:
    """Without git nothing is known outside of a CI."""
    without = GitSource(SubprocessProcesses({"PATH": str(tmp_path)}, Redactor()), tmp_path, {})
    with pytest.raises(UsageError, match="git is not installed"):
        without.commit("main")


def test_the_ci_names_the_commit(repository: Repository) -> None:
    """In CI the commit and the branch are the CI's, the rest is git's; what its steps left lying about is not dirt."""
    repository.commit("newer")
    change(repository, "untracked")
    repository.git("switch", "--detach", "HEAD")
    commit = repository.source(CIRCLE_SHA1=repository.first, CIRCLE_BRANCH="main").commit("main")
    assert (commit.sha, commit.branch, commit.on_trunk, commit.dirty) == (
        repository.first,
        "main",
        True,
        False,
    )
    assert commit.subject == "first: a < b"


def test_the_ci_without_a_clone(tmp_path: Path) -> None:
    """A CI job without a clone, or without git, still knows its commit and whether its branch is trunk."""
    bare = SubprocessProcesses({"PATH": str(tmp_path)}, Redactor())
    for processes in (SubprocessProcesses(ENVIRON, Redactor()), bare):
        for branch, on_trunk in (("main", True), ("feature", False)):
            environ = {"CIRCLE_SHA1": OTHER, "CIRCLE_BRANCH": branch}
            commit = GitSource(processes, tmp_path, environ).commit("main")
            assert (commit.sha, commit.branch, commit.on_trunk, commit.subject) == (
                OTHER,
                branch,
                on_trunk,
                "",
            )


def test_the_ci_builds_a_tag(repository: Repository) -> None:
    """A job of a tag has no branch; the clone tells whether trunk holds the commit."""
    commit = repository.source(CIRCLE_SHA1=repository.first).commit("main")
    assert (commit.branch, commit.on_trunk) == (None, True)
    assert source(repository.root / "..", CIRCLE_SHA1=OTHER).commit("main").on_trunk is None


def test_the_ci_is_asked_about_another_commit(repository: Repository) -> None:
    """A revision that is not the CI's own is looked up in the clone."""
    second = repository.commit("second")
    ci = repository.source(CIRCLE_SHA1=second, CIRCLE_BRANCH="main")
    assert ci.commit("main", repository.first).sha == repository.first
    assert ci.commit("main", second).sha == second


@pytest.mark.parametrize("name", ["main", "HEAD", "--help", "0123", "A" * 40])
def test_the_ci_names_no_commit(repository: Repository, name: str) -> None:
    """A CIRCLE_SHA1 that is no sha is refused before git sees it."""
    with pytest.raises(UsageError, match="CIRCLE_SHA1 is not a commit's hexadecimal name"):
        repository.source(CIRCLE_SHA1=name).commit("main")


def test_an_older_state_is_exported(repository: Repository, tmp_path: Path) -> None:
    """A file and a folder are copied as a commit has them, whatever the work tree holds, which stays as it is."""
    (repository.root / "chart/templates").mkdir(parents=True)
    first = repository.commit(
        "chart", **{"chart/Chart.yaml": "1", "chart/templates/a.yaml": "a", "[b].yaml": "b"}
    )
    repository.commit("later", **{"chart/Chart.yaml": "2", "[b].yaml": "c"})
    (repository.root / "chart/untracked").write_text("x")
    source = repository.source()
    chart = source.export(first, "chart", tmp_path / "1")
    assert chart is not None
    assert {str(path.relative_to(chart)) for path in chart.rglob("*.*")} == {"Chart.yaml", "templates/a.yaml"}
    assert (chart / "Chart.yaml").read_text() == "1"
    layer = source.export(first, "[b].yaml", tmp_path / "2")
    assert layer is not None
    assert layer.read_text() == "b"
    assert (repository.root / "chart/Chart.yaml").read_text() == "2"


def test_a_project_below_the_top_exports_its_own(repository: Repository, tmp_path: Path) -> None:
    """Paths are the project's, also where it is a folder of the repository."""
    (repository.root / "service").mkdir()
    sha = repository.commit("service", **{"service/base.yaml": "a", "base.yaml": "top"})
    layer = source(repository.root / "service").export(sha, "base.yaml", tmp_path / "1")
    assert layer is not None
    assert layer.read_text() == "a"


@pytest.mark.parametrize("path", ["missing", "../outside", "/etc/passwd", "", "--output=x"])
def test_nothing_to_export(repository: Repository, tmp_path: Path, path: str) -> None:
    """What the commit does not hold, a way out of it, and a commit that is not here are no copy."""
    into = tmp_path / "into"
    assert repository.source().export(repository.first, path, into) in {None, into}
    assert repository.source().export(OTHER, "app.py", into) is None
    assert repository.source().export("HEAD", "app.py", into) is None


def test_a_link_out_of_the_commit(repository: Repository, tmp_path: Path) -> None:
    """A chart that is a link to elsewhere is not taken for the commit's."""
    (repository.root / "chart").symlink_to("/etc")
    sha = repository.commit("link")
    assert repository.source().export(sha, "chart", tmp_path / "into") is None


def test_what_lies_between_two_commits(repository: Repository) -> None:
    """Newest first, with the time of each, without merges and without what stood already."""
    second = repository.commit("second", **{"app.py": "print(2)\n"})
    repository.git("checkout", "-q", "-b", "side", repository.first)
    side = repository.commit("side", **{"side.py": "1\n"})
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "side", "--message", "merge")
    third = repository.commit("third", **{"app.py": "print(3)\n"})
    found = repository.source().shipped(repository.first, third)
    assert found is not None
    assert found[0].commit == third
    assert {item.commit for item in found} == {second, side, third}
    assert {item.committed_at for item in found} == {datetime(2026, 3, 1, 12, tzinfo=UTC)}
    assert repository.source().shipped(third, repository.first) == ()
    assert repository.source().shipped(third, third) == ()


def test_what_lies_between_is_unknown_where_it_is_not_here(repository: Repository, tmp_path: Path) -> None:
    """Neither a commit of another repository nor a clone that was cut off makes a lead time of nothing."""
    second = repository.commit("second", **{"app.py": "print(2)\n"})
    third = repository.commit("third", **{"app.py": "print(3)\n"})
    assert repository.source().shipped(OTHER, third) is None
    assert repository.source().shipped("unknown", third) is None
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "2", f"file://{repository.root}", str(shallow))
    assert source(shallow).shipped(repository.first, third) is None
    known = source(shallow).shipped(second, third)
    assert known is not None
    assert [item.commit for item in known] == [third]


def test_a_part_of_a_repository_has_its_own_commits(repository: Repository) -> None:
    """What another service of the same repository changed is none of this one's."""
    (repository.root / "shop").mkdir()
    ours = repository.commit("ours", **{"shop/app.py": "1\n"})
    theirs = repository.commit("theirs", **{"app.py": "2\n"})
    found = source(repository.root / "shop").shipped(repository.first, theirs)
    assert found is not None
    assert [item.commit for item in found] == [ours]


def test_tags_are_told_oldest_first(repository: Repository) -> None:
    """Annotated ones with who made them and when, light ones with their commit's; what names no commit is no version."""
    repository.git("tag", "v1", repository.first)
    second = repository.commit("second", **{"app.py": "print(2)\n"})
    repository.git("tag", "--annotate", "v2", "--message", "the second")
    repository.git("tag", "other", second)
    repository.git("tag", "v-tree", f"{second}^{{tree}}")
    found = repository.source().tags("v*")
    assert [(tag.name, tag.commit) for tag in found] == [("v1", repository.first), ("v2", second)]
    assert {tag.made_at for tag in found} == {datetime(2026, 3, 1, 12, tzinfo=UTC)}
    assert [tag.made_by for tag in found] == ["Ada L\u00f6velace", "Ada"]
    assert repository.source().tags("w*") == ()
