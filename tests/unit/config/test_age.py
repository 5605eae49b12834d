"""A file that is for a newer Trunkline is told as that, and as nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from trunkline import __version__
from trunkline.config.load import read_project
from trunkline.errors import ConfigurationError

GOOD = (
    "version: 1\nservice: shop\nimage: {repository: quay.io/acme/shop}\nchart: {path: chart}\n"
    "environments: {dev: {namespace: shop}}\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            GOOD.replace("version: 1", "version: 2") + "sails: up\n",
            "t.yaml:1:10: version: this file is of format 2, and",
        ),
        (
            f"{GOOD}requires: 99.0.0\nsails: up\n",
            "t.yaml:6:11: requires: this file asks for Trunkline 99.0.0, and",
        ),
    ],
)
def test_a_newer_file(text: str, told: str) -> None:
    """One sentence with the way out, and no list of what this version does not understand."""
    with pytest.raises(ConfigurationError) as refused:
        read_project(text.encode(), "t.yaml", Path("/"), {})
    [mistake] = refused.value.mistakes
    assert mistake.startswith(told)
    assert "upgrade Trunkline" in mistake


def test_a_file_that_this_version_understands() -> None:
    """It may ask for this very version; what is no version at all is a mistake like others."""
    read_project(f"{GOOD}requires: {__version__}\n".encode(), "t.yaml", Path("/"), {})
    with pytest.raises(ConfigurationError) as refused:
        read_project(f"{GOOD}requires: soon\nsails: up\n".encode(), "t.yaml", Path("/"), {})
    assert len(refused.value.mistakes) == 2
