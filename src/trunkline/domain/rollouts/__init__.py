"""The words of a rollout: what is awaited, what was seen, how far it is, and why it failed.

`domain.diagnosis` reads one from the other; `Judge` there gives the verdict.
"""

from trunkline.domain.rollouts.causes import Cause
from trunkline.domain.rollouts.manifests import awaited_in, images_of, selectors_of
from trunkline.domain.rollouts.words import Failure, KubernetesObject, Observation, Progress, Resource

__all__ = [
    "Cause",
    "Failure",
    "KubernetesObject",
    "Observation",
    "Progress",
    "Resource",
    "awaited_in",
    "images_of",
    "selectors_of",
]
