"""Which images of a repository nobody needs: a plan from facts, which errs on the side of keeping.

A registry removes by digest, and with it all its tags; so it is decided for digests. Only images all of whose tags are
those of commits are ever candidates: a tag that somebody gave (`latest`, `v1.2`) has a meaning that we do not know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from trunkline.dataclass import dataclass
from trunkline.expressions import expression

_COMMIT_TAG = expression(r"[0-9a-f]{7}(?:-dirty-[0-9a-f]{8})?")


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of one digest.

    Attributes:
        tags: all of its tags.
        created: when it was built; None where that cannot be told.
        parts: the digests of an index's images, and of what is filed beside them.
    """

    digest: str
    tags: tuple[str, ...]
    created: datetime | None = None
    size: int = 0
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one digest; `kept` says why it stays, and is empty for what goes."""

    image: Candidate
    kept: tuple[str, ...] = ()


def is_commit_tag(tag: str) -> bool:
    """Whether a tag is one that a commit's image gets."""
    return _COMMIT_TAG.fullmatch(tag) is not None


def plan_pruning(
    images: Sequence[Candidate],
    needed: Mapping[str, Collection[str]],
    now: datetime,
    *,
    keep: int,
    older_than: timedelta,
) -> tuple[Verdict, ...]:
    """What goes and what stays, newest first.

    Args:
        images: everything that has a tag.
        needed: who needs what, by digest or by tag: `prod runs it`, `qa could return to it`.
        now: the moment.
        keep: so many of the newest stay in any case.
        older_than: younger ones stay.
    """
    ordered = sorted(
        images, key=lambda image: (image.created is not None, image.created or now), reverse=True
    )
    dated = [image.digest for image in ordered if image.created is not None]
    newest = set(dated[: max(keep, 0)])
    reasons = {image.digest: _reasons(image, needed, now, older_than) for image in ordered}
    for image in ordered:
        if image.digest in newest:
            reasons[image.digest].append(f"one of the newest {keep}")
    _keep_parts(ordered, reasons)
    return tuple(Verdict(image, tuple(reasons[image.digest])) for image in ordered)


def _keep_parts(ordered: Sequence[Candidate], reasons: Mapping[str, list[str]]) -> None:
    """A part of a kept index is needed by it, whatever tags it has itself; and an index may be part of another one."""
    by_digest = {image.digest: image for image in ordered}
    kept = [image for image in ordered if reasons[image.digest]]
    done: set[str] = set()
    while kept:
        image = kept.pop(0)
        if image.digest in done:
            continue
        done.add(image.digest)
        for part in image.parts:
            if part in by_digest:
                reasons[part].append(f"a part of {image.tags[0] if image.tags else image.digest}")
                kept.append(by_digest[part])


def _reasons(
    image: Candidate, needed: Mapping[str, Collection[str]], now: datetime, older_than: timedelta
) -> list[str]:
    found = [reason for name in (image.digest, *image.tags, *image.parts) for reason in needed.get(name, ())]
    others = [tag for tag in image.tags if not is_commit_tag(tag)]
    if others:
        found.append(f"has the tag {others[0]}")
    if image.created is None:
        found.append("does not tell its age")
    elif now - image.created < older_than:
        found.append("is too young")
    return list(dict.fromkeys(found))
