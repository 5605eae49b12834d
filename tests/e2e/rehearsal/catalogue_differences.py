"""The cases of the catalogue that do not end on the simulated cluster as they do on real pods, and why."""

from __future__ import annotations

_NEWER = (
    "a newer kubelet is played, which restarts at once what fails its startup probe; that of 1.20 often waits"
)
_NOT_YET = "the simulation falls short of the real cluster here"

DIFFERENT: dict[str, str] = {
    "startup-probe": _NEWER,
    "taint": _NOT_YET,
    "invalid-object": _NOT_YET,
}
