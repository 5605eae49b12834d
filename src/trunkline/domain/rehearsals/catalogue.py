"""The scenarios that come with Trunkline: one of each failure, with what a good pipeline makes of it."""

from __future__ import annotations

from trunkline.domain.rehearsals.scenarios import Ending, Expectation, Scenario, What
from trunkline.domain.rollouts import Cause

_COMES_THROUGH = Expectation(Ending.DELIVERED)


def _stopped(*causes: Cause) -> Expectation:
    return Expectation(Ending.STOPPED, tuple(cause.value for cause in causes))


_ALL = (
    Scenario("image-missing", What.IMAGE_MISSING, "The tag was never pushed.", expect=_stopped(Cause.IMAGE_NOT_FOUND)),
    Scenario("image-refused", What.IMAGE_REFUSED, "The pull secret has no right to the repository.", expect=_stopped(Cause.IMAGE_DENIED)),
    Scenario("registry-away", What.REGISTRY_AWAY, "The registry does not answer.", expect=_stopped(Cause.REGISTRY_UNREACHABLE)),
    Scenario("crash-loop", What.CRASH_LOOP, "The new version ends right after its start.", expect=_stopped(Cause.CRASH_LOOP)),
    Scenario("out-of-memory", What.OUT_OF_MEMORY, "The new version needs more memory than it may have.", expect=_stopped(Cause.OUT_OF_MEMORY)),
    Scenario("configuration-missing", What.CONFIGURATION_MISSING, "A ConfigMap that the new version needs was never made.", expect=_stopped(Cause.CONFIGURATION)),
    Scenario("init-failing", What.INIT_FAILING, "An init container cannot do its work.", expect=_stopped(Cause.INIT_CRASH)),
    Scenario("never-ready", What.NEVER_READY, "The new version runs and never answers its readiness probe.",
             expect=_stopped(Cause.NEVER_READY, Cause.TIMED_OUT, Cause.PROGRESS_DEADLINE)),
    Scenario("ready-then-failing", What.READY_THEN_FAILING, "The new version answers, and ends a moment later.",
             expect=_stopped(Cause.CRASH_LOOP, Cause.UNSTABLE, Cause.SOAK_FAILED)),
    Scenario("slow-start", What.SLOW_START, "The new version takes its time, and is good then.", expect=_COMES_THROUGH),
    Scenario("unschedulable", What.UNSCHEDULABLE, "No node has room for the new pods.",
             expect=_stopped(Cause.NO_ROOM, Cause.UNSCHEDULABLE, Cause.TAINTED, Cause.NO_MATCHING_NODE)),
    Scenario("quota-exceeded", What.QUOTA_EXCEEDED, "The namespace's quota has no room for the new pods.", expect=_stopped(Cause.QUOTA)),
    Scenario("admission-denied", What.ADMISSION_DENIED, "An admission webhook refuses the new version.", expect=_stopped(Cause.ADMISSION)),
    Scenario("node-lost", What.NODE_LOST, "A node is away for a while in the middle of the rollout.", expect=_COMES_THROUGH),
    Scenario("api-refusing", What.API_REFUSING, "The API server answers with errors for a while.", expect=_COMES_THROUGH),
    Scenario("api-slow", What.API_SLOW, "The API server takes its time.", expect=_COMES_THROUGH),
    Scenario("api-restarting", What.API_RESTARTING, "The API server is away for a moment in the middle of the rollout.", expect=_COMES_THROUGH),
    Scenario("watch-cut", What.WATCH_CUT, "All watches break off in the middle of the rollout.", expect=_COMES_THROUGH),
    Scenario("helm-killed", What.HELM_KILLED, "Helm is killed half-way.", expect=_stopped(Cause.HELM_FAILED)),
)  # fmt: skip

SHIPPED = {scenario.name: scenario for scenario in _ALL}
"""By name."""
