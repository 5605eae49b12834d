"""What Docker's and Podman's credential files say, and private copies of them."""

from __future__ import annotations

import base64
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trunkline.domain.logins import (
    Helper,
    Login,
    containers_auth_for,
    credential_files,
    docker_config_for,
    find_login,
    helper_login,
    parse_credentials,
    server_name,
)


def encoded(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


@pytest.mark.parametrize("key", ["quay.io", "https://quay.io", "https://quay.io/v1/", "https://quay.io/v2"])
def test_a_registry_is_found_in_all_its_spellings(key: str) -> None:
    """Docker wrote registries with and without scheme and version over the years; all are the same."""
    content = {"auths": {key: encoded("ci", "a:b")}}
    assert find_login(content, "quay.io", "acme/api") == Login("ci", "a:b")


def test_docker_hub_has_a_name_of_its_own() -> None:
    """The hub's login stands under the address of its old index."""
    content = {"auths": {"https://index.docker.io/v1/": encoded("ci", "pw")}}
    assert find_login(content, "docker.io", "library/python") == Login("ci", "pw")
    assert server_name("docker.io") == "https://index.docker.io/v1/"


def test_the_most_specific_entry_wins() -> None:
    """Podman's files may hold a login for one repository of a registry."""
    content = {"auths": {"quay.io": encoded("all", "pw"), "quay.io/acme": encoded("acme", "pw")}}
    assert find_login(content, "quay.io", "acme/api") == Login("acme", "pw")
    assert find_login(content, "quay.io", "other/api") == Login("all", "pw")


def test_a_helper_for_the_registry_comes_before_the_store() -> None:
    """`credHelpers` names a program for one registry, `credsStore` one for all others."""
    content = {
        "credsStore": "desktop",
        "credHelpers": {"quay.io": "quay", "ghcr.io": ""},
        "auths": {"quay.io": {}},
    }
    assert find_login(content, "quay.io") == Helper("quay", "quay.io")
    assert find_login(content, "docker.io") == Helper("desktop", "https://index.docker.io/v1/")
    assert find_login(content, "ghcr.io") is None


def test_a_broken_entry_is_told_without_its_content() -> None:
    """An entry that is no base64 of a login is an error that names the registry alone."""
    with pytest.raises(ValueError, match=r"its entry for .* is not the base64") as caught:
        find_login({"auths": {"quay.io": {"auth": "cGxhaW4tc2VjcmV0"}}}, "quay.io")
    assert "cGxhaW4tc2VjcmV0" not in str(caught.value)


def test_an_identity_token_is_a_login() -> None:
    """A token, in a file or from a helper, comes instead of a password."""
    assert find_login({"auths": {"x.io": {"identitytoken": "t0ken"}}}, "x.io") == Login(
        identity_token="t0ken"
    )
    assert helper_login('{"Username": "<token>", "Secret": "t0ken"}') == Login(identity_token="t0ken")
    assert helper_login('{"Username": "ci", "Secret": "pw"}') == Login("ci", "pw")
    assert helper_login("credentials not found") is None


def test_a_password_is_never_shown() -> None:
    """A login's readable form has no secret in it."""
    assert "pw" not in repr(Login("ci", "pw", "pw"))


def test_a_private_docker_configuration_keeps_the_rest() -> None:
    """Only where the login of this registry goes is changed: into the file, whatever store is set."""
    content = {
        "auths": {"x.io": {}},
        "credsStore": "desktop",
        "credHelpers": {"y.io": "y"},
        "currentContext": "ci",
    }
    private = docker_config_for(content, "docker.io")
    assert {**private, "credHelpers": {}} == {**content, "credHelpers": {}}
    assert private["credHelpers"] == {
        "y.io": "y",
        "docker.io": "",
        "index.docker.io": "",
        "registry-1.docker.io": "",
        "https://index.docker.io/v1/": "",
    }


def test_a_private_podman_file_is_made_of_all() -> None:
    """Earlier files win, empty entries are left out, and no helper stands in the way of the login."""
    merged = containers_auth_for(
        [
            {"auths": {"a.io": encoded("one", "pw"), "b.io": {}}, "credHelpers": {"quay.io": "q"}},
            {"auths": {"a.io": encoded("two", "pw")}, "credHelpers": {"c.io": "c"}},
        ],
        "quay.io",
    )
    assert merged == {"auths": {"a.io": encoded("one", "pw")}, "credHelpers": {"c.io": "c"}}


def test_the_files_are_looked_for_where_the_tools_keep_them() -> None:
    """`REGISTRY_AUTH_FILE` alone where it is set, else Docker's and Podman's places."""
    home = Path("/home/me")
    assert credential_files({"REGISTRY_AUTH_FILE": "/x/auth.json"}, home, 7) == (Path("/x/auth.json"),)
    assert credential_files({}, home, 7) == (
        home / ".docker/config.json",
        Path("/run/containers/7/auth.json"),
        home / ".config/containers/auth.json",
    )
    chosen = {"DOCKER_CONFIG": "/d", "XDG_RUNTIME_DIR": "/r", "XDG_CONFIG_HOME": "/c"}
    assert credential_files(chosen, home, 7) == (
        Path("/d/config.json"),
        Path("/r/containers/auth.json"),
        Path("/c/containers/auth.json"),
    )


@pytest.mark.parametrize("text", ["[]", "nope", "[" * 100_000])
def test_what_is_no_credential_file_is_refused(text: str) -> None:
    """A file that is no JSON object is a `ValueError`, however deep it is nested."""
    with pytest.raises(ValueError):  # noqa: PT011 - json's own message is not ours to fix
        parse_credentials(text)


json_values = st.recursive(
    st.none() | st.booleans() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["auths", "credHelpers", "credsStore"]), json_values))
def test_no_shape_of_a_file_breaks_the_search(content: dict[str, object]) -> None:
    """Files are written by other programs: whatever JSON they hold, there is a login, or none, or a ValueError."""
    with contextlib.suppress(ValueError):
        assert isinstance(find_login(content, "quay.io", "acme/api"), Login | Helper | None)
    docker_config_for(content, "quay.io")
    containers_auth_for([content], "quay.io")
