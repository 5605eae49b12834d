"""A strict stand-in for Quay on loopback: what the real one refuses it refuses, in the real one's words.

python -m tests.fakes.quay --scenario queued-then-scanned    serve; the first lines printed say where, and as whom
"""

from tests.fakes.quay.accounts import Robot, Token
from tests.fakes.quay.scenarios_read import Scenario, Step, scenario
from tests.fakes.quay.server import Quay, Seen

__all__ = ["Quay", "Robot", "Scenario", "Seen", "Step", "Token", "scenario"]
