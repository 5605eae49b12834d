"""The build knows Kubernetes' own version, and which packages' types the API server serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from dev.cluster import build
from dev.errors import DevError


@pytest.mark.parametrize(
    ("debian", "upstream"),
    [
        ("1.20.5+really1.20.2-1.1+deb12u1", "v1.20.2"),
        ("1.31.4-1", "v1.31.4"),
        ("2:1.30.1+ds-1", "v1.30.1"),
    ],
)
def test_the_upstream_version_is_read_off_debians(debian: str, upstream: str) -> None:
    assert build._upstream(debian) == upstream


def test_an_unclear_version_is_an_error() -> None:
    with pytest.raises(DevError, match="whose upstream version is unclear"):
        build._upstream("unstable")


def test_packages_with_served_types_are_found(tmp_path: Path) -> None:
    files = {
        "pkg/apis/abac/types.go": "// +k8s:openapi-gen=true",
        "pkg/other/types.go": "package other",
        "staging/src/k8s.io/api/core/v1/doc.go": "// +k8s:openapi-gen=true",
        "staging/src/k8s.io/sample-apiserver/doc.go": "// +k8s:openapi-gen=true",
        "staging/src/k8s.io/api/core/v1/doc_test.go": "// +k8s:openapi-gen=true",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    assert build._openapi_packages(tmp_path) == [
        "k8s.io/kubernetes/pkg/apis/abac",
        "k8s.io/kubernetes/vendor/k8s.io/api/core/v1",
    ]
