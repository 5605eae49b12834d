"""Our dataclasses behave as the standard library's do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, field, replace
from typing import Any

import pytest

from trunkline.dataclass import dataclass

STANDARD: Any = dataclasses.dataclass
OURS: Any = dataclass


@dataclass(frozen=True, slots=True)
class Shipped:
    """Something that pickle finds by its name."""

    name: str
    tags: tuple[str, ...] = ()


def frozen(decorator: Any) -> Any:
    """A frozen class with each kind of field."""

    @decorator(frozen=True, slots=True)
    class Release:
        """A release."""

        name: str
        revision: int = 1
        secret: str = field(default="", repr=False)
        note: str = field(default="", compare=False)
        labels: dict[str, str] = field(default_factory=dict, hash=False)

    return Release


def changeable(decorator: Any) -> Any:
    """A class whose fields change, with one that it makes itself."""

    @decorator(slots=True)
    class Loop:
        """A loop."""

        name: str
        queue: list[int] = field(default_factory=list)
        turns: int = field(default=0, init=False)
        shown: str = field(init=False)

        def __post_init__(self) -> None:
            self.shown = self.name.upper()

    return Loop


def with_methods_of_its_own(decorator: Any) -> Any:
    """A class that says itself how it is shown and compared, and keeps something back."""

    @decorator(frozen=True)
    class Image:
        """An image."""

        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self))

        def __hash__(self) -> int:
            return 7

    return Image


def outcome(act: Callable[[], Any]) -> object:
    """What an act gives, or how it is refused."""
    try:
        return act()
    except (TypeError, FrozenInstanceError, AttributeError) as error:
        return type(error), str(error).split(".")[-1]


ACTS: dict[str, Callable[[Any], Any]] = {
    "shown": lambda made: repr(made("a", 2, secret="s", labels={"k": "v"})),
    "equal": lambda made: made("a", note="x") == made("a", note="y"),
    "unequal": lambda made: made("a") == made("b"),
    "another class": lambda made: made("a") == ("a",),
    "hash": lambda made: hash(made("a", labels={"k": "v"})) == hash(made("a")),
    "defaults": lambda made: made("a").labels is not made("a").labels,
    "assigned": lambda made: outcome(lambda: setattr(made("a"), "name", "b")),
    "deleted": lambda made: outcome(lambda: delattr(made("a"), "name")),
    "replaced": lambda made: repr(replace(made("a"), revision=3)),
    "copied": lambda made: copy.copy(made("a", 4)) == copy.deepcopy(made("a", 4)) == made("a", 4),
    "too few": outcome,
    "unknown": lambda made: outcome(lambda: made("a", colour="red")),
    "matched": lambda made: made.__match_args__,
    "fields": lambda made: [item.name for item in dataclasses.fields(made)],
    "dictionary": lambda made: dataclasses.asdict(made("a", labels={"k": "v"})),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_frozen_class_is_as_the_standard_one(act: Callable[[Any], Any]) -> None:
    """Whatever is done with it, in the same words."""
    expected = act(frozen(STANDARD))
    ours = act(frozen(OURS))
    if isinstance(ours, str):
        expected, ours = expected.split("Release")[-1], ours.split("Release")[-1]
    assert ours == expected


def test_the_second_object_is_made_as_the_first() -> None:
    """The first call writes the method, and the next ones use it."""
    made = frozen(OURS)
    assert repr(made("a")).endswith("(name='a', revision=1, note='', labels={})")
    assert made("b").name == "b"
    assert made("b") == made("b")
    assert len({made("c"), made("c"), made("d")}) == 2


def test_a_changeable_class_is_as_the_standard_one() -> None:
    """With fields that are no argument, and what follows on its making."""
    for decorator in (STANDARD, OURS):
        made = changeable(decorator)("loop")
        made.turns += 1
        made.queue.append(2)
        assert repr(made).endswith("Loop(name='loop', queue=[2], turns=1, shown='LOOP')")
        assert made != changeable(decorator)("loop")
        assert made == copy.copy(made)
        with pytest.raises(TypeError, match="unhashable"):
            hash(made)


def test_methods_of_a_class_stay() -> None:
    """Nothing is written over what the class says itself."""
    for decorator in (STANDARD, OURS):
        made = with_methods_of_its_own(decorator)
        assert repr(made("a")) == "<a>"
        assert made("a") == made("b")
        assert hash(made("a")) == 7


def test_an_object_survives_pickle() -> None:
    """Frozen and with slots as it is."""
    assert pickle.loads(pickle.dumps(Shipped("a", ("b",)))) == Shipped("a", ("b",))
