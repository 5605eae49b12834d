"""The cases of the catalogue that do not end on the simulated cluster as they do on real pods, and why."""

from __future__ import annotations

_NO_REGISTRY = "no registry is asked: only a scenario says that an image cannot be pulled"
_NO_PROGRAM = "no program runs: only a scenario says how one ends"
_NO_SHELL = "what a script does with files, or a probe finds out by a command, is not played"
_ADDRESS = "a LoadBalancer gets an address, unless its annotation says otherwise"
_NOT_YET = "the simulation falls short of the real cluster here"

DIFFERENT: dict[str, str] = {
    "tag-not-found": _NO_REGISTRY,
    "repository-not-found": _NO_REGISTRY,
    "pull-needs-login": _NO_REGISTRY,
    "pull-forbidden": _NO_REGISTRY,
    "registry-refuses-connections": _NO_REGISTRY,
    "registry-name-unknown": _NO_REGISTRY,
    "registry-answers-500": _NO_REGISTRY,
    "image-name-invalid": _NOT_YET,
    "segfault": _NO_PROGRAM,
    "out-of-memory": _NO_PROGRAM,
    "exec-format": _NO_PROGRAM,
    "other-architecture": _NO_PROGRAM,
    "command-not-found": _NO_PROGRAM,
    "command-not-executable": _NO_PROGRAM,
    "liveness": _NO_SHELL,
    "startup-probe": _NO_SHELL,
    "never-ready": _NO_SHELL,
    "taint": _NOT_YET,
    "host-port": _NOT_YET,
    "host-path-type": _NOT_YET,
    "csi-driver-missing": _NOT_YET,
    "load-balancer": _ADDRESS,
    "invalid-object": _NOT_YET,
    "hook-image-not-found": _NO_REGISTRY,
    "progress-deadline": _NO_REGISTRY,
    "stateful-second-pod": _NO_SHELL,
    "preempted": _NOT_YET,
    "autoscaler": _NOT_YET,
    "room-comes": _NO_SHELL,
    "claim-bound-late": _NOT_YET,
    "job-fails-once": _NO_SHELL,
    "hook-fails-once": _NO_SHELL,
}
