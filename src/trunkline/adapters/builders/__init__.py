"""Builds images with what is installed: Docker, Podman or Buildah, each through its own command line."""

from trunkline.adapters.builders.choice import choose_builder
from trunkline.adapters.builders.containers import BuildahBuilder, PodmanBuilder
from trunkline.adapters.builders.docker import DockerBuilder

__all__ = ["BuildahBuilder", "DockerBuilder", "PodmanBuilder", "choose_builder"]
