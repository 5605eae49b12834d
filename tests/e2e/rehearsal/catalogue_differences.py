"""The cases of the catalogue that do not end on the simulated cluster as they do on real pods, and why."""

from __future__ import annotations

_NEWER = (
    "a newer kubelet is played, which restarts at once what fails its startup probe; that of 1.20 often waits"
)
_TAINTS_FIRST = (
    "a newer scheduler is played, which looks at taints before labels; of what 1.20 says the cause is plainer"
)

DIFFERENT: dict[str, str] = {
    "startup-probe": _NEWER,
    "taint": _TAINTS_FIRST,
}
