"""From observations of a rollout to a verdict: pure functions over Kubernetes' own objects (parsed JSON).

`Judge` decides about a rollout, `SoakJudge` about the time after it, `hook_failures` about Helm's hooks. The rules
are sorted by what they read: `images`, `starts`, `crashes`, `scheduling`, `volumes` and `creation` about pods, `kinds` about
objects without any; `progress` tells people how far it is, `overdue` what was missing when the time was up.
"""

from trunkline.domain.diagnosis.hooks import hook_failures
from trunkline.domain.diagnosis.judge import Judge, Verdict
from trunkline.domain.diagnosis.logs import with_log
from trunkline.domain.diagnosis.progress import progress
from trunkline.domain.diagnosis.revisions import held_up, new_pods
from trunkline.domain.diagnosis.soak import SoakJudge

__all__ = ["Judge", "SoakJudge", "Verdict", "held_up", "hook_failures", "new_pods", "progress", "with_log"]
