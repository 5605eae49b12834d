"""What has reached one environment and not yet another."""

from __future__ import annotations

from tests.unit.domain.delivery.history import at, deployed, sha
from trunkline.domain.attempts import Arrival
from trunkline.domain.delivery.drift import Standing, drift
from trunkline.domain.delivery.stories import Story, stories


def places(**deployments: list[Arrival]) -> dict[str, tuple[Story, ...]]:
    """Deployments by environment."""
    return {
        name: stories(item._replace(environment=name) for item in found)
        for name, found in deployments.items()
    }


def test_what_came_after_it_waits() -> None:
    """Commits that another environment got since it had this one's, with those that one deployment brought together."""
    found = drift(
        places(
            dev=[
                deployed("1", 1, "a", base=""),
                deployed("2", 2, "c", base="a", brought=[("c", 1.5), ("b", 1.2)]),
                deployed("3", 5, "d", base="c", brought=[("d", 4)]),
            ],
            prod=[deployed("4", 3, "a", base="")],
        )
    )
    assert found["prod"] == Standing(sha("a"), at(3), 3, at(2))
    assert found["dev"] == Standing(sha("d"), at(5))


def test_nothing_waits_where_nothing_is_known() -> None:
    """A commit that no other environment had says nothing of what came after it."""
    found = drift(places(dev=[deployed("1", 1, "a")], prod=[deployed("2", 2, "z")]))
    assert (found["prod"].waiting, found["dev"].waiting) == (0, 0)


def test_what_was_before_a_ledger_does_not_wait() -> None:
    """An environment that joined later lacks nothing of what lay before its first deployment."""
    found = drift(
        places(
            dev=[deployed("1", 1, "a", base=""), deployed("2", 2, "b", base="a", brought=[("b", 1)])],
            prod=[deployed("3", 3, "b", base="")],
        )
    )
    assert found["prod"].waiting == 0


def test_environments_are_in_the_order_of_the_commits() -> None:
    """Whoever mostly gets them first stands first, also when somebody went straight to production once."""
    found = places(
        prod=[deployed("1", 1, "a"), deployed("2", 9, "b"), deployed("3", 10, "c"), deployed("x", 12, "d")],
        dev=[deployed("4", 2, "a"), deployed("5", 3, "b"), deployed("6", 4, "c"), deployed("y", 4.5, "d")],
        qa=[deployed("7", 2.5, "a"), deployed("8", 5, "b"), deployed("9", 6, "c"), deployed("z", 7, "d")],
    )
    assert list(drift(found)) == ["dev", "qa", "prod"]
