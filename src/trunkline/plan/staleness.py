"""Whether a deployment would take an environment back to an older commit that nobody asked for.

A CI runs jobs again, releases queues late and lets people approve in any order. Git's own history decides; where it
is not here (a shallow clone), the number of the CI's pipeline does.
"""

from __future__ import annotations

from trunkline.config.project import Environment
from trunkline.domain.commits import SHORT_LENGTH
from trunkline.domain.releases import History, Marks
from trunkline.errors import Overtaken


def standing_marks(history: History) -> Marks | None:
    """What runs now, whoever deployed it; None where nothing of ours does."""
    return history.marks(history.current) if history.current else None


def check_not_overtaken(
    environment: Environment, history: History, wanted: Marks, *, precedes: bool | None
) -> str:
    """A note where nobody can tell which commit is newer; empty where the deployment goes forward.

    Args:
        environment: where it goes.
        history: what stands there.
        wanted: what is to be deployed.
        precedes: whether git knows it as an ancestor of what stands; None where git cannot tell.

    Raises:
        Overtaken: what stands is newer.
    """
    stands, current = standing_marks(history), history.current
    if stands is None or current is None or stands.commit == wanted.commit:
        return ""
    short, newer = wanted.commit[:SHORT_LENGTH], stands.commit[:SHORT_LENGTH]
    if precedes is None:
        if not (stands.pipeline.isdigit() and wanted.pipeline.isdigit()):
            return (
                f"whether {short} is newer than {newer}, which stands, cannot be told from here:"
                " the clone lacks the history between them"
            )
        if int(wanted.pipeline) >= int(stands.pipeline):
            return ""
        why = f"pipeline {stands.pipeline} is newer than {wanted.pipeline}"
    elif precedes:
        why = f"{short} is an ancestor of it"
    else:
        return ""
    raise Overtaken(
        f"{environment.name} runs {newer} already, which {stands.actor or 'somebody'} deployed on"
        f" {current.updated_at:%Y-%m-%d %H:%M} UTC: {why}.",
        f"Nothing has to be done. To go back on purpose: trunkline rollback {environment.name}",
    )
