"""What of an object may be shown."""

from __future__ import annotations

from typing import Any

import pytest

from trunkline.domain.disclosure import conceals, disclosed, disclosed_text, named_secret

SECRET = "swordfish-and-chips"


@pytest.mark.parametrize(
    ("kind", "path", "hidden"),
    [
        ("Secret", "data password", True),
        ("Secret", "stringData x", True),
        ("Secret", "type", False),
        ("Secret", "metadata labels data", False),
        ("Secret", "metadata annotations kubectl.kubernetes.io/last-applied-configuration", True),
        ("Deployment", "spec template metadata annotations checksum/secret", True),
        ("ConfigMap", "data app.ini", False),
        ("ConfigMap", "data DB_PASSWORD", True),
        ("ConfigMap", "data dbPassword", True),
        ("Deployment", "spec template spec containers web env API_TOKEN value", True),
        ("Deployment", "spec template spec containers web env API_TOKEN valueFrom secretKeyRef key", False),
        ("Deployment", "spec template spec containers web env COLOUR value", False),
        ("Deployment", "spec template spec volumes tls secret secretName", False),
        ("Deployment", "", False),
    ],
)
def test_conceals(kind: str, path: str, hidden: bool) -> None:
    """A Secret's values are secret, and what is named like one; the name of a Secret is not."""
    assert conceals(kind, path.split()) is hidden


@pytest.mark.parametrize(
    "name", ["password", "dbPassword", "db-password", "API_KEY", "client.secret", "authToken"]
)
def test_secret_names(name: str) -> None:
    """Every usual spelling of a secret's name is known."""
    assert named_secret(name)


@pytest.mark.parametrize(
    "text",
    [
        f"password = {SECRET}",
        f"db.password={SECRET}",
        f'{{"password": "{SECRET}"}}',
        f"--api-token={SECRET} --verbose",
        f"colour: blue\ndbPassword: {SECRET} and more",
        f"-----BEGIN RSA PRIVATE KEY-----\n{SECRET}\n-----END RSA PRIVATE KEY-----\n",
        f"-----BEGIN PRIVATE KEY-----\n{SECRET}",
    ],
)
def test_texts(text: str) -> None:
    """What a file or an argument assigns to a secret's name is not shown."""
    assert SECRET not in disclosed_text(text)


@pytest.mark.parametrize(
    "text",
    ["registry.example/team/auth:1.2", "token:abc", "auth:1.2@sha256:ab", "colour = blue", "no token here"],
)
def test_texts_that_hold_no_secret(text: str) -> None:
    """An image whose name sounds like a secret, and ordinary words, stay as they are."""
    assert disclosed_text(text) == text


@pytest.mark.parametrize(
    "value",
    [
        {"kind": "Secret", "data": {"a": SECRET}, "stringData": {"b": SECRET}},
        {"data": {"deep": {"deeper": [SECRET]}}},
    ],
)
def test_a_whole_secret(value: Any) -> None:
    """A Secret that is shown as a whole keeps its keys and loses its values."""
    shown = disclosed("Secret", (), value)
    assert SECRET not in str(shown)
    assert set(shown) == set(value)


def test_a_whole_container() -> None:
    """A container that is shown as a whole loses the values that are named like secrets."""
    container = {
        "name": "web",
        "env": [{"name": "DB_PASSWORD", "value": SECRET}, {"name": "A", "value": "1"}],
    }
    shown = disclosed("Deployment", ("spec", "template", "spec", "containers", "web"), container)
    assert SECRET not in str(shown)
    assert shown["env"][1] == {"name": "A", "value": "1"}
