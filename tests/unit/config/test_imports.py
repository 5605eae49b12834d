"""What loading this room costs."""

from __future__ import annotations

import subprocess
import sys


def test_nothing_heavy_is_imported_before_a_file_is_read() -> None:
    """Looking for a file, and the contract without one, load neither the schema nor a YAML reader."""
    script = (
        "import sys, trunkline.config.contract, trunkline.config.json_schema, trunkline.config.load; "
        "print(sorted({'trunkline.config.schema', 'trunkline.config.kinds', 'yaml'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
