"""What is to be told of an attempt: one message for each sink that has a use for it."""

from __future__ import annotations

from trunkline.domain.attempts import Attempt, Deployment, Ending, Run
from trunkline.domain.measurements import measurements
from trunkline.domain.parcels import Message, Origin, Parcel, of_attempt
from trunkline.ports import World
from trunkline.ports.outbox import messages_for
from trunkline.run.announce import Voice


def messages(
    world: World,
    run: Run,
    attempt: Attempt,
    ending: Ending | None = None,
    deployment: Deployment | None = None,
) -> tuple[Message, ...]:
    """The messages about the beginning of an attempt, or its end. Never raises: measuring stops no deployment."""
    if not world.sinks:
        return ()
    try:
        return messages_for(world.sinks, _parcel(world, run, attempt, ending, deployment))
    except Exception as error:  # noqa: BLE001 - as the docstring says
        Voice(world, attempt).warn(f"This is not measured: a fault of Trunkline, {type(error).__name__}.")
        return ()


def _parcel(
    world: World, run: Run, attempt: Attempt, ending: Ending | None, deployment: Deployment | None
) -> Parcel:
    environments = world.project.environments
    origin = Origin(
        host=world.project.measure.host,
        environment=world.labels.environments.get(attempt.environment) or attempt.environment,
        last=bool(environments) and attempt.environment == environments[-1].name,
        link=world.labels.link,
        repository_url=world.repository_url(),
        team=world.project.measure.team,
    )
    measured = measurements(attempt, ending, world.labels, world.redactor)
    return of_attempt(run, attempt, origin, ending, deployment, measured)
