"""Services lead to pods that are ready and stay."""

from __future__ import annotations

from tests.unit.rehearsal.played import played


def test_a_pod_that_ends_gets_no_questions() -> None:
    """From the moment on that a pod is deleted its Service leads elsewhere, however long the pod still runs."""
    with played() as world:
        world.pod(
            {
                "containers": [
                    {"name": "main", "image": "registry.example/web:1", "command": ["sleep", "3600"]}
                ],
                "terminationGracePeriodSeconds": 30,
            }
        )
        service = {
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
        }
        world.create("", "Service", service)
        world.run(5)
        assert world.cluster.stubs.reach_service("default", "web", "80") is not None
        world.cluster.registry.delete(world.kind("", "Pod"), "default", "web")
        world.settle()
        assert world.get("", "Pod", "web") is not None
        assert world.cluster.stubs.reach_service("default", "web", "80") is None
