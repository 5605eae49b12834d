"""Where packages come from is read off the machine, in either of apt's notations."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from dev import debian
from dev.errors import DevError

needs_apt = pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs Debian's apt")


def test_a_stanza_offers_sources_too() -> None:
    text = "Types: deb\nURIs: http://mirror.test/debian\nSuites: stable\n\nTypes: deb\nURIs: http://b.test\n"
    assert debian._deb822(text).count("Types: deb deb-src\n") == 2


def test_a_line_gets_a_line_for_sources() -> None:
    text = "# deb no\ndeb [signed-by=/k.gpg] http://mirror.test/debian stable main\n"
    assert debian._one_line(text) == (
        "deb [signed-by=/k.gpg] http://mirror.test/debian stable main\n"
        "deb-src [signed-by=/k.gpg] http://mirror.test/debian stable main\n"
    )


def test_without_root_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(DevError, match="sudo apt-get install --no-install-recommends no-such-package-here"):
        debian.install("no-such-package-here")


@needs_apt
def test_an_installed_package_is_not_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    debian.install("coreutils", "dpkg")


@needs_apt
def test_a_package_unpacks_without_root() -> None:
    assert (debian.unpack("docker-registry") / "usr/bin/docker-registry").is_file()


@needs_apt
def test_a_program_that_is_not_installed_comes_out_of_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "shutil.which", lambda name: None if name == "docker-registry" else f"/usr/bin/{name}"
    )
    path = debian.program("docker-registry", "docker-registry")
    assert path == debian.unpack("docker-registry") / "usr/bin/docker-registry"


@needs_apt
def test_an_unknown_package_is_named(tmp_path: Path) -> None:
    with pytest.raises(DevError, match="Unable to locate package no-such-package-here"):
        debian._unpack("no-such-package-here", tmp_path)


@needs_apt
def test_lists_that_know_nothing_are_fetched_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUNKLINE_CACHE", str(tmp_path))
    for name in ("sources", "lists/partial", "cache/archives/partial"):
        (tmp_path / "debian/apt" / name).mkdir(parents=True)
    assert (debian.unpack("netbase") / "etc/protocols").is_file()
