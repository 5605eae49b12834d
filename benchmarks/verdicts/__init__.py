"""The same failing rollouts under Trunkline and under the tools that people use today, side by side.

For each: seconds from the moment in which the cause could be read from the API to the verdict, and the words that a
person gets. `python -m benchmarks verdicts` runs it on the cluster of `dev.cluster`.
"""

from benchmarks.verdicts.race import main

__all__ = ["main"]
