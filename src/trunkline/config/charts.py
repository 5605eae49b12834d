"""Where a project's chart comes from, apart from all else of it: `trunkline charts` knows no project."""

from __future__ import annotations

from dataclasses import field

from trunkline.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ImageKeys:
    """The paths in the chart's values that take the image; an empty one is not set."""

    repository: str = "image.repository"
    tag: str = "image.tag"
    digest: str = "image.digest"


@dataclass(frozen=True, slots=True)
class ChartSettings:
    """Which chart: a directory or archive (`path`), or a `name` from a `repository`.

    Attributes:
        repository: `s3://`, `https://`, `oci://`, `git+https://`, or a directory that holds charts.
        version: exact, a range as Helm spells it, or empty for the newest.
        username: for the repository, with `password`; empty for what Docker's and AWS's files know.
        pass_credentials: whether other hosts that an index names get the login, too.
        keyring: a file of public keys, below the project's root; with one, a chart's provenance is verified.
    """

    path: str = ""
    name: str = ""
    repository: str = ""
    version: str = ""
    image_keys: ImageKeys = ImageKeys()
    username: str = ""
    password: str = field(default="", repr=False)
    pass_credentials: bool = False
    keyring: str = ""
