"""Fixtures that tests of several rooms share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """The kubeconfig of the real cluster that tests marked `cluster` run on."""
    path = os.environ.get("TRUNKLINE_TEST_KUBECONFIG")
    if not path:
        pytest.fail(
            "TRUNKLINE_TEST_KUBECONFIG names no cluster: run `make test-cluster`, or bring one up (docs)."
        )
    return Path(path)
