"""From observations of a rollout to a verdict: pure functions over Kubernetes' own objects (parsed JSON)."""

from trunkline.domain.diagnosis.judge import Judge, Verdict, new_pods, progress

__all__ = ["Judge", "Verdict", "new_pods", "progress"]
