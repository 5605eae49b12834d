"""Whether the gate's word lets an image into an environment: asked of the ledger, no scanner needed."""

from __future__ import annotations

from trunkline.config.project import Environment
from trunkline.domain.durations import format_duration
from trunkline.domain.gates import GateOutcome
from trunkline.domain.images import ImageReference
from trunkline.errors import RefusedByGate
from trunkline.ports import World

CAUSE = "vulnerabilities"


def check_gate(world: World, environment: Environment, image: ImageReference) -> None:
    """Refuse what the gate has not let pass, where an environment asks for its word.

    Raises:
        RefusedByGate: it was never asked about this digest, refused it, or its word is too old.
    """
    if not environment.gate_max_age_s:
        return
    ask = f"Have it looked at (trunkline gate {image}), then deploy again."
    known = world.ledger.gates(digest=image.digest, limit=1) if image.digest else ()
    if not known:
        raise RefusedByGate(
            f"{environment.name} takes no image that the gate has not seen, and the ledger has no word on {image}.",
            ask,
        )
    (word,) = known
    if word.outcome is GateOutcome.REFUSED:
        raise RefusedByGate(f"The gate refused {image}: {word.summary}", ask)
    age_s = word.age_s(world.clock.now())
    if age_s > environment.gate_max_age_s:
        raise RefusedByGate(
            f"The gate's word on {image} is {format_duration(age_s)} old, and {environment.name} takes none that is "
            f"older than {format_duration(environment.gate_max_age_s)}.",
            ask,
        )
