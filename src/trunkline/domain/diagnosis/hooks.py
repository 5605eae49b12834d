"""Helm's hooks while Helm still waits for them: what can no longer succeed."""

from __future__ import annotations

from trunkline.domain.diagnosis.judge import findings
from trunkline.domain.diagnosis.look import Look
from trunkline.domain.rollouts.causes import Cause
from trunkline.domain.rollouts.words import Failure, Observation


def hook_failures(observation: Observation) -> tuple[Failure, ...]:
    """What is certain to fail of the hooks in an observation: a pod that cannot start with its own cause, else `HOOK_FAILED`.

    One look cannot tell what mends itself; a `Judge` that sees one look after another can.
    """
    if observation.trouble:
        return ()
    certain = [item.failure for item in findings(Look(observation)) if not item.grace_s]
    return tuple(
        failure
        for failure in certain
        if failure.cause is not Cause.HOOK_FAILED or not _is_told(failure, certain)
    )


def _is_told(failure: Failure, among: list[Failure]) -> bool:
    """Whether a closer cause of the same hook is among these."""
    return any(other.resource == failure.resource and other.cause is not Cause.HOOK_FAILED for other in among)
