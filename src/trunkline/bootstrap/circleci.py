"""Who asks CircleCI: with whose token, at which host, and of which project."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from trunkline.errors import UsageError
from trunkline.expressions import expression
from trunkline.ports import TlsSettings

if TYPE_CHECKING:
    from trunkline.ports import World
    from trunkline.ports.workflows import Workflows

# The first is what CircleCI's own command line reads.
_TOKENS = ("CIRCLECI_CLI_TOKEN", "CIRCLE_TOKEN")
_HOST = "https://circleci.com"
_SLUG = expression(r"(?:gh|github|bb|bitbucket|circleci)/[^/\s]+/[^/\s]+")
_REMOTE = expression(r".*?(github\.com|bitbucket\.org)[:/](?:\d+/)?([^/]+)/([^/]+?)(?:\.git)?/?")
_SYSTEMS = {"github.com": "gh", "bitbucket.org": "bb"}


def has_token(environ: Mapping[str, str]) -> bool:
    """Whether CircleCI can be asked."""
    return any(environ.get(name) for name in _TOKENS)


def workflows_of(world: World, slug: str, environ: Mapping[str, str]) -> Workflows:
    """The workflows of a project on CircleCI.

    Args:
        world: knows the repository's address, and learns the token.
        slug: the project; empty for the one whose repository this is.
        environ: has the token, and the host where it is a server of one's own.

    Raises:
        UsageError: there is no token, or nobody knows which project it is.
    """
    token = next((environ[name] for name in _TOKENS if environ.get(name)), "")
    if not token:
        raise UsageError(
            "CircleCI is not asked without a token.",
            "Make a personal API token in CircleCI's user settings, and set CIRCLE_TOKEN to it.",
        )
    world.redactor.learn(token)
    from trunkline.adapters.circleci import CircleWorkflows  # noqa: PLC0415 - most commands do not ask it
    from trunkline.adapters.circleci.client import CircleClient  # noqa: PLC0415 - as above

    host = environ.get("CIRCLECI_CLI_HOST", "") or _HOST
    if not host.startswith(("https://", "http://")):
        host = f"https://{host}"
    client = CircleClient(world.http(TlsSettings()), world.clock, token, host)
    return CircleWorkflows(client, world.clock, slug_of(slug, environ, world.source.remote))


def slug_of(slug: str, environ: Mapping[str, str], remote: Callable[[], str]) -> str:
    """The project's slug: what is written, what CircleCI's own variables say, or what the repository's address says.

    Raises:
        UsageError: none of them does, or it is none.
    """
    if slug:
        if not _SLUG.fullmatch(slug):
            raise UsageError(
                f"{slug!r} is no project of CircleCI.", "Write it as gh/ORGANISATION/REPOSITORY."
            )
        return slug
    for address in (environ.get("CIRCLE_REPOSITORY_URL", ""), remote()):
        if found := _REMOTE.fullmatch(address):
            return f"{_SYSTEMS[found[1]]}/{found[2]}/{found[3]}"
    raise UsageError(
        "Nothing here says which project of CircleCI this is.",
        "Name it with --project gh/ORGANISATION/REPOSITORY.",
    )
