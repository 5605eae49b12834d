"""What was deployed before Trunkline came: from the tags of a repository, and from what clusters still know.

Each record gets an identifier that follows from what it is about, so that an import can be repeated; what the ledger
knows already from a deployment of its own is left alone. How long it took, nobody knows any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime

from trunkline.app.changes import brought
from trunkline.app.needs import facts_of
from trunkline.config.project import Environment
from trunkline.dataclass import dataclass
from trunkline.domain.attempts import Attempt, Deployment, Ending, Kind, Outcome, Run, Stage
from trunkline.domain.commits import is_sha
from trunkline.domain.ledger_lines import LedgerRecord
from trunkline.domain.releases import History, Revision
from trunkline.errors import UsageError
from trunkline.plan.pipeline import find_environment
from trunkline.ports import World
from trunkline.ports.ledger import Added

_ALL = 2**62


@dataclass(frozen=True, slots=True)
class _Past:
    """A deployment of the past, from wherever.

    Attributes:
        reason: why it failed; empty for one that stood.
    """

    key: str
    commit: str
    at: datetime
    actor: str
    image: str = ""
    revision: int = 0
    kind: Kind = Kind.RELEASE
    reason: str = ""
    changes: str = ""


def import_tags(world: World, name: str, pattern: str) -> Added:
    """Take each tag that `pattern` names for a deployment to an environment, at the time of the tag.

    Raises:
        UsageError: no such environment; no such tag. Unreachable: the ledger cannot be written.
    """
    environment = find_environment(world.project, name)
    tags = world.source.tags(pattern)
    if not tags:
        raise UsageError(
            f"There is no tag {pattern!r} in this repository.",
            "Correct the pattern, or fetch the tags: git fetch --tags",
        )
    known = {item.commit for item in _own(world, environment)}
    past, base = [], ""
    for tag in tags:
        if tag.commit not in known:
            changes = brought(world, base, tag.commit).dump()
            past.append(_Past(f"tag {tag.name}", tag.commit, tag.made_at, tag.made_by, changes=changes))
        base = tag.commit
    return _add(world, [(environment, item) for item in past])


def import_releases(world: World, names: tuple[str, ...] = ()) -> Added:
    """Take in the revisions that Helm still has of each environment's release, or of those that are named.

    Raises:
        UsageError: no such environment. Unreachable: a cluster does not answer, the ledger cannot be written.
    """
    chosen = [find_environment(world.project, name) for name in names] or list(world.project.environments)
    found: list[tuple[Environment, _Past]] = []
    for environment in chosen:
        history = facts_of(world, environment).history
        known = {(item.revision, item.commit) for item in _own(world, environment)}
        found += [
            (environment, item) for item in _revisions(history) if (item.revision, item.commit) not in known
        ]
    return _add(world, found)


def _add(world: World, found: list[tuple[Environment, _Past]]) -> Added:
    """Write down what was not taken in before: what is known of it may have grown since, what is written may not."""
    service = world.project.service
    before = {record.attempt.id for record in world.ledger.attempts(service=service, limit=_ALL)}
    records = [list(_records(world, environment, item)) for environment, item in found]
    new = [those for those in records if _name_of(those) not in before]
    world.ledger.add(record for those in new for record in those)
    return Added(sum(map(len, new)), sum(map(len, records)) - sum(map(len, new)))


def _name_of(records: list[LedgerRecord]) -> str:
    return next(record.id for record in records if isinstance(record, Run))


def _own(world: World, environment: Environment) -> Iterator[Deployment]:
    """What the ledger knows of a deployment of its own."""
    for item in world.ledger.deployments(
        service=world.project.service, environment=environment.name, limit=_ALL
    ):
        if not item.id.startswith(_PREFIX):
            yield item


def _revisions(history: History) -> Iterator[_Past]:
    stood = {item.number for item in history.stood}
    for item in history.revisions:
        if item.pending or item.removed:
            continue
        marks = history.marks(item)
        yield _Past(
            key=f"revision {item.number} {item.updated_at.isoformat()}",
            # Others than Trunkline do not say what they deployed; no two such revisions are the same commit.
            commit=marks.commit if marks and is_sha(marks.commit) else f"revision-{item.number}",
            at=item.updated_at,
            actor=(marks.actor if marks else "") or "helm",
            image=marks.image if marks else "",
            revision=item.number,
            kind=_kind(item, marks.kind if marks else ""),
            reason="" if item.number in stood else item.description or item.status,
        )


def _kind(revision: Revision, marked: str) -> Kind:
    # Such a revision bears the marks of the one that it went back to.
    if revision.description.startswith("Rollback to "):
        return Kind.ROLLBACK
    return Kind(marked) if marked in set(Kind) else Kind.RELEASE


_PREFIX = "import-"


def _records(world: World, environment: Environment, past: _Past) -> Iterator[LedgerRecord]:
    service = world.project.service
    about = "\0".join((service, environment.name, str(environment.target), past.key, past.commit))
    name = _PREFIX + hashlib.sha256(about.encode()).hexdigest()[:20]
    yield Run(name, service, past.commit, "", past.actor, past.at)
    yield Attempt(
        id=name,
        run_id=name,
        service=service,
        stage=Stage.DEPLOY,
        commit=past.commit,
        actor=past.actor,
        started_at=past.at,
        environment=environment.name,
        image=past.image,
        release=environment.release,
        kind=past.kind,
    )
    outcome = Outcome.FAILED if past.reason else Outcome.SUCCEEDED
    yield Ending(name, past.at, outcome, past.reason, revision=past.revision)
    if not past.reason:
        yield Deployment(
            id=name,
            attempt_id=name,
            run_id=name,
            service=service,
            environment=environment.name,
            commit=past.commit,
            image=past.image,
            digest="",
            release=str(environment.target),
            revision=past.revision,
            kind=past.kind,
            actor=past.actor,
            deployed_at=past.at,
            changes=past.changes,
        )
