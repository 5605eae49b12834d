"""What a case of the catalogue is: a rollout, what happens meanwhile, and what Trunkline has to say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.e2e.catalogue.hands import Hands
from tests.e2e.catalogue.objects import Object
from trunkline.domain.rollouts import Cause

Deed = Callable[[Hands], None]


@dataclass(frozen=True, slots=True)
class Case:
    """One rollout on the real cluster.

    Attributes:
        name: what `pytest -k` takes.
        story: what happens, in a few words for the table.
        objects: what the release consists of.
        cause: the code of the failure; None where nothing may fail.
        says: words that the sentence must hold.
        evidence: words that the evidence must hold.
        advice: words that the advice must hold.
        before: what the release consisted of before, which was good; none for a first install.
        setting: what others have put into the namespace or the cluster before.
        prepare: what happens after the setting, before the release.
        meanwhile: what happens while Trunkline works; it has to end before Trunkline does.
        timeout_s: the environment's `timeout`.
        settle_s: its `settle`.
        patient: whether nothing is certain before the time is up.
    """

    name: str
    story: str
    objects: tuple[Object, ...]
    cause: Cause | None = None
    says: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    advice: str = ""
    before: tuple[Object, ...] = ()
    setting: tuple[Object, ...] = ()
    prepare: Deed | None = None
    meanwhile: Deed | None = None
    timeout_s: int = 90
    settle_s: int = 4
    patient: bool = False
