"""Charts and values from git: at a branch, a tag or a commit, without running anything of the repository."""

from __future__ import annotations

import contextlib
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.processes import FakeProcesses
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.storage import FileStorage, Reach
from trunkline.adapters.storage.git import GitFolder, GitLogin
from trunkline.config.project import ChartSettings
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable, UsageError
from trunkline.ports import Command

NOWHERE = Path("/nonexistent")


class Repository:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "--quiet", "--initial-branch", "main")

    def git(self, *arguments: str) -> str:
        named = (
            "-c",
            "user.name=Test",
            "-c",
            "user.email=test@example.com",
            "-c",
            "protocol.file.allow=always",
        )
        argv = ["git", *named, *arguments]
        done = subprocess.run(argv, cwd=self.root, check=True, capture_output=True, text=True, timeout=30)
        return done.stdout.strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", "a change")
        return self.git("rev-parse", "HEAD")

    def address(self, folder: str = "values", ref: str = "main") -> str:
        return f"git+file://{self.root}//{folder}?ref={ref}"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "origin")


@pytest.fixture(params=["kept", "thrown away"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> FileStorage:
    """One that keeps repositories in a cache, and one that does not."""
    cache = str(tmp_path / "cache") if request.param == "kept" else "off"
    return a_storage(cache)


def a_storage(cache: str) -> FileStorage:
    processes = SubprocessProcesses(dict(os.environ), Redactor())

    def nothing() -> Any:
        raise AssertionError

    reach = Reach(nothing, nothing, lambda: processes)
    return FileStorage({"TRUNKLINE_CACHE": cache}, Redactor(), NOWHERE, reach)


def test_a_layer_at_a_branch(repository: Repository, storage: FileStorage, tmp_path: Path) -> None:
    """A layer is what the branch holds now, and its version is the commit, which brings the same bytes back later."""
    first = repository.commit({"values/base.yaml": "a: 1\n"})
    fetched = storage.fetch(repository.address(), "base.yaml", tmp_path / "1")
    assert (fetched.path.read_text(), fetched.version) == ("a: 1\n", first)
    second = repository.commit({"values/base.yaml": "a: 2\n"})
    later = a_storage(str(tmp_path / "cache")).fetch(repository.address(), "base.yaml", tmp_path / "2")
    assert (later.path.read_text(), later.version) == ("a: 2\n", second)
    again = storage.fetch(repository.address(), "base.yaml", tmp_path / "3", version=first)
    assert (again.path.read_text(), again.version) == ("a: 1\n", first)


def test_one_command_sees_one_commit(repository: Repository, storage: FileStorage, tmp_path: Path) -> None:
    """Layers of one release come from one commit, whatever is pushed meanwhile."""
    repository.commit({"values/base.yaml": "a: 1\n", "values/prod.yaml": "b: 1\n"})
    base = storage.fetch(repository.address(), "base.yaml", tmp_path)
    repository.commit({"values/prod.yaml": "b: 2\n"})
    prod = storage.fetch(repository.address(), "prod.yaml", tmp_path)
    assert (prod.path.read_text(), prod.version) == ("b: 1\n", base.version)


def test_tags_and_commits(repository: Repository, storage: FileStorage, tmp_path: Path) -> None:
    """A tag, a whole commit and nothing at all are places to look at, too."""
    first = repository.commit({"values/base.yaml": "a: 1\n"})
    repository.git("tag", "--annotate", "v1", "--message", "one")
    repository.commit({"values/base.yaml": "a: 2\n"})
    for ref, text in (("v1", "a: 1\n"), (first, "a: 1\n"), ("HEAD", "a: 2\n")):
        fetched = storage.fetch(repository.address(ref=ref), "base.yaml", tmp_path / ref)
        assert fetched.path.read_text() == text


def test_an_unpacked_chart(repository: Repository, storage: FileStorage, tmp_path: Path) -> None:
    """A chart that lies in the repository as a folder is copied as the commit has it."""
    repository.commit(
        {"charts/own/Chart.yaml": "name: own\nversion: 1.2.0\n", "charts/own/templates/a.yaml": "a"}
    )
    for folder in ("charts", "charts/"):
        settings = ChartSettings(name="own", repository=repository.address(folder))
        found = storage.chart(settings, tmp_path / "into")
        assert found.path.is_relative_to(tmp_path / "into")
        assert (found.path / "templates/a.yaml").read_text() == "a"


def test_nothing_of_it_is_run(repository: Repository, storage: FileStorage, tmp_path: Path) -> None:
    """No hook, filter or submodule of the repository or of the person's configuration does anything."""
    witness = tmp_path / "witness"
    repository.commit({
        "values/base.yaml": "a: 1\n",
        ".gitattributes": "*.yaml filter=evil\n",
        ".gitmodules": '[submodule "x"]\n path = x\n url = /nonexistent\n',
    })  # fmt: skip
    hook = repository.root / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {witness}\n")
    hook.chmod(0o755)
    assert storage.fetch(repository.address(), "base.yaml", tmp_path / "into").path.read_text() == "a: 1\n"
    assert not witness.exists()


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("link.yaml", UsageError, "is a link"),
        ("large.yaml", UsageError, "is kept in Git LFS"),
        ("missing.yaml", UsageError, "There is no git\\+file"),
        ("folder", UsageError, "There is no git\\+file"),
        ("../origin/.git/config", UsageError, "is no name of a values file"),
    ],
)
def test_what_is_no_layer(
    repository: Repository,
    storage: FileStorage,
    tmp_path: Path,
    name: str,
    kind: type[Exception],
    message: str,
) -> None:
    """A link, a pointer to a large file, a folder and what is not there are each a sentence with the address."""
    (repository.root / "values/folder").mkdir(parents=True)
    (repository.root / "values/link.yaml").symlink_to("/etc/passwd")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    repository.commit({"values/large.yaml": pointer, "values/folder/x": ""})
    with pytest.raises(kind, match=message):
        storage.fetch(repository.address(), name, tmp_path / "into")
    assert not (tmp_path / "into").exists()


@pytest.mark.parametrize(
    ("ref", "folder", "message"),
    [
        ("gone", "values", "cannot be read: couldn't find remote ref gone"),
        ("f" * 40, "values", "cannot be read: "),
        ("main", "elsewhere", "There is no folder git"),
    ],
)
def test_what_is_not_there(
    repository: Repository, storage: FileStorage, ref: str, folder: str, message: str
) -> None:
    """A branch, a commit or a folder that is not there is a mistake, in git's words where they help."""
    repository.commit({"values/base.yaml": "a: 1\n"})
    with pytest.raises(UsageError, match=message):
        storage.check(repository.address(folder, ref))


def test_no_repository_there(storage: FileStorage, tmp_path: Path) -> None:
    """An address where no repository is says so."""
    with pytest.raises(UsageError, match="does not appear to be a git repository"):
        storage.check(f"git+file://{tmp_path}/missing.git//values?ref=main")


@pytest.mark.parametrize(
    "location",
    [
        "git+https://user:pass@host/repo.git//values",
        "git+https://user@host/repo.git//values",
        "git+http://host/repo.git//values",
        "git+https://host/repo.git//../..?ref=main",
        "git+https://host/repo.git//values?ref=-x",
        "git+https://host/repo.git//values?ref=a..b",
        "git+https://host/repo.git//values?ref=a&ref=b",
        "git+https://host/repo.git//values?other=a",
        "git+https://",
    ],
)
def test_addresses_that_are_refused(storage: FileStorage, location: str) -> None:
    """An address with a login, without TLS, with a way out or an option in it is refused before git is called."""
    with pytest.raises(UsageError) as caught:
        storage.check(location)
    assert "pass@" not in str(caught.value)


def test_a_login_is_no_argument(tmp_path: Path) -> None:
    """A password goes to git by the environment alone, and git asks nobody for another one."""
    asked: list[Command] = []

    def answer(command: Command) -> Exception:
        asked.append(command)
        return TimeoutError()

    place = GitFolder(
        "git+https://host/repo.git//values",
        FakeProcesses(answer, "git"),
        {},
        None,
        tmp_path,
        GitLogin("ada", "s3cret"),
    )
    with pytest.raises(Unreachable, match="git did not end within"):
        place.read("base.yaml")
    [command] = asked
    assert "s3cret" not in " ".join(command.argv) + repr(command)
    assert command.environment["TRUNKLINE_GIT_PASSWORD"] == "s3cret"
    assert command.environment["GIT_TERMINAL_PROMPT"] == "0"


@given(st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_address(text: str) -> None:
    """Whatever follows the scheme, it is an address or a sentence."""
    with contextlib.suppress(UsageError):
        GitFolder(f"git+https://{text}", FakeProcesses(AssertionError), {}, None, NOWHERE)


def test_a_chart_tells_its_commit(repository: Repository, storage: FileStorage, tmp_path: Path) -> None:
    """A chart says which commit it is of, and is had again at that commit after the branch went on."""
    first = repository.commit({"charts/own/Chart.yaml": "name: own\nversion: 1.2.0\n"})
    settings = ChartSettings(name="own", repository=repository.address("charts"))
    assert storage.chart(settings, tmp_path / "1").commit == first
    repository.commit({"charts/own/Chart.yaml": "name: own\nversion: 1.3.0\n"})
    then = ChartSettings(name="own", repository=repository.address("charts", first))
    again = storage.chart(then, tmp_path / "2")
    assert again.commit == first
    assert "1.2.0" in (again.path / "Chart.yaml").read_text()
