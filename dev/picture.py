"""``python -m dev.picture``: runs the demo in a terminal and keeps what it showed as docs/images/demo.svg.

What stands in the picture is what a person saw of the second half, the commit that fails in QA; only the image
builder's own lines are left out, which would make it three times as long.
"""

from __future__ import annotations

import io
import os
import pty
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dev.errors import DevError, exit_code

_PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "demo.svg"
_WIDTH = 118
_CHUNK = 65536
_OUTPUT = re.compile(r"^\s*(\x1b\[\d+m)?\| ")
_BUILT = re.compile(r"^\s*(building|pushed) ")
_FIRST = ": its tests pass, dev has"
_LAST = "=== What Datadog was sent"


def main() -> int:
    """Run the demo and write the picture."""
    lines = _seen([sys.executable, "-m", "dev.demo"])
    first = next((number for number, line in enumerate(lines) if _FIRST in line), None)
    last = next((number for number, line in enumerate(lines) if line.startswith(_LAST)), None)
    if first is None or last is None:
        raise DevError("the demo did not get to its end; run `make demo` and look.")
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    building = False
    for line in lines[first:last]:
        if (edge := _BUILT.match(line)) is not None:
            building = edge[1] == "building"
        if not (building and _OUTPUT.match(line)):
            console.print(Text.from_ansi(line), soft_wrap=False, overflow="ellipsis", no_wrap=True)
    _PICTURE.parent.mkdir(parents=True, exist_ok=True)
    console.save_svg(str(_PICTURE), title="make demo", unique_id="demo")
    print(_PICTURE)
    return 0


def _seen(argv: list[str]) -> list[str]:
    """What a program shows on a terminal, line by line."""
    os.environ["COLUMNS"] = str(_WIDTH)
    shown = io.BytesIO()

    def read(descriptor: int) -> bytes:
        chunk = os.read(descriptor, _CHUNK)
        shown.write(chunk)
        return chunk

    pty.spawn(argv, read)
    return shown.getvalue().decode("utf-8", "replace").replace("\r", "").splitlines()


if __name__ == "__main__":
    sys.exit(exit_code(main))
