"""A deploy image's Dockerfile and tag: the same for the same, another one for anything else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trunkline.config.deploy_image_settings import DeployImageSettings
from trunkline.errors import UsageError
from trunkline.plan.deploy_images import (
    DeployImage,
    Lock,
    LockedTool,
    deploy_image,
    helm_url,
    kubectl_url,
    read_lock,
)

SETTINGS = DeployImageSettings()
HELM = LockedTool("4.3.1", helm_url(SETTINGS), "a" * 64)
KUBECTL = LockedTool("1.37.1", kubectl_url(SETTINGS, "1.37.1"), "b" * 64)
LOCK = Lock(HELM, {"dev": KUBECTL, "prod": replace(KUBECTL, version="1.36.4", sha256="c" * 64)})


def image(
    environment: str = "dev",
    settings: DeployImageSettings = SETTINGS,
    lock: Lock = LOCK,
    wheel: tuple[str, str] | None = None,
) -> DeployImage:
    return deploy_image(settings, lock, environment, wheel)


def test_the_same_makes_the_same() -> None:
    """On every machine: nothing of the moment or the place is in it."""
    assert image() == image()
    assert image().tag.startswith("dev-")


@pytest.mark.parametrize(
    "other",
    [
        image("prod"),
        image(settings=replace(SETTINGS, base="quay.io/acme/python:3.12")),
        image(settings=replace(SETTINGS, trunkline="trunkline==9.9")),
        image(lock=Lock(HELM, {"dev": replace(KUBECTL, sha256="d" * 64)})),
        image(lock=Lock(replace(HELM, sha256="d" * 64), LOCK.kubectl)),
        image(wheel=("trunkline-1-py3-none-any.whl", "e" * 64)),
        image(wheel=("trunkline-1-py3-none-any.whl", "f" * 64)),
    ],
)
def test_anything_else_makes_another_tag(other: DeployImage) -> None:
    """Versions, sums, the base, the wheel: a tag stands for all that goes into its image."""
    assert other.tag != image().tag


def test_what_is_fetched_is_checked_and_nobody_is_root() -> None:
    """Before it is used, by its sum; and no secret has a place in it."""
    text = image().dockerfile
    for tool in (HELM, KUBECTL):
        assert f"{tool.url}" in text
        assert f"echo '{tool.sha256}  /tmp/" in text
    assert text.count("sha256sum -c -") == 2
    assert "USER 3434:3434" in text
    assert "ARG" not in text


def test_environments_share_their_beginning() -> None:
    """So that their common layers are made once: only kubectl and the labels are their own."""
    one, other = (
        image(name).dockerfile.split("FROM ")[3].split("COPY --from=kubectl")[0] for name in ("dev", "prod")
    )
    assert one == other


def test_a_lock_comes_back_as_it_was_written() -> None:
    """And what is none is told with the way to a new one."""
    assert read_lock(LOCK.dump()) == LOCK
    for text in ("", "[]", "{}", '{"helm": 3, "kubectl": {}}', "[" * 100_000):
        with pytest.raises(UsageError, match="cannot be read"):
            read_lock(text)


def test_a_lock_that_does_not_fit() -> None:
    """An environment that came later, and another version of Helm, ask for a new one."""
    with pytest.raises(UsageError, match="does not know kubectl of qa"):
        image("qa")
    with pytest.raises(UsageError, match=r"does not know Helm 4\.4\.0"):
        image(settings=replace(SETTINGS, helm="4.4.0"))
