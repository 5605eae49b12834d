"""Events: counted, combined, limited, forgotten."""

from __future__ import annotations

from tests.unit.rehearsal.controllers.world import World

POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {}}


def test_an_event_has_the_shape_of_a_real_one() -> None:
    """An event names its object, the part of it, its source and its times as the recorder of client-go does."""
    world = World()
    pod = world.create(POD)
    world.events.record(pod, "Normal", "Pulled", "Done", "kubelet", "spec.containers{app}", host="node-1")
    (event,) = world.all("Event")
    assert event["metadata"]["name"].startswith("web.")
    assert len(event["metadata"]["name"]) == len("web.18eaabed360cd522")
    assert event["involvedObject"] == {
        "kind": "Pod",
        "namespace": "default",
        "name": "web",
        "uid": pod["metadata"]["uid"],
        "apiVersion": "v1",
        "resourceVersion": pod["metadata"]["resourceVersion"],
        "fieldPath": "spec.containers{app}",
    }
    assert event["source"] == {"component": "kubelet", "host": "node-1"}
    assert event["firstTimestamp"] == event["lastTimestamp"] == "2026-03-01T12:00:00Z"
    assert (event["type"], event["count"], event["eventTime"]) == ("Normal", 1, None)


def test_an_event_of_the_newer_recorder_has_its_own_times() -> None:
    """An event with an action has an event time and a reporting component, and no first and last time."""
    world = World()
    world.events.record(
        world.create(POD), "Normal", "Scheduled", "m", "default-scheduler", action="Binding", host="h"
    )
    (event,) = world.all("Event")
    assert event["eventTime"] == "2026-03-01T12:00:00.000000Z"
    assert (event["source"], event["firstTimestamp"], event["action"]) == ({}, None, "Binding")
    assert event["reportingInstance"] == "default-scheduler-h"


def test_a_repeated_event_is_counted() -> None:
    """The same event again is one object with a higher count and a later last time."""
    world = World()
    pod = world.create(POD)
    for _ in range(3):
        world.events.record(pod, "Warning", "BackOff", "Back-off", "kubelet")
        world.clock.advance(10)
    (event,) = world.all("Event")
    assert (event["count"], event["lastTimestamp"]) == (3, "2026-03-01T12:00:20Z")


def test_many_alike_are_combined() -> None:
    """From the tenth message on, events that differ only in their messages are one event with the last of them."""
    world = World()
    pod = world.create(POD)
    for number in range(15):
        world.events.record(pod, "Warning", "FailedCreate", f"Error {number}", "kubelet")
    assert len(world.told()) == 10
    assert world.told()[-1] == ("FailedCreate", "(combined from similar events): Error 14", 6)


def test_a_flood_is_dropped() -> None:
    """One component can record 25 events about one object, then one every five minutes."""
    world = World()
    pod = world.create(POD)
    for _ in range(40):
        world.events.record(pod, "Warning", "BackOff", "Back-off", "kubelet")
    assert world.told() == [("BackOff", "Back-off", 25)]
    world.clock.advance(300)
    world.events.record(pod, "Warning", "BackOff", "Back-off", "kubelet")
    assert world.told() == [("BackOff", "Back-off", 26)]


def test_events_are_listed_as_they_happened() -> None:
    """The names of one object's events sort in the order in which they were recorded, even within a moment."""
    world = World()
    pod = world.create(POD)
    reasons = ["Scheduled", "Pulled", "Created", "Started"]
    for reason in reasons:
        world.events.record(pod, "Normal", reason, "m", "kubelet")
    assert [event["reason"] for event in world.all("Event")] == reasons


def test_old_events_go() -> None:
    """What was last recorded an hour ago is removed when something else happens."""
    world = World()
    pod = world.create(POD)
    world.events.record(pod, "Normal", "Old", "m", "kubelet")
    world.clock.advance(3600)
    world.events.record(pod, "Normal", "New", "m", "kubelet")
    assert [reason for reason, _, _ in world.told()] == ["New"]
