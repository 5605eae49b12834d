"""Bills of materials by the real syft, of an image in a real registry."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from dev import tools
from dev.registry import Registry
from tests.contract.oci_push import MANIFEST, Pusher
from trunkline.adapters.process import SubprocessProcesses
from trunkline.adapters.syft import Syft
from trunkline.config.project import ImageSettings
from trunkline.domain.images import ImageReference, parse_image
from trunkline.domain.logins import Login
from trunkline.domain.redaction import Redactor
from trunkline.errors import Unreachable
from trunkline.ports import Command, Completed

USER, PASSWORD = "acme+ci", "p4ss-word!"
METADATA = "Metadata-Version: 2.1\nName: payments\nVersion: 1.2.3\n"


class Recorder(SubprocessProcesses):
    """The real processes; `argv` is all that was started."""

    argv: tuple[str, ...] = ()

    def run(self, command: Command, *rest: object) -> Completed:
        self.argv = command.argv
        return super().run(command, *rest)  # type: ignore[arg-type]  # as above


def with_package(server: Registry) -> ImageReference:
    """An image in which one Python package is installed."""
    pusher = Pusher(server.url, "acme/api", (USER, PASSWORD))
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        member = tarfile.TarInfo("usr/lib/python3/dist-packages/payments-1.2.3.dist-info/METADATA")
        member.size = len(METADATA)
        archive.addfile(member, io.BytesIO(METADATA.encode()))
    content = layer.getvalue()
    digest = pusher.blob(content)
    config = {"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": [digest]}}
    raw = json.dumps(config).encode()
    kind = "application/vnd.oci.image"
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": f"{kind}.config.v1+json", "size": len(raw), "digest": pusher.blob(raw)},
        "layers": [{"mediaType": f"{kind}.layer.v1.tar", "size": len(content), "digest": digest}],
    }
    found = pusher.manifest("one", MANIFEST, manifest)
    return parse_image(f"{server.host}/acme/api").with_digest(found)


def syft(login: Login | None, path: Path | None = None) -> tuple[Syft, Recorder]:
    found = str(path or tools.path("syft").parent)
    processes = Recorder({**os.environ, "PATH": f"{found}{os.pathsep}/usr/bin:/bin"}, Redactor([PASSWORD]))
    return Syft(processes, lambda *_: login), processes


def test_what_an_image_is_made_of() -> None:
    """The document names the package that is in the image; the password is in no argument."""
    with Registry(username=USER, password=PASSWORD) as server:
        image = with_package(server)
        made, processes = syft(Login(USER, PASSWORD))
        assert made.trouble() == ""
        document = made.list(image, ImageSettings(image))
    content = json.loads(document.content)
    assert document.media_type == "application/spdx+json"
    assert content["spdxVersion"].startswith("SPDX-")
    assert ("payments", "1.2.3") in {(item["name"], item.get("versionInfo")) for item in content["packages"]}
    assert document.count == len(content["packages"])
    assert PASSWORD not in " ".join(processes.argv)


def test_an_image_that_cannot_be_read() -> None:
    """An image that is not shown to us is exit code 7, without the password."""
    with Registry(username=USER, password=PASSWORD) as server:
        image = with_package(server)
        with pytest.raises(Unreachable, match="cannot be listed: ") as caught:
            syft(Login(USER, "wr0ng-word"))[0].list(image, ImageSettings(image))
    assert "wr0ng-word" not in str(caught.value)


def test_syft_is_not_there(tmp_path: Path) -> None:
    """Where it is not installed, that is its trouble."""
    assert syft(None, tmp_path)[0].trouble() == "syft is not installed"


@pytest.mark.parametrize("said", ["", "[]", "{}", "[" * 100_000])
def test_a_document_that_is_none(tmp_path: Path, said: str) -> None:
    """What is no SPDX document is not attached."""
    program = tmp_path / "syft"
    (tmp_path / "said").write_text(said)
    program.write_text(f"#!/bin/sh\ncat {tmp_path}/said\n")
    program.chmod(0o755)
    image = parse_image("quay.io/acme/api").with_digest("sha256:" + "1" * 64)
    with pytest.raises(Unreachable, match="syft wrote no SPDX document"):
        syft(None, tmp_path)[0].list(image, ImageSettings(image))
