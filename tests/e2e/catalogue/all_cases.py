"""The catalogue: every case, the failing ones first."""

from __future__ import annotations

from tests.e2e.catalogue import (
    benign_cases,
    containers_cases,
    images_cases,
    objects_cases,
    placement_cases,
)

FAILING = (*images_cases.CASES, *containers_cases.CASES, *placement_cases.CASES, *objects_cases.CASES)
BENIGN = benign_cases.CASES
ALL = (*FAILING, *BENIGN)
