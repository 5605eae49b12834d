"""A git remote as an address that a person can open: no login in it, and no SSH."""

from __future__ import annotations

from trunkline.expressions import expression

_SCP = expression(r"(?:[\w.-]+@)?([\w.-]+):(?!//)/?(.+)")
_SSH = expression(r"(?:ssh|git\+ssh|git)://(?:[^@/]*@)?([\w.-]+)(?::\d+)?/(.+)")
_WEB = expression(r"(https?)://(?:[^@/]*@)?([^/@]+)/(.+)")


def without_login(remote: str) -> str:
    """`https://host/path`, without `.git`; empty for a path on this machine, and for what is no address at all."""
    remote = remote.strip()
    if found := _WEB.fullmatch(remote):
        scheme, host, path = found.groups()
    elif found := _SSH.fullmatch(remote) or ("://" not in remote and _SCP.fullmatch(remote)) or None:
        scheme, (host, path) = "https", found.groups()
    else:
        return ""
    return f"{scheme}://{host}/{path.rstrip('/').removesuffix('.git')}"
