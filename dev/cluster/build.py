"""Owns the building of Kubernetes' servers from Debian's source package, once per version.

Debian ships kubectl alone as a binary package, but its source package carries the whole tree with
``vendor/``, which Debian's Go compiles without a network.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from dev import cache, debian
from dev.errors import DevError
from dev.process import run
from dev.progress import Progress

PACKAGES = ("golang-go", "dpkg-dev", "gcc", "libc6-dev")
SERVERS = ("kube-apiserver", "kube-controller-manager", "kubelet", "kube-scheduler", "kube-proxy")

# Another number makes every machine build anew.
_RECIPE = 3

# What is changed in the source: file, before, after, each place once.
_CHANGES = (
    # A pod whose image cannot be pulled leaves when its sandbox is collected. In this version that is up to a
    # minute after it should; in those since, at once. Tests of failing releases delete many of these.
    (
        "pkg/kubelet/kubelet.go",
        "ContainerGCPeriod = time.Minute",
        "ContainerGCPeriod = 2 * time.Second",
    ),
    # This library calls into Go's runtime, which has another signature since Go 1.18: without these, the API server
    # writes to a random place, and dies, when it encodes a custom resource.
    (
        "vendor/github.com/modern-go/reflect2/unsafe_link.go",
        "func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer) *hiter",
        "func mapiterinit(rtype unsafe.Pointer, m unsafe.Pointer, it *hiter)",
    ),
    (
        "vendor/github.com/modern-go/reflect2/unsafe_link.go",
        "// rest fields are ignored",
        "pointers [6]unsafe.Pointer; numbers [6]uintptr",
    ),
    (
        "vendor/github.com/modern-go/reflect2/unsafe_map.go",
        "return &UnsafeMapIterator{\n\t\thiter:      mapiterinit(type2.rtype, *(*unsafe.Pointer)(obj)),",
        "it := &hiter{}\n\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), it)\n\treturn &UnsafeMapIterator{\n\t\thiter: it,",
    ),
)

_MODULE = "k8s.io/kubernetes"
_OPENAPI = "pkg/generated/openapi"
# Their API types belong to sample programs, and openapi-gen would fail on what they leave out.
_NOT_SERVED = ("sample-apiserver", "code-generator", "/examples/", "/test/", "/testdata/", "_test.go")


def kubernetes(progress: Progress) -> Path:
    """The folder of the servers' binaries and of ``pause``, built if this version is not there yet."""
    built = sorted((cache.root() / "kubernetes").glob(f"v*-{_RECIPE}/pause"))
    if built:
        # Asking the package source which version is newest needs a network; a built one does not.
        return built[-1].parent
    upstream = _upstream(debian.source_version("kubernetes"))
    return cache.folder(f"kubernetes/{upstream}-{_RECIPE}", lambda work: _build(upstream, work, progress))


def _upstream(debian_version: str) -> str:
    """Kubernetes' own version in a Debian one: ``1.20.5+really1.20.2-1.1`` is v1.20.2."""
    found = re.search(r"(?:\+really|^(?:\d+:)?)(\d+\.\d+\.\d+)(?!.*\+really)", debian_version)
    if found is None:
        raise DevError(
            f"Debian's kubernetes source is {debian_version}, whose upstream version is unclear: see dev/cluster/build.py."
        )
    return f"v{found[1]}"


def _build(version: str, work: Path, progress: Progress) -> None:
    debian.install(*PACKAGES)
    scratch = work / "scratch"
    scratch.mkdir()
    with progress.step(f"Fetching the source of Kubernetes {version}"):
        tree = _tree(scratch)
    _change(tree)
    env = _go_environment(scratch)
    with progress.step("Generating the API's OpenAPI definitions"):
        _generate_openapi(tree, env)
    for server in SERVERS:
        with progress.step(f"Building {server} (once for this version)"):
            run(
                [
                    _go(),
                    "build",
                    "-trimpath",
                    "-ldflags",
                    _ldflags(version),
                    "-o",
                    work / server,
                    f"./cmd/{server}",
                ],
                cwd=tree,
                env=env,
            )
    with progress.step("Building pause"):
        source = tree / "build/pause/linux/pause.c"
        run(["gcc", "-Os", "-Wall", "-static", "-DVERSION=trunkline-dev", "-o", work / "pause", source])
    _remove(scratch)


def _tree(scratch: Path) -> Path:
    """The source tree at the place in a GOPATH where its imports expect it."""
    unpacked = scratch / "source"
    unpacked.mkdir()
    tree = scratch / "go/src" / _MODULE
    tree.parent.mkdir(parents=True)
    debian.source("kubernetes", unpacked).rename(tree)
    return tree


def _change(tree: Path) -> None:
    for name, before, after in _CHANGES:
        path = tree / name
        text = path.read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise DevError(f"{name} has no single `{before}`: Kubernetes changed, see dev/cluster/build.py.")
        path.write_text(text.replace(before, after), encoding="utf-8")


def _go() -> Path:
    """Debian's Go, which the source package is known to build with; another one may be first on PATH."""
    go = Path("/usr/bin/go")
    if not go.exists():
        raise DevError("Debian's Go is not at /usr/bin/go: install the package golang-go.")
    return go


def _go_environment(scratch: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(scratch),
        "GOPATH": str(scratch / "go"),
        "GOCACHE": str(scratch / "go-build"),
        "GO111MODULE": "off",
        "CGO_ENABLED": "0",
        # The compiler spends a fifth of its time collecting garbage that its end would free anyway.
        "GOGC": "400",
    }


def _ldflags(version: str) -> str:
    """Stamp the version: unstamped servers say v0.0.0, and charts with a ``kubeVersion`` refuse them."""
    major, minor, _ = version.removeprefix("v").split(".")
    component = f"{_MODULE}/vendor/k8s.io/component-base/version"
    client = f"{_MODULE}/vendor/k8s.io/client-go/pkg/version"
    stamps = {
        f"{component}.gitVersion": version,
        f"{component}.gitMajor": major,
        f"{component}.gitMinor": minor,
        f"{client}.gitVersion": version,
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in stamps.items())])


def _generate_openapi(tree: Path, env: dict[str, str]) -> None:
    """Write the one generated file that the source package lacks and the API server needs."""
    generator = tree.parents[3] / "openapi-gen"
    run([_go(), "build", "-o", generator, "./vendor/k8s.io/kube-openapi/cmd/openapi-gen"], cwd=tree, env=env)
    header = tree / "no-header.txt"
    header.touch()
    run(
        [
            generator,
            "--go-header-file",
            header,
            "--input-dirs",
            ",".join(_openapi_packages(tree)),
            "--output-base",
            tree.parents[1],
            "--output-package",
            f"{_MODULE}/{_OPENAPI}",
            "-O",
            "zz_generated.openapi",
            "--report-filename",
            tree.parents[3] / "violations.txt",
        ],
        cwd=tree,
        env=env,
    )


def _openapi_packages(tree: Path) -> list[str]:
    """Every package whose types the API server serves, as Go spells its import path."""
    folders = set()
    for top in (tree / "pkg", tree / "staging/src/k8s.io"):
        for path in top.rglob("*.go"):
            name = str(path.relative_to(tree))
            if any(part in f"/{name}" for part in _NOT_SERVED):
                continue
            if b"+k8s:openapi-gen=" in path.read_bytes():
                folders.add(str(path.parent.relative_to(tree)))
    return sorted(f"{_MODULE}/{folder.replace('staging/src/', 'vendor/', 1)}" for folder in folders)


def _remove(scratch: Path) -> None:
    """Delete what only the build needed; Go writes some of it read-only."""
    run(["chmod", "-R", "u+w", scratch])
    shutil.rmtree(scratch)
