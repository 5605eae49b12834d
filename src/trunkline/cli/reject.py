"""`trunkline reject`."""

from __future__ import annotations

from trunkline.cli.decisions import decision_command
from trunkline.domain.attempts import Decision

command = decision_command("reject", Decision.REJECTED, "Say no to a run's deployment to an environment.")
